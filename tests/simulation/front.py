"""Gateways, each the whole real application in a process of its own."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from actors.whereabouts import Whereabouts
from gateway.app import build
from gateway.settings import GatewaySettings, Keys, Limits
from storage.store import Store
from tests.simulation.caller import Caller
from tests.simulation.cluster import Cluster
from tests.simulation.loop import Process

SECRET = "a secret of the simulation that is long enough"
SETTINGS = GatewaySettings(Keys((SECRET,), (SECRET,)), limits=Limits(max_unsent=3))


class Connected(Protocol):
    """A client's connection, as far as its gateway's end has to know it."""

    def cut(self, *, gateway_knows: bool) -> None: ...


class Front:
    """One gateway. `kill` ends it at once, `restart` as Serve does: its clients are told."""

    def __init__(self, name: str, cluster: Cluster, store: Callable[[], Store]) -> None:
        self.name = name
        self.whereabouts = Whereabouts(cluster.announced, cluster.look)
        self.process = Process(name)
        self.caller = Caller(name, cluster, self.process)
        self.leaving = False
        self.links: dict[Connected, None] = {}
        self.posts: dict[asyncio.Future[Any], None] = {}
        self._shutdown = asyncio.Event()
        self.process.context.run(self._start, store)

    def _start(self, store: Callable[[], Store]) -> None:
        self._app = build(self.caller, self.whereabouts, store(), SETTINGS, self.name)
        self._lifespan = self.process.spawn(self._live())

    def serve(self, scope: dict[str, Any], receive: Any, send: Any) -> asyncio.Task[None]:
        """One request or socket, as the gateway's server would hand it over."""
        return self.process.spawn(self._serve(scope, receive, send))

    async def _serve(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    async def _live(self) -> None:
        told = deque([{"type": "lifespan.startup"}])

        async def receive() -> dict[str, Any]:
            if told:
                return told.popleft()
            await self._shutdown.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: Any) -> None:
            assert not message["type"].endswith("failed"), message

        await self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)

    @property
    def open(self) -> bool:
        return self.process.alive and not self.leaving

    async def restart(self) -> None:
        """Let clients come back elsewhere, then end."""
        self.leaving = True
        self._shutdown.set()
        await asyncio.wait({self._lifespan}, timeout=20)
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        for link in list(self.links):
            link.cut(gateway_knows=False)
        for answer in list(self.posts):
            settle(answer, None)


def settle(answer: asyncio.Future[Any], value: Any) -> None:
    if not answer.done():
        answer.set_result(value)
