"""Whether a gateway could do its work now: the store answers, and so do its actors.

Readiness, for who asks `/healthz`. That the gateway lives is Serve's to find out, by its event loop
alone, see `docs/decisions/0022-alive-and-ready.md`.
"""

import asyncio
import logging
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from actors.placement import Placement
from actors.transport import HostGone, Hosts
from gateway.door import json, refusal
from protocol.errors import UNAVAILABLE
from protocol.ids import Address, Kind
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

FRESH_S = 1.0
"""How long an answer is given again: anybody may ask, as often as they like."""
PATIENCE_S = 5.0
"""An actor that has to be started takes some seconds."""
ASKED_HOSTS = 4
"""So few, and always the same ones: asking must not keep an actor a restaurant in memory."""


class Health:
    """Looks at most once a second, however many ask."""

    def __init__(self, store: Store, hosts: Hosts, placement: Placement) -> None:
        self._store = store
        self._hosts = hosts
        self._placement = placement
        self._asked: tuple[str, ...] = ()
        self._look: asyncio.Task[bool] | None = None
        self._until = 0.0

    async def answer(self, request: Request) -> Response:
        """200, or 503 with the protocol's `unavailable`."""
        loop = asyncio.get_running_loop()
        if self._look is None or (self._look.done() and loop.time() > self._until):
            self._look = asyncio.create_task(self._is_ready())
            self._until = loop.time() + FRESH_S
        if await asyncio.shield(self._look):  # who asked first may go before it is known
            return json({"status": "ok"})
        return refusal(UNAVAILABLE)

    async def _is_ready(self) -> bool:
        try:
            await self._store.ping()
            if not self._asked:
                self._asked = self._few(await self._store.restaurants())
        except StoreUnavailable as error:
            log.warning("not ready: the store is away", extra={"why": str(error)})
            return False
        if not self._asked or await self._any_answers():
            return True
        log.warning("not ready: no actor answers", extra={"hosts": self._asked})
        return False

    def _few(self, restaurants: Iterable[int]) -> tuple[str, ...]:
        """The hosts of the first restaurants; none in a chain that has no restaurant yet."""
        hosts: dict[str, None] = {}
        for restaurant in sorted(restaurants):
            hosts[self._placement.host_of(Address(Kind.RESTAURANT, restaurant, restaurant))] = None
            if len(hosts) == ASKED_HOSTS:
                break
        return tuple(hosts)

    async def _any_answers(self) -> bool:
        """One is enough: that another host is lost is a matter of its restaurants."""
        asking = [asyncio.create_task(self._answers(host)) for host in self._asked]
        try:
            for each in asyncio.as_completed(asking):
                if await each:
                    return True
            return False
        finally:
            for task in asking:
                task.cancel()

    async def _answers(self, host: str) -> bool:
        """An empty batch is no turn: it costs a call, and the store nothing."""
        try:
            await asyncio.wait_for(self._hosts.deliver(host, []), PATIENCE_S)
        except (HostGone, TimeoutError):
            return False
        return True
