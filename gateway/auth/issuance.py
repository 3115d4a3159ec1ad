"""Issues registered tokens, for administrators and on machines of the service."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import randbelow
from typing import Any, NamedTuple

import orjson

from gateway.auth.token_register import ADMIN_HOURS, sign
from gateway.parsing import MAX_ID
from protocol.caller import Role
from protocol.errors import Code, Rejected
from storage.store import Credentials, Store

MAX_TOKENS = 1000
"""Maximum number of unexpired registered tokens in a chain."""
MAX_HOURS: Mapping[Role, float] = {
    Role.ADMIN: ADMIN_HOURS,
    **dict.fromkeys((Role.MANAGER, Role.WAITER, Role.KITCHEN), 24.0 * 366),
}
"""Maximum lifetime of a registered token, by its role."""
_TOO_MANY = Rejected(
    Code.RATE_LIMITED,
    f"Cannot register more than {MAX_TOKENS} tokens. Revoke some of them (/api/tokens).",
)


class TokenRequest(NamedTuple):
    """A requested token. The label describes it in the list of tokens."""

    role: Role
    restaurant_id: int | None
    waiter_id: int | None
    label: str
    hours: float

    @property
    def seconds(self) -> int:
        return max(1, int(self.hours * 3600))

    def validate(self) -> Rejected | None:
        """Why such a token cannot be issued; None if it can."""
        role = self.role.value
        if self.role is not Role.ADMIN and self.restaurant_id is None:
            return _missing("restaurant_id", f"a {role}'s token needs a restaurant_id.")
        if (self.role is Role.WAITER) != (self.waiter_id is not None):
            return _missing("waiter_id", "a waiter's token needs a waiter_id, others take none.")
        if not 0 < self.hours <= MAX_HOURS[self.role]:
            most = MAX_HOURS[self.role]
            return _missing("hours", f"choose more than 0 and at most {most:g} for a {role}.")
        return None


class IssuedToken(NamedTuple):
    """A token and its row in the list."""

    token: str
    row: dict[str, Any]


def new_token_id() -> int:
    """A random id. A counter would repeat ids after the store was restored from a backup."""
    return 1 + randbelow(MAX_ID)


async def issue(
    store: Store,
    key: str,
    credentials: Credentials,
    token_request: TokenRequest,
    issued_by: str,
    token_id: int,
) -> IssuedToken | Rejected:
    """Register a token and sign it. Raises StoreUnavailable."""
    refused = token_request.validate()
    if refused is not None:
        return refused
    now = int(time.time())
    rows = await list_rows(store)
    expired = [each["token_id"] for each in rows if each["expires_at"] <= now]
    if len(rows) - len(expired) >= MAX_TOKENS:
        return _TOO_MANY
    row = {
        "token_id": token_id,
        "role": token_request.role.value,
        "restaurant_id": token_request.restaurant_id,
        "waiter_id": token_request.waiter_id,
        "label": token_request.label,
        "issued_by": issued_by,
        "issued_at": now,
        "expires_at": now + token_request.seconds,
    }
    await store.remove_tokens(expired)
    await store.register_token(token_id, orjson.dumps(row))
    return IssuedToken(sign_row(row, key, credentials), row)


def sign_row(row: Mapping[str, Any], key: str, credentials: Credentials) -> str:
    """The token that a row describes."""
    ids = {name: row[name] for name in ("restaurant_id", "waiter_id") if row[name] is not None}
    named = {"sub": str(row["token_id"]), "jti": str(row["token_id"])}
    claims = {"role": row["role"], **ids, **named, "exp": row["expires_at"]}
    return sign(claims, key, credentials)


def matches(row: Mapping[str, Any], token_request: TokenRequest) -> bool:
    """Whether a row describes the requested token."""
    made = row["role"], row["restaurant_id"], row["waiter_id"], row["label"]
    seconds = row["expires_at"] - row["issued_at"]
    return (*made, seconds) == (
        token_request.role.value,
        *token_request[1:4],
        token_request.seconds,
    )


async def list_rows(store: Store) -> list[dict[str, Any]]:
    """The rows of all registered tokens, the newest last. Raises StoreUnavailable."""
    rows = [orjson.loads(raw) for raw in (await store.tokens()).values()]
    return sorted(rows, key=lambda row: (row["issued_at"], row["token_id"]))


def row_to_wire(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in its wire form, for administrators."""
    times = {name: datetime.fromtimestamp(row[name], UTC) for name in ("issued_at", "expires_at")}
    return {**row, **times}


def _missing(field: str, why: str) -> Rejected:
    return Rejected(Code.INVALID_MESSAGE, f"{field}: {why}", {"field": field})
