"""The port of a gateway: opened when it can serve, closed before its sockets are closed."""

import asyncio
import logging
import resource
import socket
from contextlib import suppress
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp
from uvicorn.server import ServerState

from gateway.server.endpoint import Endpoint
from gateway.server.heartbeat import Heartbeat
from gateway.server.http import http_config
from gateway.server.listen_sockets import BACKLOG, bind_sockets
from gateway.server.protocol import ConnectionProtocol, ServerContext
from gateway.server.watchdog import Watchdog
from gateway.server.websocket import SocketResources
from gateway.server.write_batching import WriteBatcher
from gateway.settings import Limits

log = logging.getLogger(__name__)

TICK_S = 0.5
FINISH_TIMEOUT_S = 10.0
"""How long accepted requests have to finish when the gateway shuts down."""


class Listener:
    """Serves `http` and `endpoint` on one port, which it shares with the other gateways of its
    machine."""

    def __init__(self, http: ASGIApp, endpoint: Endpoint, limits: Limits) -> None:
        self._http = http
        self._endpoint = endpoint
        self._limits = limits
        self._host, self._port = "", 0
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._watchdog = Watchdog()
        self._tick: asyncio.TimerHandle | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._context: ServerContext

    @property
    def port(self) -> int:
        """The port that the gateway listens on; 0 if it does not listen."""
        return self._port

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises ListenError."""
        loop = asyncio.get_running_loop()
        resources = SocketResources(
            loop,
            WriteBatcher(loop),
            Heartbeat(loop, self._limits.ping_interval_s),
            self._limits.max_message_bytes,
        )
        self._context = ServerContext(self._endpoint, resources, ServerState(), set())
        _raise_file_limit()
        self._context.config = http_config(self._http, self._upgraded)
        self._host, self._port = host, port
        await self._listen(loop)
        self._turn(loop)

    async def stop(self) -> None:
        """Accept the waiting connections, close the port, and wait until accepted requests are
        finished. Sockets stay open."""
        if self._tick is None:
            return
        self._tick.cancel()
        self._tick = None
        self._watchdog.stop()
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.wait({self._reopening})
        loop = asyncio.get_running_loop()
        for listening in self._sockets:
            await self._accept_all(loop, listening)
        self._close()
        state = self._context.http
        for connection in list(state.connections):
            connection.shutdown()
        running = state.tasks | self._context.opening
        if running:
            await asyncio.wait(running, timeout=FINISH_TIMEOUT_S)
        self._port = 0

    def end(self) -> None:
        """Stop the heartbeat. Call after all sockets are closed."""
        if self._host:
            self._context.resources.heartbeat.stop()

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sockets = bind_sockets(self._host, self._port, is_shared=True)
        self._port = self._sockets[0].getsockname()[1]
        for each in self._sockets:
            server = await loop.create_server(
                self._connected, sock=each, backlog=BACKLOG, start_serving=False
            )
            self._servers.append(server)  # one by one: `stop` may cancel this at any point
            await server.start_serving()
        self._watchdog.start(self._sockets)

    def _close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers = []
        for each in self._sockets:
            with suppress(OSError):
                each.close()

    async def _accept_all(self, loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
        """Accept waiting connections, which closing the socket would reset."""
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            accepted.setblocking(False)
            await loop.connect_accepted_socket(self._connected, accepted)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._context.http.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        if self._watchdog.record_turn():
            log.warning("event loop recovered; listening again")
            self._close()
            self._reopening = loop.create_task(self._listen(loop))
        self._tick = loop.call_later(TICK_S, self._turn, loop)

    def _connected(self) -> Any:
        return ConnectionProtocol(self._context)

    def _upgraded(self, config: Any, server_state: Any, app_state: Any) -> Any:
        """For uvicorn: the protocol of a connection that requests a WebSocket after other
        requests."""
        return ConnectionProtocol(self._context, is_upgrade=True)


def _raise_file_limit() -> None:
    """Raise the limit of open files, which bounds connections, to its maximum."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
