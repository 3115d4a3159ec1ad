"""Prints a signed token: `make token ROLE=manager RESTAURANT=2`.

Signs with the key that the running application checks: the first of `RESTAURANT_QR_TOKEN_KEYS`,
`RESTAURANT_QR_AUTH_SECRET`, or the one kept in the data folder. Registers the token in the store,
where administrators list and revoke it (`/api/tokens`).
"""

import argparse
import asyncio
import getpass
import secrets
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from gateway.issuing import LONGEST_HOURS, Wanted, issue, new_token_id
from gateway.token_register import sign
from protocol.caller import Role
from protocol.errors import Rejected
from serve_app import Settings, keys_of
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import StoreUnavailable

ROLES = tuple(role.value for role in Role if role is not Role.ANONYMOUS)
GUEST_HOURS = 12.0


class CannotIssue(Exception):
    """The reason why no token was issued, with the remedy."""


def token_for(
    settings: Settings,
    role: Role,
    *,
    hours: float = 12.0,
    label: str = "make token",
    **ids: int | None,
) -> str:
    """A token for a role, registered in the store that the application uses, which must run.

    `ids` are `restaurant_id`, `waiter_id` and `session_id`; None leaves a claim out. A guest's
    token is not registered: it ends with its session. Raises CannotIssue.
    """
    with ThreadPoolExecutor(1) as thread:  # callers may have an event loop of their own
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
            given = {name: id_ for name, id_ in ids.items() if id_ is not None}
            expires_at = int(time.time() + hours * 3600)
            claims = {"role": role.value, "sub": secrets.token_hex(8), "exp": expires_at}
            return sign(claims | given, key, credentials)
        wanted = Wanted(role, ids.get("restaurant_id"), ids.get("waiter_id"), label, hours)
        by = f"{getpass.getuser()}@{socket.gethostname()}"
        issued = await issue(store, key, credentials, wanted, by, new_token_id())
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


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make token", usage="make token ROLE=manager RESTAURANT=2", description=__doc__
    )
    parser.add_argument("role", nargs="?", help=", ".join(ROLES))
    parser.add_argument("--restaurant", type=int, help="only there; none: the whole chain")
    parser.add_argument("--waiter", type=int, help="whose channel a waiter may open")
    parser.add_argument("--session", type=int, help="a guest's session")
    parser.add_argument("--hours", type=float, default=12.0, help="how long it is good")
    parser.add_argument("--label", default="make token", help="what the list of tokens calls it")
    wanted = parser.parse_args()
    if wanted.role not in ROLES:
        parser.error(f"say whose token it is: ROLE is one of {', '.join(ROLES)}")
    role = Role(wanted.role)
    needed = {Role.WAITER: "waiter", Role.GUEST: "session"}.get(role)
    if role not in (Role.ADMIN, Role.GUEST) and wanted.restaurant is None:
        parser.error(f"a {role.value}'s token needs its restaurant, such as RESTAURANT=2")
    if needed is not None and getattr(wanted, needed) is None:
        parser.error(f"a {role.value}'s token needs {needed.upper()}=, the {needed}'s id")
    if any(
        id_ is not None and id_ < 1 for id_ in (wanted.restaurant, wanted.waiter, wanted.session)
    ):
        parser.error("RESTAURANT, WAITER and SESSION are ids: 1 or more")
    longest = LONGEST_HOURS.get(role, GUEST_HOURS)
    if not 0 < wanted.hours <= longest:
        parser.error(
            f"HOURS, the lifetime of the token, must be more than 0 and at most {longest:g}"
        )
    settings = Settings()
    is_set = settings.token_keys or settings.auth_secret is not None
    if not is_set and not (settings.data_dir / "auth_secret").exists():
        parser.error(
            f"there is no key in {settings.data_dir.absolute()} yet: start the application first "
            "(make run), or set RESTAURANT_QR_DATA_DIR to its data folder"
        )
    waiter = wanted.waiter if role is Role.WAITER else None
    ids = {"restaurant_id": wanted.restaurant, "waiter_id": waiter, "session_id": wanted.session}
    try:
        print(token_for(settings, role, hours=wanted.hours, label=wanted.label, **ids))
    except CannotIssue as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
