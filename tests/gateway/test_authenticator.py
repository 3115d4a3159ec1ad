"""The authenticator: principals of own tokens, and refusals."""

import time
from typing import Any

import jwt
import pytest

from gateway.auth.authenticator import Authenticator, bearer
from gateway.auth.client_address import LOCAL
from gateway.auth.token_verifier import MAX_EXPIRY, MAX_TOKEN_CHARS
from protocol.caller import Role
from tests.gateway.conftest import empty_register
from tests.gateway.signed_tokens import SECRET, accepted, forged_token, refused, signed


@pytest.fixture
def own_authenticator() -> Authenticator:
    return Authenticator((SECRET,), empty_register(), allow_anonymous=True)


# --- without a token -----------------------------------------------------------------------------


async def test_a_request_without_a_token_is_anonymous_if_that_is_allowed(
    own_authenticator: Authenticator,
) -> None:
    principal = await accepted(own_authenticator, None)
    assert principal.role is Role.ANONYMOUS
    assert principal.expires_at is None


async def test_a_request_without_a_token_is_refused_if_tokens_are_required() -> None:
    await refused(Authenticator((SECRET,), empty_register(), allow_anonymous=False), None)


# --- our own tokens ------------------------------------------------------------------------------


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
async def test_a_token_is_mapped_to_its_principal(
    own_authenticator: Authenticator, claims: dict[str, Any], subject: str
) -> None:
    principal = await accepted(own_authenticator, signed(**claims))
    assert principal.role.value == claims["role"]
    assert principal.caller.subject == subject
    assert principal.restaurant_id == claims.get("restaurant_id")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "\udcff.\udcff.\udcff",
        "é.é.é",
        signed("another secret that is also long enough", role="admin"),
        signed(role="admin", exp=1),
        signed(role="admin", nbf=int(time.time()) + 3600),
        signed(role="anonymous"),
        signed(role="king"),
        signed(role=["admin"]),
        signed(role={"admin": True}),
        signed(role=None),
        signed(),
        signed(role="guest", restaurant_id=2),
        signed(role="waiter", restaurant_id=2),
        signed(role="manager"),
        signed(role="manager", restaurant_id="2"),
        signed(role="manager", restaurant_id=True),
        signed(role="manager", restaurant_id=0),
        signed(role="manager", restaurant_id=2.0),
        signed(role="manager", restaurant_id=[2]),
        signed(role="guest", session_id={"id": 7}),
        signed(role="admin", sub="two\nlines"),
        signed(role="admin", sub="\ud800"),
        signed(role="admin", aud="another service"),
        jwt.encode({"role": "admin"}, SECRET, "HS256"),
        jwt.encode({"role": "admin", "exp": 2**40}, "", "none"),
    ],
)
@pytest.mark.attack("tokens")
async def test_an_invalid_token_is_refused_even_if_anonymous_access_is_allowed(
    own_authenticator: Authenticator, token: str
) -> None:
    await refused(own_authenticator, token)


@pytest.mark.parametrize("time_", [str(2**40), True, None, [], {}, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.attack("tokens")
async def test_a_token_with_a_time_that_is_not_a_number_is_refused(
    own_authenticator: Authenticator, name: str, time_: Any
) -> None:
    claims = {"role": "admin", "exp": 2**40, name: time_}
    await refused(own_authenticator, forged_token({"alg": "HS256"}, claims, SECRET.encode()))


@pytest.mark.parametrize(
    "claims", [b"[]", b"null", b'"admin"', b"[" * 4000, b'{"exp": ' + b"9" * 5000 + b"}", b"\xff"]
)
@pytest.mark.attack("tokens")
async def test_a_token_whose_claims_are_not_an_object_is_refused(
    own_authenticator: Authenticator, claims: bytes
) -> None:
    await refused(own_authenticator, forged_token({"alg": "HS256"}, claims, SECRET.encode()))


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"[" * 4000,
        {},
        {"alg": None},
        {"alg": ["HS256"]},
        {"alg": "hs256"},
        {"alg": "HS512"},
        {"alg": "HS256", "kid": 7},
        {"alg": "HS256", "crit": ["mine"], "mine": 1},
    ],
)
@pytest.mark.attack("tokens")
async def test_a_token_with_an_invalid_header_is_refused(
    own_authenticator: Authenticator, header: Any
) -> None:
    claims = {"role": "admin", "exp": 2**40}
    await accepted(own_authenticator, forged_token({"alg": "HS256"}, claims, SECRET.encode()))
    await refused(own_authenticator, forged_token(header, claims, SECRET.encode()))


