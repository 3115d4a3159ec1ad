"""Who is calling: a token made into a principal. What a principal may do stands in `policy.py`."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gateway.addresses import ClientAddress
from gateway.settings import IdentityProvider
from gateway.signatures import Signatures, Signed, Signer
from gateway.token_register import TokenRegister
from gateway.turned_away import TurnedAway
from protocol.caller import ANONYMOUS, Caller, Role, subject_of
from protocol.errors import UNAVAILABLE, Code, Rejected
from storage.store import StoreUnavailable

SUBPROTOCOL = "bearer"

_ROLES = {role.value: role for role in Role if role is not Role.ANONYMOUS}


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `restaurant_id` of None is the whole chain; `expires_at` is when the
    token ends, in epoch seconds, None without a token; `token_id` is that of a registered token."""

    caller: Caller
    restaurant_id: int | None = None
    waiter_id: int | None = None
    session_id: int | None = None
    device_id: int | None = None
    expires_at: float | None = None
    token_id: int | None = None

    @property
    def role(self) -> Role:
        return self.caller.role

    @property
    def holder(self) -> str | None:
        """Whose requests are counted together: a guest's are its party's, however often it joins.
        None for whom nobody counts: a system of the chain, and who has no token."""
        if self.role in (Role.ADMIN, Role.ANONYMOUS):
            return None
        return f"session:{self.session_id}" if self.role is Role.GUEST else self.caller.subject

    def at(self, address: ClientAddress) -> "Principal":
        """The same, with where the request came from."""
        return replace(self, caller=replace(self.caller, address=address.site))


REMEMBERED = 10_000
"""Tokens found good, which need not be verified again until they expire; oldest forgotten first."""

NOBODY = Principal(ANONYMOUS)

_TURNED_AWAY = TurnedAway("token", "tokens were refused: forged, expired, or of somebody else's")


def bearer(authorization: str | None, subprotocols: Iterable[str], query: str | None) -> str | None:
    """The token from the header, the subprotocol pair `bearer, <token>` or the query. None if there
    is none; empty, and so invalid, if `bearer` is present without a token."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    offered = list(subprotocols)
    names = [each.lower() for each in offered]
    if SUBPROTOCOL in names:
        return "".join(offered[names.index(SUBPROTOCOL) + 1 :][:1])
    return query


class Identity:
    """Verifies tokens. `keys` are the service's own; an identity provider has others.

    `clock` counts the seconds between two requests to the provider.
    """

    def __init__(
        self,
        keys: tuple[str, ...],
        register: TokenRegister,
        *,
        open_door: bool,
        provider: IdentityProvider | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signatures = Signatures(keys, provider, clock)
        self._register = register
        self._open_door = open_door
        self._known: dict[str, tuple[Principal, float]] = {}
        self._keys_version = 0

    async def run(self) -> None:
        """Keep the provider's keys fresh for ever; nothing to do where there is none."""
        await self._signatures.run()

    async def ready(self) -> Rejected | None:
        """UNAVAILABLE while tokens can be neither verified nor issued, else None."""
        return await self._register.ready()

    async def principal(self, token: str | None, address: ClientAddress) -> Principal | Rejected:
        """The principal of a token. Without a token: an anonymous one if the door is open and the
        request is local, whatever Serve listens on.

        Refuses with UNAVAILABLE while the provider's keys are not known, or the store's
        credentials have not been read yet.
        """
        unready = await self.ready()
        if unready is not None:
            return unready
        if token is None:
            if self._open_door and address.is_local:
                return NOBODY
            return Rejected(Code.UNAUTHENTICATED, "A token is needed: Authorization: Bearer …")
        self._forget_if_keys_changed()
        known = self._known.get(token)
        if known is not None and time.time() < known[1]:
            principal, _ = known
            if self._register.is_good(principal.token_id):
                return principal
        try:
            verified = await self._verified(token)
        except StoreUnavailable:
            return UNAVAILABLE
        if isinstance(verified, Rejected):
            if verified.code is Code.UNAUTHENTICATED:
                _TURNED_AWAY.one(verified.error)
            return verified
        self._forget_if_keys_changed()
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[token] = verified
        return verified[0]

    async def _verified(self, token: str) -> tuple[Principal, float] | Rejected:
        """The principal of a token, and when the token expires (epoch seconds)."""
        signed = await self._signatures.read(token)
        if isinstance(signed, Rejected):
            return signed
        principal = _principal(signed)
        if isinstance(principal, Rejected):
            return principal
        if signed.signer is Signer.PROVIDER:
            return principal, signed.expires_at
        registered = await self._register.check(signed.claims, signed.expires_at)
        if isinstance(registered, Rejected):
            return registered
        token_id, expires_at = registered
        return replace(principal, token_id=token_id, expires_at=expires_at), expires_at

    def _forget_if_keys_changed(self) -> None:
        """What was found good may have been signed with a key that is gone."""
        version = self._signatures.version
        if self._keys_version != version:
            self._keys_version = version
            self._known.clear()


def _principal(signed: Signed) -> Principal | Rejected:
    claims = signed.claims
    role = _ROLES.get(str(claims.get("role")))
    ids = {
        name: claims.get(name) for name in ("restaurant_id", "waiter_id", "session_id", "device_id")
    }
    sound = all(id_ is None or (type(id_) is int and id_ > 0) for id_ in ids.values())
    needed = {Role.GUEST: "session_id", Role.WAITER: "waiter_id"}.get(role) if role else None
    if role is None or not sound or (needed is not None and ids[needed] is None):
        return Rejected(Code.UNAUTHENTICATED, "The token does not say who its bearer is.")
    if ids["restaurant_id"] is None and (
        role not in (Role.ADMIN, Role.GUEST)
        or "restaurant_id" in claims  # null means that the provider found none
        or ids["device_id"] is not None  # it could not be revoked
    ):
        return Rejected(Code.UNAUTHENTICATED, "The token does not say whose restaurant it is for.")
    own = {Role.GUEST: ids["session_id"], Role.WAITER: ids["waiter_id"]}.get(role)
    if role is Role.WAITER or "sub" not in claims:
        who = str(own or ids["restaurant_id"] or "chain")
    else:
        who = claims["sub"]
    if not who.isprintable():
        return Rejected(Code.UNAUTHENTICATED, "The token does not say who its bearer is.")
    caller = Caller(role, subject_of(role, who))
    return Principal(caller, **ids, expires_at=signed.expires_at)
