"""Limits of wrong session codes: by address, by IPv6 network and for the whole chain.

A session's code is short enough to be guessed from many addresses. Codes in QR codes are signed and
are not counted here, so that they work while session codes are refused.
"""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from gateway.addresses import ClientAddress
from gateway.limits import GUESSES_AT_ONCE, GUESSES_PER_MINUTE, Rates, TokenBucket
from gateway.metrics import LIMITED
from gateway.turned_away import TurnedAway
from storage.store import Store


class Quota(NamedTuple):
    """Wrong codes allowed per minute on average, and at once. `limit` is its name in metrics."""

    limit: str
    per_minute: float
    at_once: int

    @property
    def every_s(self) -> float:
        """Seconds until one more wrong code is allowed."""
        return 60.0 / self.per_minute


OF_ADDRESS = Quota("guesses", GUESSES_PER_MINUTE, GUESSES_AT_ONCE)
OF_NETWORK = Quota("network_guesses", 50.0, 100)
"""Of an IPv6 /48 network, which one customer may own."""
OF_CHAIN = Quota("chain_guesses", 60.0, 300)

_CHAIN = "chain"
_CHAIN_REFUSES = TurnedAway(
    OF_CHAIN.limit,
    "session codes are refused for the whole chain because too many wrong ones were tried; codes "
    "of tables and devices still work",
    LIMITED,
)


class SessionGuesses:
    """Counts session codes before they are read, in the store for all gateways together.

    Each gateway first counts locally, so that a flood does not reach the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates = {quota: _rates(quota) for quota in (OF_ADDRESS, OF_NETWORK, OF_CHAIN)}

    async def take(self, who: ClientAddress) -> bool:
        """Count one code; False if it is over a limit. Raises StoreUnavailable."""
        taken: list[tuple[Quota, str]] = []
        for quota, key in _quotas(who):
            if not self._rates[quota].take(key):
                self._give_back_here(taken)
                return False
            taken.append((quota, key))
        allowed = await asyncio.gather(*(self._count(*each, 1) for each in taken))
        if all(allowed):
            return True
        for (quota, _), is_allowed in zip(taken, allowed, strict=True):
            if quota is OF_CHAIN and not is_allowed:
                _CHAIN_REFUSES.one("chain")
            elif not is_allowed:
                LIMITED.add(of=quota.limit)
        await self._give_back([each for each, is_ in zip(taken, allowed, strict=True) if is_])
        return False

    async def give_back(self, who: ClientAddress) -> None:
        """Uncount a code that turned out to be correct. Raises StoreUnavailable."""
        await self._give_back(list(_quotas(who)))

    async def _give_back(self, taken: list[tuple[Quota, str]]) -> None:
        self._give_back_here(taken)
        await asyncio.gather(*(self._count(*each, -1) for each in taken))

    def _give_back_here(self, taken: list[tuple[Quota, str]]) -> None:
        for quota, key in taken:
            self._rates[quota].give_back(key)

    async def _count(self, quota: Quota, key: str, count: int) -> bool:
        return await self._store.guess(key, count, every_s=quota.every_s, at_once=quota.at_once)


def _quotas(who: ClientAddress) -> Iterator[tuple[Quota, str]]:
    """The quotas, with their keys, that a code from this address counts against."""
    yield OF_ADDRESS, who.quota_key
    if who.allocation is not None:
        yield OF_NETWORK, who.allocation
    yield OF_CHAIN, _CHAIN


def _rates(quota: Quota) -> Rates:
    return Rates(lambda: TokenBucket(quota.per_minute / 60.0, quota.at_once), quota.limit)
