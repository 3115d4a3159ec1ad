"""Limits of wrong session codes: by address, by IPv6 network and for the whole chain.

A session's code is short enough to be guessed from many addresses. Codes in QR codes are signed and
are not counted here, so that they work while session codes are refused.
"""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from gateway.auth.client_address import ClientAddress
from gateway.limits import GUESS_BURST, GUESSES_PER_MINUTE, KeyedRateLimiter, TokenBucket
from gateway.metrics import LIMIT_VIOLATIONS
from gateway.rejection_log import RejectionLog
from storage.store import Store


class Quota(NamedTuple):
    """Wrong codes allowed per minute on average, and in a burst. `limit` is its name in metrics."""

    limit: str
    per_minute: float
    burst: int

    @property
    def every_s(self) -> float:
        """Seconds until one more wrong code is allowed."""
        return 60.0 / self.per_minute


OF_ADDRESS = Quota("guesses", GUESSES_PER_MINUTE, GUESS_BURST)
OF_NETWORK = Quota("network_guesses", 50.0, 100)
"""Limit of an IPv6 /48 network, which one customer may own."""
OF_CHAIN = Quota("chain_guesses", 60.0, 300)

_CHAIN = "chain"
_CHAIN_REFUSAL_LOG = RejectionLog(
    OF_CHAIN.limit,
    "session codes are refused for the whole chain because too many wrong ones were tried; codes "
    "of tables and devices still work",
    LIMIT_VIOLATIONS,
)


class SessionGuesses:
    """Counts session codes before they are read, in the store for all gateways together.

    Each gateway first counts locally, so that a flood does not reach the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates = {quota: _rates(quota) for quota in (OF_ADDRESS, OF_NETWORK, OF_CHAIN)}

    async def take(self, client: ClientAddress) -> bool:
        """Count one code; False if it is over a limit. Raises StoreUnavailable."""
        counted: list[tuple[Quota, str]] = []
        for quota, key in _quotas(client):
            if not self._rates[quota].take(key):
                self._refund_locally(counted)
                return False
            counted.append((quota, key))
        allowed = await asyncio.gather(*(self._count(*each, 1) for each in counted))
        if all(allowed):
            return True
        for (quota, _), is_allowed in zip(counted, allowed, strict=True):
            if quota is OF_CHAIN and not is_allowed:
                _CHAIN_REFUSAL_LOG.record("chain")
            elif not is_allowed:
                LIMIT_VIOLATIONS.add(label_value=quota.limit)
        await self._refund([each for each, is_ in zip(counted, allowed, strict=True) if is_])
        return False

    async def refund(self, client: ClientAddress) -> None:
        """Uncount a code that turned out to be correct. Raises StoreUnavailable."""
        await self._refund(list(_quotas(client)))

    async def _refund(self, counted: list[tuple[Quota, str]]) -> None:
        self._refund_locally(counted)
        await asyncio.gather(*(self._count(*each, -1) for each in counted))

    def _refund_locally(self, counted: list[tuple[Quota, str]]) -> None:
        for quota, key in counted:
            self._rates[quota].refund(key)

    async def _count(self, quota: Quota, key: str, count: int) -> bool:
        return await self._store.consume_guess(key, count, every_s=quota.every_s, burst=quota.burst)


def _quotas(client: ClientAddress) -> Iterator[tuple[Quota, str]]:
    """The quotas, with their keys, that a code from this address counts against."""
    yield OF_ADDRESS, client.quota_key
    if client.allocation is not None:
        yield OF_NETWORK, client.allocation
    yield OF_CHAIN, _CHAIN


def _rates(quota: Quota) -> KeyedRateLimiter:
    return KeyedRateLimiter(lambda: TokenBucket(quota.per_minute / 60.0, quota.burst), quota.limit)
