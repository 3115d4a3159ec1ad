"""Authenticates callers: maps a token to a principal. `policy.py` authorizes principals."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from gateway.auth.client_address import ClientAddress
from gateway.auth.principal import ANONYMOUS_PRINCIPAL, Principal
from gateway.auth.token_register import TokenRegister
from gateway.auth.token_verifier import Signer, TokenVerifier, VerifiedToken
from gateway.rejection_log import RejectionLog
from gateway.settings import IdentityProvider
from protocol.caller import Caller, Role, subject_of
from protocol.errors import UNAVAILABLE, Code, Rejected
from storage.store import StoreUnavailable

SUBPROTOCOL = "bearer"

_ROLES = {role.value: role for role in Role if role is not Role.ANONYMOUS}


MAX_CACHED_TOKENS = 10_000
"""Verified tokens that are cached until they expire; the oldest are dropped first."""

_REJECTED_TOKENS = RejectionLog("token", "tokens rejected: invalid, expired or of another issuer")


def bearer(authorization: str | None, subprotocols: Iterable[str], query: str | None) -> str | None:
    """The token from the header, the subprotocol pair `bearer, <token>` or the query; None if there
    is none. If `bearer` is present without a token, the result is empty and thus invalid."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    offered = list(subprotocols)
    names = [each.lower() for each in offered]
    if SUBPROTOCOL in names:
        return "".join(offered[names.index(SUBPROTOCOL) + 1 :][:1])
    return query


class Authenticator:
    """Verifies tokens. `keys` are the service's own, in addition to those of the provider.

    `clock` counts the seconds between two requests to the provider.
    """

    def __init__(
        self,
        keys: tuple[str, ...],
        register: TokenRegister,
        *,
        allow_anonymous: bool,
        provider: IdentityProvider | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verifier = TokenVerifier(keys, provider, clock)
        self._register = register
        self._allow_anonymous = allow_anonymous
        self._cached: dict[str, tuple[Principal, float]] = {}
        self._keys_version = 0

    async def run(self) -> None:
        """Refresh the provider's keys until cancelled; return if there is no provider."""
        await self._verifier.run()

    async def ready(self) -> Rejected | None:
        """UNAVAILABLE while tokens can be neither verified nor issued, else None."""
        return await self._register.ready()

    async def principal(self, token: str | None, address: ClientAddress) -> Principal | Rejected:
        """The principal of a token. Without a token it is anonymous if `allow_anonymous` is set and
        the request is local, regardless of the address that the gateway listens on.

        Refuses with UNAVAILABLE while the provider's keys are not known, or the store's
        credentials have not been read yet.
        """
        unready = await self.ready()
        if unready is not None:
            return unready
        if token is None:
            if self._allow_anonymous and address.is_local:
                return ANONYMOUS_PRINCIPAL
            return Rejected(
                Code.UNAUTHENTICATED, "This needs a token. Send Authorization: Bearer …"
            )
        self._clear_cache_if_keys_changed()
        cached = self._cached.get(token)
        if cached is not None and time.time() < cached[1]:
            principal, _ = cached
            if self._register.is_valid(principal.token_id):
                return principal
        try:
            verified = await self._verified(token)
        except StoreUnavailable:
            return UNAVAILABLE
        if isinstance(verified, Rejected):
            if verified.code is Code.UNAUTHENTICATED:
                _REJECTED_TOKENS.record(verified.error)
            return verified
        self._clear_cache_if_keys_changed()
        if len(self._cached) >= MAX_CACHED_TOKENS:
            del self._cached[next(iter(self._cached))]
        self._cached[token] = verified
        return verified[0]

    async def _verified(self, token: str) -> tuple[Principal, float] | Rejected:
        """The principal of a token, and when the token expires (epoch seconds)."""
        verified_token = await self._verifier.verify(token)
        if isinstance(verified_token, Rejected):
            return verified_token
        principal = _principal(verified_token)
        if isinstance(principal, Rejected):
            return principal
        if verified_token.signer is Signer.PROVIDER:
            return principal, verified_token.expires_at
        registered = await self._register.check(verified_token.claims, verified_token.expires_at)
        if isinstance(registered, Rejected):
            return registered
        token_id, expires_at = registered
        return replace(principal, token_id=token_id, expires_at=expires_at), expires_at

    def _clear_cache_if_keys_changed(self) -> None:
        """Clear the cache, because a cached token may have been signed with a withdrawn key."""
        version = self._verifier.version
        if self._keys_version != version:
            self._keys_version = version
            self._cached.clear()


def _principal(verified_token: VerifiedToken) -> Principal | Rejected:
    claims = verified_token.claims
    role = _ROLES.get(str(claims.get("role")))
    ids = {
        name: claims.get(name) for name in ("restaurant_id", "waiter_id", "session_id", "device_id")
    }
    valid = all(id_ is None or (type(id_) is int and id_ > 0) for id_ in ids.values())
    needed = {Role.GUEST: "session_id", Role.WAITER: "waiter_id"}.get(role) if role else None
    if role is None or not valid or (needed is not None and ids[needed] is None):
        return Rejected(Code.UNAUTHENTICATED, "The token's role or ids are missing or invalid.")
    if ids["restaurant_id"] is None and (
        role not in (Role.ADMIN, Role.GUEST)
        or "restaurant_id" in claims  # null: the provider found none
        or ids["device_id"] is not None  # such a device could not be signed out
    ):
        return Rejected(Code.UNAUTHENTICATED, "The token has no valid restaurant_id.")
    own = {Role.GUEST: ids["session_id"], Role.WAITER: ids["waiter_id"]}.get(role)
    if role is Role.WAITER or "sub" not in claims:
        who = str(own or ids["restaurant_id"] or "chain")
    else:
        who = claims["sub"]
    if not who.isprintable():
        return Rejected(Code.UNAUTHENTICATED, "The token's sub has unprintable characters.")
    caller = Caller(role, subject_of(role, who))
    return Principal(caller, **ids, expires_at=verified_token.expires_at)
