"""A client's WebSocket to a gateway over a faulty network."""

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.simulation.faults import Faults
from tests.simulation.gateway import SimGateway
from tests.simulation.loop import Process


class SimSocket:
    """A client's WebSocket: frames arrive in order, delayed, or not at all once it is cut."""

    def __init__(
        self,
        gateway: SimGateway,
        network: Process,
        rng: Random,
        faults: Faults,
        on_frame: Callable[[bytes], None],
        on_close: Callable[[int], None],
    ) -> None:
        self.is_open = True
        self._gateway = gateway
        self._network = network
        self._rng = rng
        self._faults = faults
        self._on_frame = on_frame
        self._on_close = on_close
        self._to_gateway: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._to_client: deque[bytes | int] = deque()
        self._in_transit: deque[dict[str, Any]] = deque()
        self._slow_until = 0.0
        gateway.sockets[self] = None

    def start(self, path: str, token: str | None, query: dict[str, Any]) -> None:
        """Open a socket."""
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": urlencode(query).encode(),
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 40_000),
            "subprotocols": [] if token is None else ["bearer", token],
        }
        self._to_gateway.put_nowait({"type": "websocket.connect"})
        self._network.later(self._delay(), self._serve, scope)

    def _serve(self, scope: dict[str, Any]) -> None:
        if self.is_open and self._gateway.process.alive:
            served = self._gateway.serve(scope, self._to_gateway.get, self._send)
            served.add_done_callback(self._on_served, context=self._network.context)

    def _on_served(self, served: asyncio.Task[None]) -> None:
        """The application has finished; the server closes the socket."""
        self._to_client.append(1006)
        self._network.later(self._delay(), self._next)

    # --- the client's end ------------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        if self._faults.happens("client_disconnected"):
            self.cut(gateway_knows=True)
            return
        self._in_transit.append({"type": "websocket.receive", "text": frame.decode()})
        self._network.later(self._delay(), self._arrive)

    def close(self) -> None:
        """Close it from the client."""
        self.is_open = False
        self._gateway.sockets.pop(self, None)
        self._network.later(self._delay(), self._disconnect)

    def cut(self, *, gateway_knows: bool) -> None:
        """Break the connection; frames in transit may be lost."""
        if not self.is_open:
            return
        self._gateway.sockets.pop(self, None)
        while self._to_client and self._rng.random() < 0.5:
            self._to_client.pop()
        self._to_client.append(1006)
        self._network.later(self._rng.random() * 2.0, self._drain_and_close)
        if gateway_knows:
            self._network.later(self._rng.random() * 5.0, self._disconnect)

    def _arrive(self) -> None:
        message = self._in_transit.popleft()
        if self.is_open:
            self._to_gateway.put_nowait(message)

    def _disconnect(self) -> None:
        self._to_gateway.put_nowait({"type": "websocket.disconnect", "code": 1006})

    # --- the gateway's end -----------------------------------------------------------------------

    async def _send(self, message: Any) -> None:
        if message["type"] == "websocket.accept":
            return
        if not self.is_open:
            raise OSError("the client is gone")
        slow_s = self._slow_until - self._now()
        if slow_s > 0:
            await asyncio.sleep(slow_s)
        if message["type"] == "websocket.close":
            self._forward(message["code"])
            self._disconnect()
        else:
            self._forward(message["text"].encode())

    def _forward(self, item: bytes | int) -> None:
        if self._faults.happens("client_reads_slowly"):
            self._slow_until = self._now() + self._rng.random() * 15.0
        self._to_client.append(item)
        self._network.later(self._delay(), self._next)

    def _next(self) -> None:
        if not self.is_open or not self._to_client:
            return
        item = self._to_client.popleft()
        if isinstance(item, bytes):
            self._on_frame(item)
        else:
            self._close(item)

    def _drain_and_close(self) -> None:
        """Deliver the rest, then end."""
        while self.is_open and self._to_client:
            self._next()

    def _close(self, code: int) -> None:
        self.is_open = False
        self._gateway.sockets.pop(self, None)
        self._on_close(code)

    def _delay(self) -> float:
        return 0.0005 + self._rng.random() * 0.004

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
