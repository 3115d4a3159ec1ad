"""Gateways: the real application, each in a simulated process."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from engine.placement_watcher import PlacementWatcher
from gateway.app import build
from gateway.settings import GatewaySettings, Keys, Limits
from storage.store import Store
from tests.simulation.cluster import Cluster
from tests.simulation.loop import Process
from tests.simulation.network import SimNetwork

SECRET = "a secret of the simulation that is long enough"
SETTINGS = GatewaySettings(Keys((SECRET,), (SECRET,)), limits=Limits(send_queue_frames=3))


class Disconnectable(Protocol):
    """A client's connection, as its gateway needs it."""

    def cut(self, *, gateway_knows: bool) -> None: ...


class SimGateway:
    """One gateway. `kill` ends it at once; `restart` closes its sockets first, as Serve does."""

    def __init__(self, name: str, cluster: Cluster, store: Callable[[], Store]) -> None:
        self.name = name
        self.watcher = PlacementWatcher(cluster.announced, cluster.fetch_placement)
        self.process = Process(name)
        self.network = SimNetwork(name, cluster, self.process)
        self._cluster = cluster
        self.is_draining = False
        self.sockets: dict[Disconnectable, None] = {}
        self.requests: dict[asyncio.Future[Any], None] = {}
        self._shutdown = asyncio.Event()
        self.process.context.run(self._start, store)

    def _start(self, store: Callable[[], Store]) -> None:
        self._app = build(self.network, self.watcher, store(), SETTINGS, self.name)
        self._lifespan = self.process.spawn(self._run_lifespan())

    def serve(self, scope: dict[str, Any], receive: Any, send: Any) -> asyncio.Task[None]:
        """Serve one request or socket, as the HTTP server would."""
        return self.process.spawn(self._serve(scope, receive, send))

    async def _serve(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    async def _run_lifespan(self) -> None:
        events = deque([{"type": "lifespan.startup"}])

        async def receive() -> dict[str, Any]:
            if events:
                return events.popleft()
            await self._shutdown.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: Any) -> None:
            assert not message["type"].endswith("failed"), message

        await self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)

    @property
    def is_open(self) -> bool:
        return self.process.alive and not self.is_draining

    async def restart(self) -> None:
        """Drain, then end."""
        self.is_draining = True
        self._shutdown.set()
        await asyncio.wait({self._lifespan}, timeout=20)
        self.kill()

    def kill(self) -> None:
        self._cluster.end(self.process)
        for socket in list(self.sockets):
            socket.cut(gateway_knows=False)
        for response in list(self.requests):
            resolve(response, None)


def resolve(response: asyncio.Future[Any], value: Any) -> None:
    if not response.done():
        response.set_result(value)
