"""Limits on a gateway's sockets: handshakes per client address; connections in total, per client
address and per principal."""

from gateway.limits import ConnectionQuota, KeyedRateLimiter, TokenBucket
from gateway.metrics import LIMIT_VIOLATIONS
from gateway.settings import Limits
from gateway.websocket.context import ConnectionContext

STAFF_SHARE = 0.05
"""Share by which staff may exceed `max_connections`, so that guests cannot lock them out."""
HANDSHAKES_PER_S, HANDSHAKE_BURST = 100.0, 1000
"""Rate (per second) and burst of handshakes per client address, rejected ones included."""


class ConnectionLimits:
    """Counts connections until their `release`, which is idempotent."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._handshakes = KeyedRateLimiter(
            lambda: TokenBucket(HANDSHAKES_PER_S, HANDSHAKE_BURST), "handshakes"
        )
        self._addresses = ConnectionQuota(limits.max_connections_per_ip, "address")
        self._principals = ConnectionQuota(limits.max_connections_per_principal, "token")
        self._admitted = 0

    def take_handshake(self, context: ConnectionContext) -> bool:
        """Count a handshake; False if its address is over its rate."""
        address = context.client.rate_limit_key
        return address is None or self._handshakes.take(address)

    def reserve(self, context: ConnectionContext) -> None:
        """Count a connection in total and per address, if it is within both limits."""
        address = context.client.rate_limit_key
        if self._has_capacity() and self._addresses.acquire(address):
            self._admit(context)
            context.address_key = address

    def admit(self, context: ConnectionContext, quota_key: str | None, *, is_staff: bool) -> bool:
        """Count a connection per principal. Returns False if it is over that limit, or if it has no
        reservation; staff without one are admitted up to STAFF_SHARE above the maximum."""
        if not context.is_admitted:
            if not is_staff or not self._has_capacity(STAFF_SHARE):
                return False
            self._admit(context)
        if not self._principals.acquire(quota_key):
            return False
        context.quota_key = quota_key
        return True

    def release(self, context: ConnectionContext) -> None:
        """Uncount a connection."""
        if context.is_admitted:
            self._admitted -= 1
            context.is_admitted = False
            self._addresses.release(context.address_key)
        self._principals.release(context.quota_key)
        context.quota_key = None

    def _has_capacity(self, share: float = 0.0) -> bool:
        """Whether one more connection fits `max_connections`, exceeded by at most `share`."""
        if self._admitted < self._limits.max_connections * (1 + share):
            return True
        LIMIT_VIOLATIONS.add(label_value="connections")
        return False

    def _admit(self, context: ConnectionContext) -> None:
        self._admitted += 1
        context.is_admitted = True
