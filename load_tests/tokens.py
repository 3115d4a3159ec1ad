"""Tokens for load users, signed with the key that the running application checks."""

import os
import time
from pathlib import Path

import jwt

HOURS = 12.0


class NoKey(Exception):
    """The application's key is unknown, so no token can be signed."""


class Tokens:
    """Makes tokens; the key is the first of `RESTAURANT_QR_TOKEN_KEYS`,
    `RESTAURANT_QR_AUTH_SECRET`, or the data folder's own."""

    def __init__(self, data_dir: Path) -> None:
        current = os.environ.get("RESTAURANT_QR_TOKEN_KEYS", "").partition(",")[0]
        set_ = current or os.environ.get("RESTAURANT_QR_AUTH_SECRET")
        self._secret = set_ or _kept_in(data_dir)

    def of(self, role: str, **ids: int) -> str:
        """`ids` are `restaurant_id`, `waiter_id` and `session_id`.

        The service takes unregistered administrators' tokens only from a store that is new.
        """
        given = os.environ.get("RESTAURANT_QR_TEST_ADMIN_TOKEN")
        if role == "admin" and given:
            return given
        claims: dict[str, object] = {"role": role, "exp": int(time.time() + HOURS * 3600), **ids}
        if role == "admin":
            claims["sub"] = "load"
        return jwt.encode(claims, self._secret, algorithm="HS256")


def _kept_in(data_dir: Path) -> str:
    path = data_dir / "auth_secret"
    if not path.exists():
        raise NoKey(
            f"There is no key in {data_dir}: start the application first, name its data folder "
            "with --data-dir, or set RESTAURANT_QR_TOKEN_KEYS."
        )
    return path.read_text().strip()