async def test_a_token_is_refused_after_its_expiry(own_authenticator: Authenticator) -> None:
    end = int(time.time()) + 1000
    assert (await accepted(own_authenticator, signed(role="admin", exp=end))).expires_at == end


@pytest.mark.parametrize("end", [1e300, 10**400])
async def test_an_unbounded_expiry_is_capped_at_the_year_9999(
    own_authenticator: Authenticator, end: float
) -> None:
    token = signed(role="kitchen", restaurant_id=2, exp=end)
    assert (await accepted(own_authenticator, token)).expires_at == MAX_EXPIRY


async def test_a_cached_token_is_refused_once_it_has_expired(
    own_authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed(role="admin", exp=int(time.time()) + 600)
    first = await accepted(own_authenticator, token)
    assert await own_authenticator.principal(token, LOCAL) is first
    end = time.time() + 601
    monkeypatch.setattr(time, "time", lambda: end)
    assert await own_authenticator.principal(token, LOCAL) is not first


@pytest.mark.attack("tokens")
async def test_a_token_that_is_too_long_is_refused_unparsed(
    own_authenticator: Authenticator,
) -> None:
    role = {"role": "admin", "more": "x" * 100}
    await accepted(own_authenticator, signed(**role))
    role["more"] = "x" * MAX_TOKEN_CHARS
    await refused(own_authenticator, signed(**role))


async def test_a_refusal_does_not_repeat_the_token(own_authenticator: Authenticator) -> None:
    assert "nonsense" not in (await refused(own_authenticator, "nonsense.of.mine")).error


def test_the_authorization_header_precedes_subprotocol_and_query() -> None:
    assert bearer("Bearer one", ["bearer", "two"], "three") == "one"
    assert bearer(None, ["bearer", "two"], "three") == "two"
    assert bearer(None, ["chat"], "three") == "three"
    assert bearer(None, [], None) is None
    assert bearer(None, ["chat", "bearer", "two"], "three") == "two"


@pytest.mark.parametrize(
    ("authorization", "subprotocols", "query"),
    [
        pytest.param("", [], None, id="empty_header"),
        pytest.param("Bearer", [], None, id="header_without_token"),
        pytest.param("Token abc", [], None, id="another_scheme"),
        pytest.param(None, ["bearer"], None, id="subprotocol_without_token"),
        pytest.param(None, ["Bearer"], None, id="capital_subprotocol_without_token"),
        pytest.param(None, ["chat", "bearer"], None, id="subprotocol_at_the_end"),
        pytest.param(None, [], "", id="empty_query"),
    ],
)
async def test_auth_open_refuses_a_bearer_subprotocol_without_a_token(
    own_authenticator: Authenticator,
    authorization: str | None,
    subprotocols: list[str],
    query: str | None,
) -> None:
    await refused(own_authenticator, bearer(authorization, subprotocols, query))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"role": "admin", "restaurant_id": None}, id="admin_of_no_restaurant"),
        pytest.param(
            {"role": "guest", "session_id": 7, "restaurant_id": None}, id="guest_of_no_restaurant"
        ),
        pytest.param({"role": "admin", "device_id": 3}, id="device_of_the_chain"),
    ],
)
async def test_a_token_without_a_restaurant_is_not_valid_for_the_whole_chain(
    own_authenticator: Authenticator, claims: dict[str, Any]
) -> None:
    await refused(own_authenticator, signed(**claims))


async def test_long_subjects_with_the_same_prefix_are_two_callers(
    own_authenticator: Authenticator,
) -> None:
    """Callers with one subject share idempotency keys and rate limits."""
    manager: dict[str, Any] = {"role": "manager", "restaurant_id": 2}
    subjects = [
        (await accepted(own_authenticator, signed(**manager, sub="x" * 200 + end))).caller.subject
        for end in ("", "a", "b")
    ]
    assert len(set(subjects)) == 3
    assert max(map(len, subjects)) < 160
    again = await accepted(own_authenticator, signed(**manager, sub="x" * 200 + "a", more="claims"))
    assert again.caller.subject == subjects[1]


@pytest.mark.parametrize("length", [1, 50, 112])
async def test_a_short_subject_is_not_changed(
    own_authenticator: Authenticator, length: int
) -> None:
    token = signed(role="manager", restaurant_id=2, sub="x" * length)
    assert (await accepted(own_authenticator, token)).caller.subject == f"manager:{'x' * length}"


async def test_another_authorization_scheme_is_refused(own_authenticator: Authenticator) -> None:
    await refused(own_authenticator, bearer("Basic abc", [], None))
