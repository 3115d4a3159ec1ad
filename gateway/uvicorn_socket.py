"""uvicorn's WebSocket, with few steps for what nearly all sockets do.

A plain handshake, whole short messages and pongs are read here, other messages by a strainer. The
rest is for the class of uvicorn and its parser of frames, which is made when there is something for
it. Nothing is compressed: small messages gain little, and each socket would hold memory for it.
"""

import asyncio
import logging
from base64 import b64decode
from secrets import token_bytes
from typing import Any, Literal, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.utils import accept_key

from gateway.connection import GRACE_S
from gateway.framing import whole
from gateway.gate import Latch
from gateway.inbox import Inbox
from gateway.metrics import LIMITED
from gateway.strainer import LIMIT, Strainer
from gateway.tide import tide_of
from gateway.wire import EXTENSION

MAX_GATHERED_BYTES = 64 * 1024
"""What one socket is given in a turn of the event loop before the transport has it."""

_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
_KEY_BYTES = 16
_VERSION = b"13"
_PING_BYTES = 4
MAX_HEAD_BYTES = 16 * 1024
"""What a handshake may have, as with HAProxy."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"


class UvicornSocket(WebSocketsSansIOProtocol):
    """One connection, and its own `Wire`.

    What is written in one turn of the event loop, or the next, leaves in one system call; a burst
    earlier, so that the transport tells of a client that does not keep up.
    """

    # What the class of uvicorn begins each socket with: here once for all of them.
    transport: Any = None
    handshake_initiated = handshake_complete = close_sent = disconnected = read_paused = False
    close_timer = initial_response = ping_timer = pong_timer = pending_ping_payload = None
    close_timeout = 10.0
    ping_sent_at = last_ping_rtt = 0.0
    curr_msg_data_type: Literal["text", "bytes"] = "text"
    logger = logging.getLogger("uvicorn.error")
    _accept_key: str | None = None
    _parser: ServerProtocol | None = None
    _strainer: Strainer | None = None
    _cutting: asyncio.TimerHandle | None = None

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self.config = config
        self.app = config.loaded_app
        self.loop = _loop or asyncio.get_event_loop()
        self.root_path = config.root_path
        self.asgi_version = config.asgi_version
        self.app_state = app_state
        self.connections = server_state.connections
        self.tasks = server_state.tasks
        self.default_headers = server_state.default_headers
        self.ping_interval = config.ws_ping_interval
        self.ping_timeout = config.ws_ping_timeout
        self.queue: Any = Inbox()
        self.writable: Any = Latch()
        self._tide = tide_of(self.loop)
        self._frames: list[bytes] = []
        self._bytes = 0

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """In another process it is nothing: Serve's own proxy hands the scope on to a replica."""
        return type(None), ()

    @property
    def conn(self) -> ServerProtocol:  # type: ignore[override]  # made late
        """The parser of frames, and of handshakes that are not plain."""
        if self._parser is None:
            state = State.OPEN if self.handshake_initiated else State.CONNECTING
            self._parser = ServerProtocol(state=state, max_size=LIMIT + 1, logger=self.logger)
        return self._parser

    # --- inbound ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        http = cast(Any, transport).get_protocol()  # it has asked the system for all of that
        self.connections.add(self)
        self.transport = transport
        self.server, self.client = http.server, http.client
        self.scheme = "wss" if http.scheme == "https" else "ws"

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            if not self._shake_hands(data):
                self._refuse(data)
        elif not (self._strainer is None or self._strainer.is_clear) or not self._take(data):
            self._strain(data)

    def read(self, data: bytes) -> None:
        """Read as uvicorn does."""
        super().data_received(data)

    def take(self, opcode: int, message: bytes) -> None:
        """Take a whole message, as uvicorn does once it has read one."""
        if not self.transport.is_closing():
            self.frames = [message]
            self.curr_msg_data_type = "text" if opcode == Opcode.TEXT else "bytes"
            self.send_receive_event_to_app()

    def connection_lost(self, exc: Exception | None) -> None:
        self._strainer = self.queue.source = None
        if self._cutting is not None:
            self._cutting.cancel()
        super().connection_lost(exc)

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        super().on_task_complete(task)
        self.scope["extensions"].clear()  # where it names this socket
        self._cut_off_in_time()

    def keepalive_timeout(self) -> None:
        if not self.close_sent and not self.transport.is_closing():
            LIMITED.add(of="ping time")
        super().keepalive_timeout()
        self._cut_off_in_time()

    def _cut_off_in_time(self) -> None:
        """A transport that is closed waits for its client to take the rest: without end, where it
        never reads, and though it may count among no limit's any more."""
        if self._cutting is None and not self.disconnected:
            self._cutting = self.loop.call_later(GRACE_S, self.transport.abort)

    def _strain(self, data: bytes) -> None:
        if self._strainer is None:
            self._strainer = self.queue.source = Strainer(self, self.queue)
        self._strainer.data_received(data)

    def _take(self, data: bytes) -> bool:
        """Take what is one whole, short message or an answer to a ping; whether it is."""
        found = whole(data)
        if found is None:
            return False
        opcode, payload = found
        if opcode == Opcode.PONG:
            self.handle_pong(Frame(Opcode.PONG, payload))
        else:
            self.take(opcode, payload)
        return True

    def _refuse(self, request: bytes) -> None:
        """In the parser's words. uvicorn leaves who it cannot read at all without an answer."""
        if len(request) > MAX_HEAD_BYTES:
            self.transport.write(_TOO_LARGE)
        else:
            self.read(request)
            if self.handshake_initiated:
                return
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def _shake_hands(self, request: bytes) -> bool:
        """Take a request that uvicorn has parsed and put together again, if there is nothing to say
        against it; the parser says why not."""
        if len(request) > MAX_HEAD_BYTES:
            return False
        try:
            first, *lines = request.split(b"\r\n")[:-2]
            method, target, _ = first.decode("ascii").split(" ")
            headers = [(name, value) for name, _, value in (x.partition(b": ") for x in lines)]
            (key,) = (value for name, value in headers if name == b"sec-websocket-key")
            (version,) = (value for name, value in headers if name == b"sec-websocket-version")
            if method != "GET" or version != _VERSION:
                return False
            if len(b64decode(key, validate=True)) != _KEY_BYTES:
                return False
        except ValueError:
            return False
        self._accept_key = accept_key(key.decode())
        self.handshake_initiated = True
        raw_path, _, query = target.partition("?")
        self.scope = {
            "type": "websocket",
            "asgi": {"version": cast(Any, self.asgi_version), "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(raw_path),
            "raw_path": (self.root_path + raw_path).encode(),
            "query_string": query.encode(),
            "headers": headers,
            "subprotocols": [
                offered.strip()
                for name, value in headers
                if name == b"sec-websocket-protocol"
                for offered in value.decode("latin-1").split(",")
            ],
            "state": self.app_state.copy(),
            "extensions": {EXTENSION: cast(Any, self)},
        }
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)
        return True

    # --- outbound --------------------------------------------------------------------------------

    async def send(self, message: Any) -> None:
        if self._accept_key is not None and message["type"] == "websocket.accept":
            self._accept(self._accept_key, message)
        else:
            await super().send(message)

    def _accept(self, key: str, message: Any) -> None:
        if self.disconnected:
            raise ClientDisconnected
        self._accept_key = None
        answer = [_SWITCHING, b"Sec-WebSocket-Accept: ", key.encode(), b"\r\n"]
        for name, value in (*self.default_headers, *message.get("headers", ())):
            answer += (name, b": ", value, b"\r\n")
        subprotocol = message.get("subprotocol")
        if subprotocol:
            answer += (b"Sec-WebSocket-Protocol: ", subprotocol.encode(), b"\r\n")
        answer.append(b"\r\n")
        if not self.transport.is_closing():
            self.handshake_complete = True
            self.transport.write(b"".join(answer))
            self.start_keepalive()

    def send_keepalive_ping(self) -> None:
        self.ping_timer = None
        if self.close_sent or self.transport.is_closing():
            return
        self.pending_ping_payload = token_bytes(_PING_BYTES)
        self.ping_sent_at = self.loop.time()
        self.transport.write(Frame(Opcode.PING, self.pending_ping_payload).serialize(mask=False))
        if self.ping_timeout is None:
            self.schedule_ping()
        else:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)

    # --- as a wire -------------------------------------------------------------------------------

    def write(self, frame: bytes) -> bool:
        if (
            self.close_sent
            or self.disconnected
            or not self.handshake_complete
            or not self.writable.is_set()
        ):
            return False
        if not self._frames:
            self._tide.soon(self)
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes > MAX_GATHERED_BYTES:
            self.flush()
        return True

    def flush(self) -> None:
        frames, self._frames, self._bytes = self._frames, [], 0
        if frames and not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames[0] if len(frames) == 1 else b"".join(frames))

    def keep_alive(self, ping_s: float) -> None:
        self.ping_interval = self.ping_timeout = ping_s
