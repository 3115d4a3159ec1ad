"""Who is calling: a token made into a principal. What a principal may do stands in `policy.py`."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from protocol.caller import ANONYMOUS, Caller, Role
from protocol.errors import Code, Rejected

SUBPROTOCOL = "bearer"
ALGORITHM = "HS256"

_ROLES = {role.value: role for role in Role if role is not Role.ANONYMOUS}


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `restaurant_id` of None is the whole chain."""

    caller: Caller
    restaurant_id: int | None = None
    waiter_id: int | None = None
    session_id: int | None = None

    @property
    def role(self) -> Role:
        return self.caller.role


REMEMBERED = 10_000
"""Tokens found good, which need not be verified again until they expire; oldest forgotten first."""

NOBODY = Principal(ANONYMOUS)


def bearer(authorization: str | None, subprotocols: Iterable[str], query: str | None) -> str | None:
    """The token, from header, subprotocol pair `bearer, <token>` or query."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    offered = list(subprotocols)
    if len(offered) >= 2 and offered[0] == SUBPROTOCOL:
        return offered[1]
    return query


class Identity:
    """Tells tokens from forgeries with one shared secret."""

    def __init__(self, secret: str, *, open_door: bool) -> None:
        self._secret = secret
        self._open_door = open_door
        self._known: dict[str, tuple[Principal, float]] = {}

    def principal(self, token: str | None) -> Principal | Rejected:
        """Who has this token; without one, anybody where the door is open."""
        if token is None:
            if self._open_door:
                return NOBODY
            return Rejected(Code.UNAUTHENTICATED, "A token is needed: Authorization: Bearer …")
        known = self._known.get(token)
        if known is not None and time.time() < known[1]:
            return known[0]
        try:
            claims = jwt.decode(
                token, self._secret, algorithms=[ALGORITHM], options={"require": ["exp"]}
            )
        except jwt.ExpiredSignatureError:
            return Rejected(Code.UNAUTHENTICATED, "The token has expired. Get a new one.")
        except jwt.InvalidTokenError:
            return Rejected(Code.UNAUTHENTICATED, "The token is not valid here.")
        principal = _principal(claims)
        if isinstance(principal, Principal):
            if len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[token] = principal, int(claims["exp"])
        return principal


def _principal(claims: Mapping[str, Any]) -> Principal | Rejected:
    role = _ROLES.get(str(claims.get("role")))
    ids = {name: claims.get(name) for name in ("restaurant_id", "waiter_id", "session_id")}
    sound = all(id_ is None or (type(id_) is int and id_ > 0) for id_ in ids.values())
    needed = {Role.GUEST: "session_id", Role.WAITER: "waiter_id"}.get(role) if role else None
    if role is None or not sound or (needed is not None and ids[needed] is None):
        return Rejected(Code.UNAUTHENTICATED, "The token does not say who its bearer is.")
    if role is not Role.ADMIN and role is not Role.GUEST and ids["restaurant_id"] is None:
        return Rejected(Code.UNAUTHENTICATED, "The token does not say whose restaurant it is for.")
    own = {Role.GUEST: ids["session_id"], Role.WAITER: ids["waiter_id"]}.get(role)
    if role is Role.WAITER or "sub" not in claims:
        who = own or ids["restaurant_id"] or "chain"
    else:
        who = claims["sub"]
    return Principal(Caller(role, f"{role.value}:{who}"[:120]), **ids)
