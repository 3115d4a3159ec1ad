"""A client's connection to a gateway, with all that can befall it."""

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlencode

from gateway.wire import EXTENSION
from tests.simulation.faults import Faults
from tests.simulation.front import Front
from tests.simulation.loop import Process


class Link:
    """A client's connection: what is sent arrives in order, later, or not at all once it is cut."""

    def __init__(
        self,
        front: Front,
        network: Process,
        chance: Random,
        faults: Faults,
        take: Callable[[bytes], None],
        ended: Callable[[int], None],
    ) -> None:
        self.is_open = True
        self._front = front
        self._network = network
        self._chance = chance
        self._faults = faults
        self._take = take
        self._ended = ended
        self._to_gateway: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._to_client: deque[bytes | int] = deque()
        self._on_their_way: deque[dict[str, Any]] = deque()
        self._slow_until = 0.0
        front.links[self] = None

    def start(self, path: str, token: str | None, query: dict[str, Any], *, wire: bool) -> None:
        """Open a socket; `wire` writes frames straight to the transport."""
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": urlencode(query).encode(),
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 40_000),
            "subprotocols": [] if token is None else ["bearer", token],
            "extensions": {EXTENSION: self} if wire else {},
        }
        self._to_gateway.put_nowait({"type": "websocket.connect"})
        self._network.later(self._delay(), self._serve, scope)

    def _serve(self, scope: dict[str, Any]) -> None:
        if self.is_open and self._front.process.alive:
            served = self._front.serve(scope, self._to_gateway.get, self._send)
            served.add_done_callback(self._over, context=self._network.context)

    def _over(self, served: asyncio.Task[None]) -> None:
        """The application is done with it; its server closes what it has left open."""
        self._to_client.append(1006)
        self._network.later(self._delay(), self._next)

    # --- the client's end ------------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        if self._faults.happens("client_cut_off"):
            self.cut(gateway_knows=True)
            return
        self._on_their_way.append({"type": "websocket.receive", "text": frame.decode()})
        self._network.later(self._delay(), self._arrive)

    def leave(self) -> None:
        """The client closes it."""
        self.is_open = False
        self._front.links.pop(self, None)
        self._network.later(self._delay(), self._disconnect)

    def cut(self, *, gateway_knows: bool) -> None:
        """The connection breaks; what is on its way may or may not arrive."""
        if not self.is_open:
            return
        self._front.links.pop(self, None)
        while self._to_client and self._chance.random() < 0.5:
            self._to_client.pop()
        self._to_client.append(1006)
        self._network.later(self._chance.random() * 2.0, self._end)
        if gateway_knows:
            self._network.later(self._chance.random() * 5.0, self._disconnect)

    def _arrive(self) -> None:
        message = self._on_their_way.popleft()
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
        slow_s = self._slow_until - self._front_time()
        if slow_s > 0:
            await asyncio.sleep(slow_s)
        if message["type"] == "websocket.close":
            self._pass_on(message["code"])
            self._disconnect()
        else:
            self._pass_on(message["text"].encode())

    def write(self, frame: bytes) -> bool:
        """The straight way: False while the client reads slowly."""
        if not self.is_open or self._slow_until > self._front_time():
            return False
        self._pass_on(_payload(frame))
        return True

    def flush(self) -> None:
        """Nothing is held back here."""

    def keep_alive(self, ping_s: float) -> None:
        """Nobody is quiet here without being gone."""

    def opened(self) -> None:
        """Nothing was held for it."""

    def _pass_on(self, what: bytes | int) -> None:
        if self._faults.happens("client_reads_slowly"):
            self._slow_until = self._front_time() + self._chance.random() * 15.0
        self._to_client.append(what)
        self._network.later(self._delay(), self._next)

    def _next(self) -> None:
        if not self.is_open or not self._to_client:
            return
        what = self._to_client.popleft()
        if isinstance(what, bytes):
            self._take(what)
        else:
            self._close(what)

    def _end(self) -> None:
        """All that still arrives, then the end."""
        while self.is_open and self._to_client:
            self._next()

    def _close(self, code: int) -> None:
        self.is_open = False
        self._front.links.pop(self, None)
        self._ended(code)

    def _delay(self) -> float:
        return 0.0005 + self._chance.random() * 0.004

    def _front_time(self) -> float:
        return asyncio.get_running_loop().time()


def _payload(frame: bytes) -> bytes:
    """A server's text frame without its head."""
    length = frame[1]
    return frame[{126: 4, 127: 10}.get(length, 2) :]
