"""Health checks: whether a gateway can serve requests now, and whether its event loop runs.

`/healthz` is the readiness for operators and their probes: the store takes writes, and actors
answer. Why Serve checks only the event loop: `docs/decisions/0022-liveness-and-readiness.md`.
"""

import asyncio
import logging
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.placement_watcher import PlacementWatcher
from gateway.backend.host_client import HostClient
from gateway.http.requests import error_response, json
from protocol.errors import UNAVAILABLE
from protocol.ids import Address, Kind
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

CACHE_S = 1.0
"""How long a result is reused, because the path is public."""
HOST_TIMEOUT_S = 5.0
"""How long a host has to answer, which includes starting an actor."""
MAX_HOSTS = 4
"""Number of hosts that are checked, always the same ones, so that probes do not keep every
restaurant's actor in memory."""


class Liveness:
    """Answers `/-/healthz` for load balancers and KubeRay, with 200 while the event loop runs.
    Before any other middleware, because their requests have no valid `Host`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_probe = scope["type"] == "http" and scope["path"] == "/-/healthz"
        await (_ALIVE if is_probe else self._app)(scope, receive, send)


_ALIVE = PlainTextResponse("success")


class Health:
    """Checks at most once a second, whatever the number of probes."""

    def __init__(self, store: Store, client: HostClient, watcher: PlacementWatcher) -> None:
        self._store = store
        self._client = client
        self._watcher = watcher
        self._restaurants: list[int] = []
        self._check: asyncio.Task[bool] | None = None
        self._until = 0.0

    async def answer(self, request: Request) -> Response:
        """200, or 503 with the protocol's `unavailable`."""
        loop = asyncio.get_running_loop()
        if self._check is None or (self._check.done() and loop.time() > self._until):
            self._check = asyncio.create_task(self._is_ready())
            self._until = loop.time() + CACHE_S
        if await asyncio.shield(self._check):  # the first caller may disconnect before the end
            return json({"status": "ok"})
        return error_response(UNAVAILABLE)

    async def _is_ready(self) -> bool:
        try:
            await self._store.check()
            if not self._restaurants:
                self._restaurants = sorted(await self._store.restaurants())
        except StoreUnavailable as error:
            log.warning("not ready: the store takes no writes", extra={"why": str(error)})
            return False
        hosts = self._first_hosts()
        if not hosts or await self._is_any_reachable(hosts):
            return True
        log.warning("not ready: no actor answers", extra={"hosts": hosts})
        return False

    def _first_hosts(self) -> list[str]:
        """The hosts of the first restaurants; empty if the chain has no restaurant."""
        hosts: dict[str, None] = {}
        for restaurant in self._restaurants:
            hosts[self._watcher.host_of(Address(Kind.RESTAURANT, restaurant, restaurant))] = None
            if len(hosts) == MAX_HOSTS:
                break
        return list(hosts)

    async def _is_any_reachable(self, hosts: Iterable[str]) -> bool:
        """Whether at least one host answers. A lost host affects only its own restaurants."""
        asking = [
            asyncio.create_task(self._client.is_reachable(host, HOST_TIMEOUT_S)) for host in hosts
        ]
        try:
            for each in asyncio.as_completed(asking):
                if await each:
                    return True
            return False
        finally:
            for task in asking:
                task.cancel()
