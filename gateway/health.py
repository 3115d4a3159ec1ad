"""Whether a gateway can serve requests now: the store takes writes, and actors answer.

This is `/healthz`, the readiness for operators and their probes. Serve checks liveness by the event
loop alone: see `docs/decisions/0022-alive-and-ready.md`.
"""

import asyncio
import logging
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from actors.transport import Hosts, answers
from actors.whereabouts import Whereabouts
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

    def __init__(self, store: Store, hosts: Hosts, whereabouts: Whereabouts) -> None:
        self._store = store
        self._hosts = hosts
        self._whereabouts = whereabouts
        self._restaurants: list[int] = []
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
            await self._store.check()
            if not self._restaurants:
                self._restaurants = sorted(await self._store.restaurants())
        except StoreUnavailable as error:
            log.warning("not ready: the store takes no writes", extra={"why": str(error)})
            return False
        asked = self._few()
        if not asked or await self._any_answers(asked):
            return True
        log.warning("not ready: no actor answers", extra={"hosts": asked})
        return False

    def _few(self) -> list[str]:
        """The present hosts of the first restaurants; none in a chain that has none yet."""
        hosts: dict[str, None] = {}
        for restaurant in self._restaurants:
            hosts[self._whereabouts.host_of(Address(Kind.RESTAURANT, restaurant, restaurant))] = (
                None
            )
            if len(hosts) == ASKED_HOSTS:
                break
        return list(hosts)

    async def _any_answers(self, hosts: Iterable[str]) -> bool:
        """One is enough: that another host is lost is a matter of its restaurants."""
        asking = [asyncio.create_task(answers(self._hosts, host, PATIENCE_S)) for host in hosts]
        try:
            for each in asyncio.as_completed(asking):
                if await each:
                    return True
            return False
        finally:
            for task in asking:
                task.cancel()
