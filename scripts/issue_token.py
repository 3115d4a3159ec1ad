"""Prints a signed token: `make token ROLE=manager RESTAURANT=2`.

Signs with the key that the running application checks: the first of `RESTAURANT_QR_TOKEN_KEYS`,
`RESTAURANT_QR_AUTH_SECRET`, or the one kept in the data folder.
"""

import argparse
import secrets
import time

import jwt

from protocol.caller import Role
from serve_app import Settings, keys_of

ROLES = tuple(role.value for role in Role if role is not Role.ANONYMOUS)
LONGEST_HOURS = 24 * 366


def token_for(
    settings: Settings,
    role: Role,
    *,
    hours: float = 12.0,
    subject: str = "issued",
    **ids: int | None,
) -> str:
    """A token for a role.

    `subject` tells two holders of a role apart. `ids` are `restaurant_id`, `waiter_id` and
    `session_id`; None leaves a claim out.
    """
    claims: dict[str, object] = {"role": role.value, "sub": subject}
    claims["exp"] = int(time.time() + hours * 3600)
    claims |= {name: id_ for name, id_ in ids.items() if id_ is not None}
    return jwt.encode(claims, keys_of(settings).tokens[0], algorithm="HS256")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make token", usage="make token ROLE=manager RESTAURANT=2", description=__doc__
    )
    parser.add_argument("role", nargs="?", help=", ".join(ROLES))
    parser.add_argument("--restaurant", type=int, help="only there; none: the whole chain")
    parser.add_argument("--waiter", type=int, help="whose channel a waiter may open")
    parser.add_argument("--session", type=int, help="a guest's session")
    parser.add_argument("--hours", type=float, default=12.0, help="how long it is good")
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
    if not 0 < wanted.hours <= LONGEST_HOURS:
        parser.error(f"HOURS is how long the token is good: more than 0, at most {LONGEST_HOURS}")
    settings = Settings()
    is_set = settings.token_keys or settings.auth_secret is not None
    if not is_set and not (settings.data_dir / "auth_secret").exists():
        parser.error(
            f"there is no key in {settings.data_dir.absolute()} yet: start the application first "
            "(make run), or set RESTAURANT_QR_DATA_DIR to its data folder"
        )
    print(
        token_for(
            settings,
            role,
            hours=wanted.hours,
            subject=secrets.token_hex(4),
            restaurant_id=wanted.restaurant,
            waiter_id=wanted.waiter,
            session_id=wanted.session,
        )
    )


if __name__ == "__main__":
    main()
