"""Prints a signed token: `python -m scripts.issue_token manager --restaurant 2`.

Signs with the key that the running application checks: `RESTAURANT_QR_AUTH_SECRET`, or the one kept
in the data folder.
"""

import argparse
import time

import jwt

from protocol.caller import Role
from serve_app import Settings, secret_of

ROLES = tuple(role.value for role in Role if role is not Role.ANONYMOUS)


def token_for(settings: Settings, role: Role, *, hours: float = 12.0, **ids: int | None) -> str:
    """`ids` are `restaurant_id`, `waiter_id` and `session_id`; None leaves a claim out."""
    claims: dict[str, object] = {"role": role.value, "sub": "issued"}
    claims["exp"] = int(time.time() + hours * 3600)
    claims |= {name: id_ for name, id_ in ids.items() if id_ is not None}
    return jwt.encode(claims, secret_of(settings), algorithm="HS256")


def main() -> None:
    parser = argparse.ArgumentParser(description="Print a signed token.")
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--restaurant", type=int, help="only there; none: the whole chain")
    parser.add_argument("--waiter", type=int, help="whose channel a waiter may open")
    parser.add_argument("--session", type=int, help="a guest's session")
    parser.add_argument("--hours", type=float, default=12.0, help="how long it is good")
    wanted = parser.parse_args()
    print(
        token_for(
            Settings(),
            Role(wanted.role),
            hours=wanted.hours,
            restaurant_id=wanted.restaurant,
            waiter_id=wanted.waiter,
            session_id=wanted.session,
        )
    )


if __name__ == "__main__":
    main()
