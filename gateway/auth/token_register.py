"""Checks which correctly signed tokens of the service are still valid.

A token with an id (`jti`) is valid while the store lists it, so that administrators can list and
revoke issued tokens. Tokens of guests and devices have no `jti`; closing the session, or removing
the device from its restaurant, revokes them.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import jwt

from engine.periodic import every
from gateway.parsing import parse_id
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, CloseCode, Code, Rejected
from storage.store import Credentials, Store, StoreUnavailable

log = logging.getLogger(__name__)

PERIOD_S = 1.0
"""How long other gateways may accept a revoked token."""
ADMIN_HOURS = 24.0
"""Maximum lifetime of an administrator's token."""

REVOKED = Rejected(
    Code.UNAUTHENTICATED, "This token was revoked. Ask an administrator for a new one."
)
SUPERSEDED = Rejected(
    Code.UNAUTHENTICATED,
    "This token was issued before the data was restored from a backup. Sign in again.",
)
UNREGISTERED = Rejected(
    Code.UNAUTHENTICATED,
    "Cannot accept an administrator's token without an id. Issue one with `make token`.",
)


def sign(claims: Mapping[str, Any], key: str, credentials: Credentials) -> str:
    """Sign a token of the service with these claims and the current epoch."""
    epoch = {"epoch": credentials.token_epoch} if credentials.token_epoch else {}
    return jwt.encode({**claims, **epoch}, key, algorithm="HS256")


class Connection(Protocol):
    """A connection that can be closed when the token or the grant that admitted it ends."""

    def close(self, code: CloseCode, reason: str) -> None: ...


class Issuer:
    """Signs the tokens that the gateway issues. The register must be ready."""

    def __init__(self, key: str, register: "TokenRegister") -> None:
        self._key = key
        self._register = register

    def token(self, claims: Mapping[str, Any]) -> str:
        return sign(claims, self._key, self._register.credentials)


class TokenRegister:
    """One gateway's copy of the store's list, limited to the tokens that were used here.

    `credentials` can be read once `ready` has returned None.
    """

    credentials: Credentials

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_ready = False
        self._valid: set[int] = set()
        self._connections: defaultdict[int, set[Connection]] = defaultdict(set)

    async def run(self) -> None:
        """Close the connections of revoked tokens until cancelled."""
        await every(PERIOD_S, self._refresh_if_available, name="refresh_tokens")

    async def _refresh_if_available(self) -> None:
        with suppress(
            StoreUnavailable
        ):  # accepted tokens stay valid: without the store none can be revoked
            await self._refresh()

    async def ready(self) -> Rejected | None:
        """Read the store's credentials once; UNAVAILABLE until that has succeeded."""
        if not self._is_ready:
            try:
                self.credentials = await self._store.credentials()
            except StoreUnavailable:
                return UNAVAILABLE
            self._is_ready = True
        return None

    async def check(
        self, claims: Mapping[str, Any], expires_at: float
    ) -> tuple[int | None, float] | Rejected:
        """The id and expiry of one of the service's own tokens, or why it is refused."""
        if claims.get("epoch", "") != self.credentials.token_epoch:
            return SUPERSEDED
        if "jti" in claims:
            token_id = parse_id(str(claims["jti"]))
            is_listed = token_id is not None and await self._is_listed(token_id)
            return (token_id, expires_at) if is_listed else REVOKED
        if claims.get("role") == Role.ADMIN:
            # Issued by a release without registration: valid for a day after registration began.
            expires_at = min(expires_at, self.credentials.registering_since + ADMIN_HOURS * 3600)
        return UNREGISTERED if expires_at <= time.time() else (None, expires_at)

    def is_valid(self, token_id: int | None) -> bool:
        """Whether an accepted token has not been revoked since."""
        return token_id is None or token_id in self._valid

    def attach(self, token_id: int | None, connection: Connection) -> Rejected | None:
        """Close a connection as soon as its token is revoked. REVOKED if it already is."""
        if not self.is_valid(token_id):
            return REVOKED
        if token_id is not None:
            self._connections[token_id].add(connection)
        return None

    def detach(self, token_id: int | None, connection: Connection) -> None:
        """Remove a closed connection."""
        connections = None if token_id is None else self._connections.get(token_id)
        if token_id is not None and connections is not None:
            connections.discard(connection)
            if not connections:
                del self._connections[token_id]

    def revoke(self, token_id: int) -> None:
        """Close the connections of a token that the store no longer lists."""
        self._valid.discard(token_id)
        for connection in list(self._connections.get(token_id, ())):
            connection.close(CloseCode.UNAUTHENTICATED, REVOKED.error)

    async def _is_listed(self, token_id: int) -> bool:
        if token_id not in self._valid:
            [listed] = await self._store.lists_tokens([token_id])
            if listed:
                self._valid.add(token_id)
        return token_id in self._valid

    async def _refresh(self) -> None:
        used = list(self._valid)
        if used:
            for token_id, listed in zip(used, await self._store.lists_tokens(used), strict=True):
                if not listed:
                    self.revoke(token_id)
