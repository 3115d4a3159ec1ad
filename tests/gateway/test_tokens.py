"""Registered tokens: issued and listed by administrators of the chain, and revoked at once."""

import asyncio
import time
from typing import Any, cast

import jwt
import orjson
import pytest

from gateway.auth.authenticator import Authenticator
from gateway.auth.client_address import LOCAL
from gateway.auth.issuance import list_rows
from gateway.auth.principal import Principal
from gateway.auth.token_register import TokenRegister
from gateway.settings import GatewaySettings
from protocol.errors import Code, Rejected
from storage.embedded import EmbeddedStore
from storage.redis_store import RedisStore, open_store
from storage.store import Credentials, Store, StoreUnavailable
from tests.gateway.conftest import (
    KEYS,
    SECRET,
    Gateway,
    Place,
    empty_register,
    serving,
    token,
)
from tests.local_hosts import LocalHosts

TILL = {"role": "admin", "label": "The till", "hours": 2.0}


def as_(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}


async def listed(gateway: Gateway) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await gateway.http.get("/api/tokens")).json()["data"]
    return rows


async def status(gateway: Gateway, path: str, bearer: str) -> int:
    return (await gateway.http.get(f"/api{path}", headers=as_(bearer))).status_code


async def revoked(gateway: Gateway, token_id: int) -> Any:
    return (await gateway.http.delete(f"/api/tokens/{token_id}")).json()


async def test_an_issued_token_is_listed_and_grants_its_role(
    gateway: Gateway, place: Place
) -> None:
    issued = await gateway.post("/tokens", TILL)
    row = issued["data"]
    assert (row["role"], row["label"], row["issued_by"]) == ("admin", "The till", "admin:chain")
    assert await listed(gateway) == [row]
    claims = jwt.decode(issued["token"], SECRET, ["HS256"])
    assert claims["jti"] == str(row["token_id"])
    assert claims["exp"] == issued["expires_at"]
    assert 7190 < claims["exp"] - time.time() <= 7200
    assert await status(gateway, f"/tables/{place.table}", issued["token"]) == 200
    renewed = await gateway.http.post("/api/tokens", json=TILL, headers=as_(issued["token"]))
    assert renewed.json()["data"]["issued_by"] == f"admin:{row['token_id']}"


async def test_revoking_a_token_closes_its_sockets_and_no_others(
    gateway: Gateway, place: Place
) -> None:
    first, second = [await gateway.post("/tokens", TILL) for _ in range(2)]
    path = f"tables/{place.table}/"
    lost = [await gateway.socket(path, as_=first["token"]) for _ in range(2)]
    others = [await gateway.socket(path, as_=each) for each in (second["token"], token("admin"))]
    for socket in (*lost, *others):
        await socket.next()
    token_id = first["data"]["token_id"]
    assert await revoked(gateway, token_id) == {"changed": True}
    for socket in lost:
        assert await socket.closed() == 4401
    for socket in others:
        assert "type" in await socket.request("get_status")
    assert await status(gateway, f"/tables/{place.table}", first["token"]) == 401
    late = await gateway.socket(path, as_=first["token"])
    assert await late.closed() == 4401
    assert await revoked(gateway, token_id) == {"changed": False}
    assert [row["token_id"] for row in await listed(gateway)] == [second["data"]["token_id"]]


async def test_a_token_is_revoked_on_every_gateway(
    gateway: Gateway, place: Place, hosts: LocalHosts, valkey: EmbeddedStore
) -> None:
    issued = await gateway.post("/tokens", TILL)
    own = open_store(valkey.url, retention_s=3600)
    async with serving(hosts, own, GatewaySettings(KEYS), "g2") as other:
        assert await status(other, f"/tables/{place.table}", issued["token"]) == 200
        socket = await other.socket(f"tables/{place.table}/", as_=issued["token"])
        await socket.next()
        await revoked(gateway, issued["data"]["token_id"])
        assert await socket.closed() == 4401
        assert await status(other, f"/tables/{place.table}", issued["token"]) == 401


