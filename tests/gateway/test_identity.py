"""Tokens made into principals."""

import time
from typing import Any

import jwt
import pytest

from gateway.identity import Identity, bearer
from protocol.caller import Role
from protocol.errors import Code, Rejected

SECRET = "a secret of the tests that is long enough"


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode({"exp": int(time.time()) + 60, **claims}, secret, algorithm)


@pytest.fixture
def identity() -> Identity:
    return Identity(SECRET, open_door=True)


def test_without_a_token_an_open_door_lets_anybody_in(identity: Identity) -> None:
    principal = identity.principal(None)
    assert not isinstance(principal, Rejected)
    assert principal.role is Role.ANONYMOUS


def test_without_a_token_a_closed_door_stays_closed() -> None:
    refusal = Identity(SECRET, open_door=False).principal(None)
    assert isinstance(refusal, Rejected)
    assert refusal.code is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("claims", "subject"),
    [
        ({"role": "waiter", "restaurant_id": 2, "waiter_id": 10}, "waiter:10"),
        ({"role": "guest", "restaurant_id": 2, "session_id": 7}, "guest:7"),
        ({"role": "kitchen", "restaurant_id": 2}, "kitchen:2"),
        ({"role": "manager", "restaurant_id": 2, "sub": "eve"}, "manager:eve"),
        ({"role": "admin"}, "admin:chain"),
    ],
)
def test_a_token_says_who_its_bearer_is(
    identity: Identity, claims: dict[str, Any], subject: str
) -> None:
    principal = identity.principal(signed(**claims))
    assert not isinstance(principal, Rejected)
    assert principal.role.value == claims["role"]
    assert principal.caller.subject == subject
    assert principal.restaurant_id == claims.get("restaurant_id")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        signed("another secret that is also long enough", role="admin"),
        signed(role="admin", exp=1),
        signed(role="anonymous"),
        signed(role="king"),
        signed(),
        signed(role="guest", restaurant_id=2),
        signed(role="waiter", restaurant_id=2),
        signed(role="manager"),
        signed(role="manager", restaurant_id="2"),
        signed(role="manager", restaurant_id=True),
        signed(role="manager", restaurant_id=0),
        jwt.encode({"role": "admin"}, SECRET, "HS256"),
        jwt.encode({"role": "admin", "exp": 2**40}, "", "none"),
    ],
)
def test_a_bad_token_is_refused_even_where_the_door_is_open(identity: Identity, token: str) -> None:
    refusal = identity.principal(token)
    assert isinstance(refusal, Rejected)
    assert refusal.code is Code.UNAUTHENTICATED


def test_a_refusal_does_not_repeat_the_token(identity: Identity) -> None:
    refusal = identity.principal("nonsense.of.mine")
    assert isinstance(refusal, Rejected)
    assert "nonsense" not in refusal.error


def test_the_header_comes_before_subprotocol_and_query() -> None:
    assert bearer("Bearer one", ["bearer", "two"], "three") == "one"
    assert bearer(None, ["bearer", "two"], "three") == "two"
    assert bearer(None, ["chat"], "three") == "three"
    assert bearer(None, [], None) is None


def test_another_scheme_is_no_token_and_not_anonymous_either(identity: Identity) -> None:
    assert isinstance(identity.principal(bearer("Basic abc", [], None)), Rejected)
