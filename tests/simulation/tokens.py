"""Tokens for the simulation's clients, signed with the gateways' secret."""

from functools import cache

import jwt

from protocol.caller import Role
from tests.simulation.gateway import SECRET

FAR_AWAY = 4_000_000_000


@cache
def token(role: Role, who: str, **ids: int) -> str:
    return jwt.encode(
        {"role": role.value, "sub": who, "exp": FAR_AWAY, **ids}, SECRET, algorithm="HS256"
    )