async def test_a_signed_token_that_is_not_listed_is_refused(gateway: Gateway, place: Place) -> None:
    for jti in ("12345", "", "x", "-1"):
        assert await status(gateway, f"/tables/{place.table}", token("admin", jti=jti)) == 401
        manager = token("manager", restaurant_id=place.restaurant, jti=jti)
        assert await status(gateway, f"/tables/{place.table}", manager) == 401


@pytest.mark.parametrize(
    ("what", "restaurant", "waiter"),
    [
        ({"role": "manager"}, True, False),
        ({"role": "kitchen"}, True, False),
        ({"role": "waiter"}, True, True),
        ({"role": "admin"}, True, False),
    ],
    ids=["manager", "kitchen", "waiter", "administrator of one restaurant"],
)
async def test_a_token_of_a_restaurant_is_refused_once_it_is_revoked(
    gateway: Gateway, place: Place, what: dict[str, Any], restaurant: bool, waiter: bool
) -> None:
    body = what | {"label": "A system"}
    body |= {"restaurant_id": place.restaurant} if restaurant else {}
    body |= {"waiter_id": place.waiter} if waiter else {}
    issued = await gateway.post("/tokens", body)
    path = f"/orders/{await order(gateway, place)}"
    assert await status(gateway, path, issued["token"]) == 200
    await revoked(gateway, issued["data"]["token_id"])
    assert await status(gateway, path, issued["token"]) == 401


async def order(gateway: Gateway, place: Place) -> int:
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    created = await gateway.post(f"/sessions/{session}/orders", {"items": [{"menu_item_id": 1}]})
    return int(created["order_id"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "guest"}, {"role": "king"}, {"hours": 24.5}, {"hours": 0}, {"label": ""},
        {"role": "manager"}, {"role": "waiter", "restaurant_id": 2},
        {"role": "manager", "restaurant_id": 2, "waiter_id": 1},
    ],
    ids=["guest", "unknown role", "more than a day", "no time", "no label",
         "manager without restaurant", "waiter without id", "manager with waiter's id"],
)  # fmt: skip
async def test_an_invalid_token_request_is_refused_and_not_listed(
    gateway: Gateway, wrong: dict[str, Any]
) -> None:
    response = await gateway.http.post("/api/tokens", json=TILL | wrong)
    assert response.status_code == 422, response.text
    assert await listed(gateway) == []


@pytest.mark.attack("tokens")
async def test_only_administrators_of_the_chain_can_manage_tokens(
    gateway: Gateway, place: Place
) -> None:
    issued = await gateway.post("/tokens", TILL)
    here = {"restaurant_id": place.restaurant}
    one = f"/api/tokens/{issued['data']['token_id']}"
    for bearer in (
        token("admin", **here),
        token("manager", **here),
        token("waiter", waiter_id=place.waiter, **here),
        token("kitchen", **here),
        token("guest", session_id=7, **here),
    ):
        for method, path in (("GET", "/api/tokens"), ("POST", "/api/tokens"), ("DELETE", one)):
            body = TILL if method == "POST" else None
            response = await gateway.http.request(method, path, json=body, headers=as_(bearer))
            assert response.status_code == 403, (method, bearer)
    assert await listed(gateway) == [issued["data"]]


