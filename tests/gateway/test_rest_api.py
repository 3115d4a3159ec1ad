"""The HTTP API over a real server."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from gateway.http.rest_api import RestApi
from gateway.settings import GatewaySettings
from protocol.ids import Address, Kind
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store
from tests.eventually import eventually
from tests.gateway.conftest import KEYS, Gateway, Place, make_place, serving, token
from tests.local_hosts import LocalHosts

NEW = {"name": "Osteria", "currency": "EUR", "timezone": "Europe/Rome"}


async def open_session(gateway: Gateway, place: Place) -> int:
    created = await gateway.post(f"/tables/{place.table}/sessions", {"guests_count": 2})
    return int(created["session_id"])


async def place_order(gateway: Gateway, place: Place) -> int:
    session = await open_session(gateway, place)
    created = await gateway.post(f"/sessions/{session}/orders", {"items": [{"menu_item_id": 1}]})
    return int(created["order_id"])


def as_(role: str, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(role, **claims)}"}


def anonymous(gateway: Gateway) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=str(gateway.http.base_url), timeout=10)


# --- creating ------------------------------------------------------------------------------------


async def test_a_created_entity_can_be_read_at_once(gateway: Gateway, place: Place) -> None:
    created = await gateway.http.post(f"/api/tables/{place.table}/sessions", json={})
    assert created.status_code == 201
    body = created.json()
    assert body["changed"] is True
    assert body["data"]["id"] == body["session_id"]
    assert created.headers["location"] == f"/api/sessions/{body['session_id']}"
    seen = (await gateway.http.get(created.headers["location"])).json()
    assert seen["type"] == "session_status"
    assert seen["data"] == body["data"]


async def test_a_repeated_idempotency_key_creates_one_entity(
    gateway: Gateway, place: Place
) -> None:
    key = {"Idempotency-Key": "once"}
    first = await gateway.http.post("/api/restaurants", json=NEW, headers=key)
    again = await gateway.http.post("/api/restaurants", json=NEW, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["restaurant_id"] == again.json()["restaurant_id"]
    session = [
        (await gateway.http.post(f"/api/tables/{place.table}/sessions", json={}, headers=key))
        for _ in range(2)
    ]
    assert session[0].json()["session_id"] == session[1].json()["session_id"]


async def test_an_idempotency_key_with_another_body_is_a_conflict(
    gateway: Gateway, place: Place
) -> None:
    key = {"Idempotency-Key": "k"}
    path = f"/api/tables/{place.table}/sessions"
    first = await gateway.http.post(path, json={"guests_count": 2}, headers=key)
    other = await gateway.http.post(path, json={"guests_count": 3}, headers=key)
    assert other.status_code == 409
    assert other.json()["code"] == "idempotency_conflict"
    session = await gateway.http.get(f"/api/sessions/{first.json()['session_id']}")
    assert session.json()["data"]["guests_count"] == 2


async def test_a_creation_whose_answer_was_lost_is_still_answered_with_201(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    host = hosts.placement.host_of(Address(Kind.TABLE, place.table, place.restaurant))
    hosts.mute.add(host)
    hosts.delivered.clear()
    creation = asyncio.create_task(
        gateway.http.post(f"/api/tables/{place.table}/sessions", json={})
    )
    await eventually(lambda: any(name == host for name, _ in hosts.delivered))
    hosts.mute.clear()
    created = await creation
    assert created.status_code == 201, created.text
    table = (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]
    assert table["session"]["id"] == created.json()["session_id"]


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/orders/987654", 404, "not_found"),
        ("GET", "/api/orders/abc", 422, "invalid_message"),
        ("GET", "/api/orders/0", 422, "invalid_message"),
        ("GET", "/api/nothing", 404, "not_found"),
        ("DELETE", "/api/orders/1", 405, "unknown_action"),
        ("PATCH", "/api/calls/x-1", 422, "invalid_message"),
        ("GET", "/api/restaurants?limit=x", 422, "invalid_message"),
    ],
)
async def test_an_error_has_its_code_and_status(
    gateway: Gateway, method: str, path: str, status: int, code: str
) -> None:
    response = await gateway.http.request(method, path)
    assert response.status_code == status
    assert response.json()["code"] == code
    assert response.json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"[]", 422, "invalid_message"),
        (b'{"guests_count": "four"}', 422, "invalid_message"),
        (b'{"guest_count": 4}', 422, "invalid_message"),
        (b'{"action": "occupy"}', 422, "invalid_message"),
        (b'{"request_id": "x"}', 422, "invalid_message"),
        (b'{"waiter_id": 987654}', 404, "not_found"),
        (b'{"expected_version": 99}', 409, "version_conflict"),
        (b" " * (1024 * 1024 + 1), 413, "too_large"),
    ],
)
async def test_an_invalid_body_is_refused_and_changes_nothing(
    gateway: Gateway, place: Place, body: bytes, status: int, code: str
) -> None:
    before = (await gateway.http.get(f"/api/tables/{place.table}")).json()
    response = await gateway.http.post(f"/api/tables/{place.table}/sessions", content=body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await gateway.http.get(f"/api/tables/{place.table}")).json() == before


async def test_a_waiter_of_another_restaurant_is_not_found(gateway: Gateway, place: Place) -> None:
    other = await make_place(gateway)
    path = f"/api/tables/{place.table}/sessions"
    response = await gateway.http.post(path, json={"waiter_id": other.waiter})
    assert response.json()["code"] == "not_found"
    table = (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]
    assert table["is_occupied"] is False


async def test_an_occupied_table_refuses_a_second_session(gateway: Gateway, place: Place) -> None:
    session = await open_session(gateway, place)
    response = await gateway.http.post(f"/api/tables/{place.table}/sessions", json={})
    assert response.status_code == 409
    assert response.json()["code"] == "table_occupied"
    table = (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]
    assert table["session"]["id"] == session


async def test_a_payment_without_a_key_is_refused(gateway: Gateway, place: Place) -> None:
    order = await place_order(gateway, place)
    path, body = f"/api/orders/{order}/payments", {"amount": "6.50", "method": "cash"}
    response = await gateway.http.post(path, json=body)
    assert response.status_code == 422
    assert (await gateway.http.get(f"/api/orders/{order}")).json()["data"]["balance"] == "6.50"


async def test_a_payment_sent_twice_is_taken_once(gateway: Gateway, place: Place) -> None:
    order = await place_order(gateway, place)
    path, body = f"/api/orders/{order}/payments", {"amount": "2.50", "method": "cash"}
    for _ in range(3):
        response = await gateway.http.post(path, json=body, headers={"Idempotency-Key": "p"})
        assert response.status_code == 200, response.text
    assert (await gateway.http.get(f"/api/orders/{order}")).json()["data"]["balance"] == "4.00"


async def test_an_idempotency_key_is_at_most_64_characters(gateway: Gateway, place: Place) -> None:
    response = await gateway.http.post(
        f"/api/tables/{place.table}/sessions", json={}, headers={"Idempotency-Key": "x" * 65}
    )
    assert response.status_code == 422


async def test_an_unavailable_store_is_answered_with_503_and_retry_after(
    gateway: Gateway, place: Place, hosts: LocalHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.backend.host_client.TIMEOUT_S", 0.1)
    hosts.silent.add(hosts.placement.host_of(Address(Kind.TABLE, place.table, place.restaurant)))
    response = await gateway.http.get(f"/api/tables/{place.table}")
    assert response.status_code == 503
    assert response.json()["code"] == "unavailable"
    assert response.headers["retry-after"]


# --- roles ---------------------------------------------------------------------------------------


async def test_an_invalid_token_gets_401(gateway: Gateway, place: Place) -> None:
    path = f"/api/tables/{place.table}"
    bad = {"Authorization": "Bearer nonsense"}
    assert (await gateway.http.get(path, headers=bad)).status_code == 401
    async with anonymous(gateway) as http:
        assert (await http.get(f"{path}?token=nonsense")).status_code == 401
        assert (await http.get(f"{path}?token={token('admin')}")).status_code == 200


async def test_an_anonymous_caller_can_open_a_session_and_order_from_the_menu(
    gateway: Gateway, place: Place
) -> None:
    async with anonymous(gateway) as http:
        created = await http.post(f"/api/tables/{place.table}/sessions", json={})
        assert created.status_code == 201
        session = created.json()["session_id"]
        items = {"items": [{"menu_item_id": 1}]}
        assert (await http.post(f"/api/sessions/{session}/orders", json=items)).status_code == 201
        free = {"items": [{"name": "Gold", "unit_price": "0.01"}]}
        response = await http.post(f"/api/sessions/{session}/orders", json=free)
        assert response.json()["code"] == "forbidden"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/restaurants", NEW),
        ("POST", "/api/restaurants/{r}/tables", {"number": "6", "zone": "A", "seats": 2}),
        ("POST", "/api/restaurants/{r}/waiters", {"name": "Bob"}),
        ("PATCH", "/api/tables/{t}", {"seats": 9}),
        ("PUT", "/api/restaurants/{r}/menu", {"categories": []}),
        ("PATCH", "/api/restaurants/{r}/menu/items/1", {"price": "1.00"}),
        ("POST", "/api/restaurants/{r}/broadcasts", {"message": "hello"}),
        ("POST", "/api/restaurants/{r}/alerts", {"message": "hello"}),
        ("POST", "/api/waiters/{w}/tasks", {"message": "hello"}),
        ("POST", "/api/waiters/{w}/alerts", {"message": "hello"}),
    ],
)
async def test_management_needs_a_token(
    gateway: Gateway, place: Place, method: str, path: str, body: Any
) -> None:
    path = path.format(r=place.restaurant, t=place.table, w=place.waiter)
    home = f"/api/restaurants/{place.restaurant}"
    before = (await gateway.http.get(home)).json()
    async with anonymous(gateway) as http:
        response = await http.request(method, path, json=body)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert (await gateway.http.get(home)).json() == before


async def test_an_entity_of_another_restaurant_is_answered_like_a_missing_one(
    gateway: Gateway, place: Place
) -> None:
    foreign_manager = as_("manager", restaurant_id=place.restaurant + 1)
    foreign = await gateway.http.get(f"/api/tables/{place.table}", headers=foreign_manager)
    absent = await gateway.http.get("/api/tables/987654", headers=foreign_manager)
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["error"].replace(str(place.table), "N") == (
        absent.json()["error"].replace("987654", "N")
    )


async def test_an_admin_of_one_restaurant_cannot_create_another(
    gateway: Gateway, place: Place
) -> None:
    local = as_("admin", restaurant_id=place.restaurant)
    response = await gateway.http.post("/api/restaurants", json=NEW, headers=local)
    assert response.status_code == 403
    assert len((await gateway.http.get("/api/restaurants")).json()["data"]) == 1


async def test_a_guest_can_access_only_its_own_session(gateway: Gateway, place: Place) -> None:
    session, other = await open_session(gateway, place), await make_place(gateway)
    foreign_order = await place_order(gateway, other)
    guest = as_("guest", restaurant_id=place.restaurant, session_id=session)
    for path in (
        f"/api/sessions/{session}",
        f"/api/tables/{place.table}",
        f"/api/restaurants/{place.restaurant}/menu",
    ):
        assert (await gateway.http.get(path, headers=guest)).status_code == 200, path
    for path in (f"/api/orders/{foreign_order}", f"/api/tables/{other.table}"):
        assert (await gateway.http.get(path, headers=guest)).status_code == 404, path


# --- reads ---------------------------------------------------------------------------------------


async def test_history_lists_events_with_their_callers_in_pages(
    gateway: Gateway, place: Place
) -> None:
    order = await place_order(gateway, place)
    for status in ("confirmed", "ready"):
        await gateway.http.patch(f"/api/orders/{order}", json={"status": status})
    path = f"/api/orders/{order}/history"
    events = (await gateway.http.get(path)).json()["data"]
    assert [event["position"] for event in events] == list(range(len(events)))
    assert events[-1]["by"] == "admin:chain"
    last = (await gateway.http.get(path, params={"limit": 1})).json()["data"]
    assert last == events[-1:]
    earlier = await gateway.http.get(path, params={"before": last[0]["position"]})
    assert earlier.json()["data"] == events[:-1]


async def test_restaurants_are_listed_a_page_at_a_time(gateway: Gateway, place: Place) -> None:
    more = [await make_place(gateway) for _ in range(2)]
    ids = [place.restaurant, *(each.restaurant for each in more)]
    listed = (await gateway.http.get("/api/restaurants")).json()["data"]
    assert [each["id"] for each in listed] == ids
    assert {each["name"] for each in listed} == {"Trattoria"}
    params = {"limit": 1, "after": ids[0]}
    second = (await gateway.http.get("/api/restaurants", params=params)).json()["data"]
    assert [each["id"] for each in second] == [ids[1]]
    own = as_("manager", restaurant_id=ids[2])
    seen = (await gateway.http.get("/api/restaurants", headers=own)).json()["data"]
    assert [each["id"] for each in seen] == [ids[2]]


class NoDirectory:
    """A store whose list of all restaurants must not be read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        assert name != "restaurants", "the whole directory was read"
        return getattr(self._store, name)


