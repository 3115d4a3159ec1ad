"""Issues a signed token: `./restaurant-qr token manager --restaurant 2`.

Signs with the key that the running application checks: the first of `RESTAURANT_QR_TOKEN_KEYS`,
`RESTAURANT_QR_AUTH_SECRET`, or the one in the data folder. Registers the token in the store,
where administrators list and revoke it (`/api/tokens`).
"""

import asyncio
import getpass
import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt

from gateway.auth.issuance import MAX_HOURS, TokenRequest, issue, new_token_id
from gateway.auth.token_register import sign
from protocol.caller import Role
from protocol.errors import Rejected
from restaurant_qr.exits import Cannot
from serve_app import keys_of
from service_settings import Settings
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import StoreUnavailable

GUEST_HOURS = 12.0


class CannotIssue(Cannot):
    """No token could be issued. The message has the reason and a remedy."""


def token_for(
    settings: Settings,
    role: Role,
    *,
    hours: float = 12.0,
    label: str = "make token",
    **ids: int | None,
) -> str:
    """A token for a role, registered in the application's store, which must be running.

    `ids` are `restaurant_id`, `waiter_id` and `session_id`; None leaves a claim out. A guest's
    token is not registered: it ends with its session. Raises CannotIssue.
    """
    with ThreadPoolExecutor(1) as thread:  # the caller may be running an event loop
        return thread.submit(asyncio.run, _issued(settings, role, hours, label, ids)).result()


async def _issued(
    settings: Settings, role: Role, hours: float, label: str, ids: dict[str, int | None]
) -> str:
    url = settings.redis_url or EmbeddedStore(settings.data_dir.absolute()).url
    store = open_store(
        url, retention_s=1, timeout_s=settings.store_timeout_s, durability=settings.durability
    )
    key = keys_of(settings).tokens[0]
    try:
        credentials = await store.credentials()
        if role is Role.GUEST:
            id_claims = {name: id_ for name, id_ in ids.items() if id_ is not None}
            expires_at = int(time.time() + hours * 3600)
            claims = {"role": role.value, "sub": secrets.token_hex(8), "exp": expires_at}
            return sign(claims | id_claims, key, credentials)
        request = TokenRequest(role, ids.get("restaurant_id"), ids.get("waiter_id"), label, hours)
        by = f"{getpass.getuser()}@{socket.gethostname()}"
        issued = await issue(store, key, credentials, request, by, new_token_id())
    except StoreUnavailable as error:
        raise CannotIssue(
            f"Cannot register the token because the store at {url.rpartition('@')[2]} does not "
            f"answer or takes no writes ({error}). Start the application first (make run); if it "
            "runs, its log has the reason."
        ) from error
    finally:
        await store.close()
    if isinstance(issued, Rejected):
        raise CannotIssue(issued.error)
    return issued.token


def longest_hours(role: Role) -> float:
    """The longest lifetime of a role's token."""
    return MAX_HOURS.get(role, GUEST_HOURS)


def has_key(settings: Settings) -> bool:
    """Whether the application's key is set, or stored in the data folder."""
    is_set = bool(settings.token_keys) or settings.auth_secret is not None
    return is_set or (settings.data_dir / "auth_secret").exists()


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token that was just issued: role, ids, and expiry in Unix seconds."""
    claims = jwt.decode(token, options={"verify_signature": False})
    ids = {name: claims.get(name) for name in ("restaurant_id", "waiter_id", "session_id")}
    return {"role": claims["role"], **ids, "expires_at": claims["exp"]}