async def test_a_repeated_key_gets_the_same_token_until_it_is_revoked(gateway: Gateway) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = [await gateway.http.post("/api/tokens", json=TILL, headers=key) for _ in "12"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = await gateway.http.post("/api/tokens", json=TILL | {"label": "x"}, headers=key)
    assert other.json()["code"] == "idempotency_conflict"
    token_id = first.json()["data"]["token_id"]
    assert [row["token_id"] for row in await listed(gateway)] == [token_id]
    await revoked(gateway, token_id)
    late = await gateway.http.post("/api/tokens", json=TILL, headers=key)
    assert late.status_code == 404, "a repeated request does not restore a revoked token"
    assert await listed(gateway) == []


async def test_a_token_request_can_be_retried_with_its_key_after_a_store_failure(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(self: RedisStore, token_id: int, row: bytes) -> None:
        raise StoreUnavailable("refused by the test")

    key = {"Idempotency-Key": "k"}
    with monkeypatch.context() as failing:
        failing.setattr(RedisStore, "register_token", unavailable)
        failed = await gateway.http.post("/api/tokens", json=TILL, headers=key)
    assert failed.json()["code"] == "unavailable"
    repeated = await gateway.http.post("/api/tokens", json=TILL, headers=key)
    assert repeated.status_code == 201, repeated.text
    assert await listed(gateway) == [repeated.json()["data"]]


async def test_simultaneous_requests_with_one_key_issue_one_token(gateway: Gateway) -> None:
    key = {"Idempotency-Key": "k"}
    responses = await asyncio.gather(
        *(gateway.http.post("/api/tokens", json=TILL, headers=key) for _ in range(5))
    )
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["token"] for response in responses}) == 1
    assert len(await listed(gateway)) == 1


async def test_an_expired_token_is_not_listed_and_is_removed_with_the_next_one_issued(
    gateway: Gateway, store: Store
) -> None:
    issued = await gateway.post("/tokens", TILL)
    [row] = await list_rows(store)
    await store.register_token(1, orjson.dumps(row | {"token_id": 1, "expires_at": 1}))
    assert await listed(gateway) == [issued["data"]]
    assert len(await store.tokens()) == 2
    await gateway.post("/tokens", TILL)
    assert 1 not in await store.tokens()


async def test_a_full_list_of_tokens_refuses_another_one(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.auth.issuance.MAX_TOKENS", 1)
    await gateway.post("/tokens", TILL)
    refused = await gateway.http.post("/api/tokens", json=TILL)
    assert refused.json()["code"] == "rate_limited"
    assert len(await listed(gateway)) == 1


# --- administrators' tokens of releases that registered none --------------------------------------


def unregistered_token(hours: float) -> str:
    return jwt.encode({"role": "admin", "exp": int(time.time() + hours * 3600)}, SECRET, "HS256")


async def principal(registering_for_hours: float, bearer: str) -> Principal | Rejected:
    since = time.time() - registering_for_hours * 3600
    register = empty_register(Credentials("", "", since))
    return await Authenticator((SECRET,), register, allow_anonymous=False).principal(bearer, LOCAL)


@pytest.mark.parametrize(
    ("hours", "left"), [(2.0, 2.0), (365 * 24.0, 23.0)], ids=["two hours", "a year"]
)
async def test_unregistered_admin_tokens_are_valid_until_a_day_after_the_upgrade(
    hours: float, left: float
) -> None:
    found = await principal(1.0, unregistered_token(hours))
    assert isinstance(found, Principal)
    assert found.expires_at is not None
    assert abs(found.expires_at - time.time() - left * 3600) < 60


@pytest.mark.attack("tokens")
async def test_unregistered_admin_tokens_are_refused_a_day_after_the_upgrade() -> None:
    refused = await principal(24.1, unregistered_token(2.0))
    assert isinstance(refused, Rejected)
    assert refused.code is Code.UNAUTHENTICATED


async def test_a_gateway_answers_unavailable_until_it_has_read_the_credentials() -> None:
    class UnavailableStore:
        is_unavailable = True

        async def credentials(self) -> Credentials:
            if self.is_unavailable:
                raise StoreUnavailable("refused by the test")
            return Credentials("", "", time.time())

    unavailable = UnavailableStore()
    identity = Authenticator(
        (SECRET,), TokenRegister(cast(Store, unavailable)), allow_anonymous=True
    )
    bearer = token("manager", restaurant_id=2)
    for each in (bearer, None):
        refused = await identity.principal(each, LOCAL)
        assert isinstance(refused, Rejected)
        assert refused.code is Code.UNAVAILABLE
    unavailable.is_unavailable = False
    assert isinstance(await identity.principal(bearer, LOCAL), Principal)