async def test_a_list_for_one_restaurant_does_not_read_the_whole_directory(
    gateway: Gateway,
    place: Place,
    hosts: LocalHosts,
    valkey: EmbeddedStore,
    settings: GatewaySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def http(*parts: Any) -> RestApi:
        *others, store = parts
        whole: Any = [*others, NoDirectory(store)]
        return RestApi(*whole)

    monkeypatch.setattr("gateway.app.RestApi", http)
    own = open_store(valkey.url, retention_s=60)
    async with serving(hosts, own, settings, "g2") as other:
        for restaurant, listed in ((place.restaurant, [place.restaurant]), (987_654, [])):
            waiter = as_("waiter", restaurant_id=restaurant, waiter_id=place.waiter)
            response = await other.http.get("/api/restaurants", headers=waiter)
            assert [each["id"] for each in response.json()["data"]] == listed
        params = {"after": place.restaurant}
        waiter = as_("waiter", restaurant_id=place.restaurant, waiter_id=place.waiter)
        after = await other.http.get("/api/restaurants", headers=waiter, params=params)
        assert after.json()["data"] == []


async def test_every_documented_request_has_a_route(gateway: Gateway) -> None:
    document = (await gateway.http.get("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    for path, operations in document["paths"].items():
        for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
            url = "/api" + re.sub(r"{[^}]+}", "987654", path)
            response = await gateway.http.request(method.upper(), url)
            assert response.status_code != 405, (method, path)
            assert "nothing at this path" not in response.text, (method, path)
            assert response.headers["content-type"].startswith("application/json")


async def test_a_healthy_gateway_answers_healthz_with_200(gateway: Gateway) -> None:
    healthy = await gateway.http.get("/healthz")
    assert healthy.json() == {"status": "ok"}
    assert healthy.headers["date"], "pages take the service's time from it"


class TestRequiredAuthentication:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, allow_anonymous=False)

    async def test_requests_without_a_token_get_401(self, gateway: Gateway, place: Place) -> None:
        async with anonymous(gateway) as http:
            response = await http.get(f"/api/tables/{place.table}")
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
        socket = await gateway.socket(f"tables/{place.table}/")
        assert (await socket.next())["code"] == "unauthenticated"


async def test_history_formats_amounts_as_on_the_wire(gateway: Gateway, place: Place) -> None:
    session = await gateway.post(f"/tables/{place.table}/sessions", {})
    path = f"/sessions/{session['session_id']}/orders"
    order = (await gateway.post(path, {"items": [{"menu_item_id": 1}]}))["order_id"]
    manager = token("manager", restaurant_id=place.restaurant, sub="maria")
    paid = await gateway.http.post(
        f"/api/orders/{order}/payments",
        json={"amount": "6.50", "method": "card"},
        headers={"Idempotency-Key": "p", "Authorization": f"Bearer {manager}"},
    )
    assert paid.status_code == 200, paid.text
    events = (await gateway.http.get(f"/api/orders/{order}/history")).json()["data"]
    payment = next(each for each in events if each["type"] == "PaymentReceived")
    assert payment["by"] == "manager:maria"
    assert payment["data"]["payment"]["amount"] == "6.50"
    assert events[0]["data"]["order"]["items"][0]["unit_price"] == "6.50"
