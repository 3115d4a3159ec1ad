"""HTTP on uvicorn, with limits that uvicorn itself does not have."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.metrics import LIMIT_VIOLATIONS
from gateway.server.request_head import HEAD_TIMEOUT_S, MAX_HEAD_BYTES

REST_TIMEOUT_S = 10.0
"""How long a client may continue to send a request that was already answered."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. `ConnectionProtocol` has read the first head; later heads, and the rest of a
    body after its response, are bounded in bytes and time here."""

    def __init__(self, config: Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self._head_bytes = 0
        self._is_in_head = self._is_in_request = False
        self._deadline: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            LIMIT_VIOLATIONS.add(label_value="head")
            self.transport.abort()
        elif self._deadline is None:
            self._set_deadline(HEAD_TIMEOUT_S)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = self._is_in_request = True
        self._head_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > 2 * MAX_HEAD_BYTES:  # counted in `data_received` and here
            raise ValueError("the head is too large")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._clear_deadline()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_request = False
        self._clear_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_in_request:
            self._set_deadline(REST_TIMEOUT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        super().connection_lost(exc)

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._time_out)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _time_out(self) -> None:
        LIMIT_VIOLATIONS.add(label_value="head_time")
        self.transport.abort()


def http_config(app: Any, upgrade: Any) -> Config:
    """uvicorn's configuration for `HttpProtocol`. `upgrade` makes the protocol of a connection that
    asks for a WebSocket after other requests."""
    config = Config(
        app,
        http="httptools",
        ws=upgrade,
        interface="asgi3",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        timeout_keep_alive=75,
    )
    config.load()
    return config
