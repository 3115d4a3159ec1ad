"""The OpenAPI and AsyncAPI documents against a gateway: every example is sent, every described
message is received, and every response and message matches its schema.

The examples have fixed ids. The restaurant is created with the same ones, so the examples are sent
unchanged.
"""

import json
import re
from collections.abc import Iterable
from itertools import count, repeat
from typing import Any
from urllib.parse import urljoin

import pytest
import schemathesis
from jsonschema_rs import Draft202012Validator

from gateway.docs import asyncapi, openapi
from protocol.codec import ACTIONS
from protocol.ids import Channel
from restaurant_qr_wire import messages
from restaurant_qr_wire.channels import MESSAGES
from tests.clients import Socket
from tests.gateway.conftest import Gateway, make_place, token

Document = dict[str, Any]

HOME, TABLE, WAITER, SESSION, ORDER = 2, 5, 10, 2, 2
IDS = {
    "restaurants": HOME,
    "tables": TABLE,
    "sessions": SESSION,
    "orders": ORDER,
    "waiters": WAITER,
}


async def create_up_to(
    wanted: int, gateway: Gateway, path: str, id_: str, bodies: Iterable[Any]
) -> None:
    """Create entities until one has the wanted id."""
    for body in bodies:
        if (await gateway.post(path, body))[id_] == wanted:
            return


@pytest.fixture
async def restaurant(gateway: Gateway) -> Gateway:
    """Restaurant 2 with waiter 10 and table 5; the next session and order are 2."""
    first = await make_place(gateway)
    earlier = (await gateway.post(f"/tables/{first.table}/sessions"))["session_id"]
    await gateway.post(f"/sessions/{earlier}/orders", {"items": [{"menu_item_id": 1}]})
    second = await make_place(gateway)
    assert second.restaurant == HOME
    ada = repeat({"name": "Ada"})
    await create_up_to(WAITER, gateway, f"/restaurants/{HOME}/waiters", "waiter_id", ada)
    seats = {"zone": "A", "seats": 4, "waiter_id": WAITER}
    tables = ({"number": f"A{number}", **seats} for number in count(1))
    await create_up_to(TABLE, gateway, f"/restaurants/{HOME}/tables", "table_id", tables)
    return gateway


async def add_device(gateway: Gateway) -> tuple[int, str]:
    """Id and code of a new device, which no example can have."""
    body = {"role": "kitchen", "label": "The oven's screen"}
    added = (await gateway.post(f"/restaurants/{HOME}/devices", body))["device_id"]
    shown = await gateway.http.get(f"/api/restaurants/{HOME}/devices/{added}/code")
    return added, shown.json()["device_code"]


def validators(document: Document) -> dict[str, Draft202012Validator]:
    """A validator for each message, which accepts no undocumented field in `data`."""
    checks = {}
    for name, message in document["components"]["messages"].items():
        payload = message["payload"]
        parts = payload.get("properties", {})
        if "allOf" in parts.get("data", {}):
            data = {**parts["data"], "unevaluatedProperties": False}
            payload = {**payload, "properties": {**parts, "data": data}}
        checks[name] = Draft202012Validator(
            {**payload, "components": document["components"]}, validate_formats=True
        )
    return checks


@pytest.fixture(scope="module")
def document() -> Document:
    return asyncapi.document()


# --- without a gateway ---------------------------------------------------------------------------


def test_the_openapi_document_is_valid() -> None:
    schemathesis.openapi.from_dict(openapi.document()).validate()


def test_every_channel_action_and_message_is_described(document: Document) -> None:
    assert set(document["channels"]) == {each.value for each in Channel}
    for channel in Channel:
        names = {*ACTIONS[channel], *MESSAGES[channel], "ack", "error"}
        assert set(document["channels"][channel.value]["messages"]) == names


def test_every_example_matches_its_schema(document: Document) -> None:
    for name, check in validators(document).items():
        for example in document["components"]["messages"][name]["examples"]:
            check.validate(example["payload"])
    http = openapi.document()
    for path, item in http["paths"].items():
        for method, operation in item.items():
            for content in _contents(operation) if method != "parameters" else ():
                if "example" in content:
                    schema = {**content["schema"], "components": http["components"]}
                    assert Draft202012Validator(schema).is_valid(content["example"]), path


def _contents(operation: Document) -> list[Document]:
    """All request and response bodies of an operation."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [content for body in bodies for content in body.get("content", {}).values()]


# --- against a gateway ---------------------------------------------------------------------------


async def test_the_openapi_and_asyncapi_documents_are_served(
    gateway: Gateway, document: Document
) -> None:
    assert (await gateway.http.get("/asyncapi.json")).json() == document
    assert (await gateway.http.get("/api/openapi.json")).json() == openapi.document()


@pytest.mark.parametrize(
    ("path", "linked"),
    [
        ("/api/docs", {"/api/viewer/swagger-ui-bundle.js", "/reference.js", "/api/openapi.json"}),
        ("/api/asyncapi", {"/api/viewer/asyncapi-viewer.iife.js", "/asyncapi.json"}),
    ],
)
async def test_a_documentation_page_links_only_files_of_the_gateway(
    gateway: Gateway, path: str, linked: set[str]
) -> None:
    page = await gateway.http.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for inline in ("<script>", "<style", " style=", "onclick", "javascript:", "//"):
        assert inline not in page.text, inline
    links = {urljoin(path, link) for link in re.findall(r'(?:href|src)="([^"]+)"', page.text)}
    assert linked <= links
    for link in links:
        assert (await gateway.http.get(link)).status_code == 200, link


async def test_the_page_of_the_channels_lists_every_close_code(
    gateway: Gateway, document: Document
) -> None:
    page = (await gateway.http.get("/api/asyncapi")).text
    for code in document["x-close-codes"]:
        assert f"<code>{code}</code>" in page


CONSTANT = (
    "/asyncapi.json",
    "/api/openapi.json",
    "/api/docs",
    "/api/asyncapi",
    "/api/viewer/swagger-ui.css",
)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("path", CONSTANT)
async def test_a_document_is_encoded_once_and_not_sent_to_a_client_that_has_it(
    gateway: Gateway, path: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepting = {"Accept-Encoding": encoding}
    first = await gateway.http.get(path, headers=accepting)
    etag = first.headers["etag"]
    for module in (openapi, asyncapi):
        monkeypatch.setattr(module, "document", lambda: pytest.fail("it is encoded once"))
    again = await gateway.http.get(path, headers=accepting)
    assert (again.content, again.headers["etag"]) == (first.content, etag)
    for named in (etag, f"W/{etag}", f'"another", {etag}', "*"):
        unchanged = await gateway.http.get(path, headers={"If-None-Match": named, **accepting})
        assert (unchanged.status_code, unchanged.content) == (304, b""), named
        assert unchanged.headers["etag"] == etag
    other = await gateway.http.get(path, headers={"If-None-Match": '"another"', **accepting})
    assert other.content == first.content


@pytest.mark.parametrize("path", CONSTANT)
async def test_a_document_is_compressed_only_for_clients_that_accept_it(
    gateway: Gateway, path: str
) -> None:
    plain = await gateway.http.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    small = await gateway.http.get(path, headers={"Accept-Encoding": "br, gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"])
    assert small.content == plain.content
    assert small.headers["etag"] != plain.headers["etag"]
    assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


class DocumentedClient:
    """Sockets on all channels of the restaurant, which validate each frame."""

    def __init__(self, gateway: Gateway, document: Document) -> None:
        self._gateway = gateway
        self._document = document
        self._checks = validators(document)
        self._sockets: dict[Channel, Socket] = {}
        self._redacted: dict[Channel, Socket] = {}
        self.received: set[tuple[Channel, str]] = set()

    async def open(self, *channels: Channel) -> None:
        for channel in channels:
            address = self._document["channels"][channel.value]["address"]
            path = address.removeprefix("/ws/")
            kind = path.partition("/{id}")[0].rpartition("/")[2]
            path = path.format(id=IDS[kind])
            self._sockets[channel] = await self._gateway.socket(path, as_=token("admin"))
            await self._next(channel)

    async def open_as(self, channel: Channel, role: str, **claims: int) -> None:
        """Also open a channel with a role that must not see all of it."""
        address = self._document["channels"][channel.value]["address"]
        path = address.removeprefix("/ws/").format(id=HOME)
        signed = token(role, restaurant_id=HOME, **claims)
        socket = self._redacted[channel] = await self._gateway.socket(path, as_=signed)
        await socket.next()

    async def send(self, channel: Channel, action: str) -> Document:
        """Send the example of an action; its reply must be a documented one and no error."""
        message = self._document["components"]["messages"][action]
        sent = message["examples"][0]["payload"]
        socket = self._sockets[channel]
        await socket.raw.send(json.dumps(sent))
        reply = self._document["operations"][f"{channel.value}.{action}"]["reply"]["messages"]
        answers = {each["$ref"].rpartition("/")[2] for each in reply}
        while True:
            frame = await self._next(channel)
            is_answer = frame.get("request_id") == sent.get("request_id")
            if is_answer and ("request_id" in sent or "epoch" in frame):
                assert frame["type"] in answers, frame
                if frame["type"] == "ack":
                    assert set(frame["data"]) <= set(messages.Result.__annotations__)
                return frame

    async def receive_all(self) -> None:
        """Read until every described message was received."""
        for channel in Channel:
            while missing := {
                type_ for type_ in MESSAGES[channel] if (channel, type_) not in self.received
            }:
                try:
                    await self._next(channel)
                except TimeoutError:
                    raise AssertionError(f"{channel.value}: never received {missing}") from None

    async def receive_withheld(self, channel: Channel) -> None:
        """Read until the other role has received `withheld`, which is sent to no other one."""
        own, self._sockets[channel] = self._sockets[channel], self._redacted[channel]
        while (channel, "withheld") not in self.received:
            await self._next(channel)
        self._sockets[channel] = own

    async def _next(self, channel: Channel) -> Document:
        frame: Document = await self._sockets[channel].next()
        name = frame.get("type", "error")
        self._checks[name].validate(frame)
        assert name in self._document["channels"][channel.value]["messages"]
        self.received.add((channel, name))
        return frame


IN_SESSION = {Channel.SESSION, Channel.ORDER, Channel.ITEMS}
"""Channels that exist only within a session."""


async def test_every_documented_action_and_message_occurs_in_a_scenario(
    restaurant: Gateway, document: Document
) -> None:
    client = DocumentedClient(restaurant, document)
    await client.open(*(each for each in Channel if each not in IN_SESSION))
    await client.open_as(Channel.NOTIFICATIONS, "kitchen")
    await restaurant.http.patch(f"/api/restaurants/{HOME}/menu/items/1", json={"portions": 20})
    done = await client.send(Channel.TABLE, "occupy")
    assert done["data"]["session_id"] == SESSION
    await client.open(Channel.SESSION)
    await client.open_as(Channel.MENU, "guest", session_id=SESSION)
    done = await client.send(Channel.SESSION, "place_order")
    assert done["data"]["order_id"] == ORDER
    await client.receive_withheld(Channel.MENU)
    await client.open(Channel.ORDER, Channel.ITEMS)
    await client.send(Channel.ORDER, "update_status")
    await client.send(Channel.ITEMS, "update_item")
    await client.send(Channel.ITEMS, "add_items")
    done = await client.send(Channel.ITEMS, "void_items")
    await client.send(Channel.ITEMS, "deliver_items")
    await client.send(Channel.SESSION, "update_guests_count")
    await client.send(Channel.SESSION, "call_waiter")
    alert = await restaurant.post(f"/waiters/{WAITER}/alerts", {"message": "A glass broke"})
    await client.send(Channel.WAITER, "acknowledge")
    again = await client.send(Channel.NOTIFICATIONS, "acknowledge")
    assert alert["changed"], again
    assert not again["data"]["changed"]
    await restaurant.http.patch(f"/api/orders/{ORDER}", json={"status": "ready"})
    await restaurant.post(
        f"/orders/{ORDER}/payments", {"amount": done["data"]["total_amount"], "method": "card"},
        headers={"Idempotency-Key": "payment-1"},
    )  # fmt: skip
    await restaurant.post(f"/restaurants/{HOME}/broadcasts", {"message": "The kitchen closes"})
    await restaurant.http.patch(f"/api/restaurants/{HOME}/menu/items/1", json={"available": False})
    await restaurant.http.patch(
        f"/api/restaurants/{HOME}/ordering", json={"day_starts_at": "05:00"}
    )
    await restaurant.http.post(f"/api/restaurants/{HOME}/pause", json={})
    device, code = await add_device(restaurant)
    await restaurant.post("/devices/sign-in", {"device_code": code})
    await restaurant.http.delete(f"/api/restaurants/{HOME}/devices/{device}")
    for channel, actions in ACTIONS.items():
        for action in actions:
            if action.startswith("get_"):
                await client.send(channel, action)
    await client.send(Channel.SESSION, "close_session")
    await restaurant.post(f"/tables/{TABLE}/sessions")
    await client.send(Channel.TABLE, "release")
    await client.receive_withheld(Channel.NOTIFICATIONS)
    await client.receive_all()


async def test_an_error_matches_its_schema(restaurant: Gateway, document: Document) -> None:
    socket = await restaurant.socket(f"tables/{TABLE}/", as_=token("admin"))
    await socket.next()
    await restaurant.post(f"/tables/{TABLE}/sessions")
    refused = await socket.request("occupy")
    validators(document)["error"].validate(refused)
    assert refused["code"] == "table_occupied"


# --- HTTP ----------------------------------------------------------------------------------------

SCENARIO_ROUTES = (
    "POST /restaurants", "PATCH /restaurants/{id}",
    "POST /restaurants/{id}/tables", "POST /restaurants/{id}/waiters", "PATCH /tables/{id}",
    "POST /tables/{id}/code", "POST /tables/{id}/sessions", "PATCH /sessions/{id}",
    "POST /sessions/{id}/quote",
    "POST /sessions/{id}/orders", "POST /sessions/{id}/calls", "PATCH /calls/{call_id}",
    "POST /sessions/join", "PUT /orders/{id}/items", "POST /orders/{id}/items",
    "PATCH /orders/{id}", "POST /orders/{id}/payments", "PATCH /orders/{id}/items/{item_id}",
    "POST /orders/{id}/voids", "POST /orders/{id}/deliveries",
    "POST /orders/{id}/refunds", "POST /waiters/{id}/tasks", "POST /waiters/{id}/alerts",
    "POST /restaurants/{id}/alerts", "POST /restaurants/{id}/broadcasts",
    "PATCH /restaurants/{id}/menu/items/{item_id}", "PUT /restaurants/{id}/menu",
    "POST /restaurants/{id}/menu/import",
    "PATCH /restaurants/{id}/ordering", "POST /restaurants/{id}/pause",
    "POST /restaurants/{id}/resume",
    "POST /sessions/{id}/close", "POST /restaurants/{id}/devices", "POST /devices/sign-in",
    "DELETE /restaurants/{id}/devices/{device_id}", "POST /tokens",
)  # fmt: skip
"""Routes with a body, in an order in which every request succeeds."""


def _path(template: str, device: int) -> str:
    id_ = IDS.get(template.split("/")[1])
    return template.format(id=id_, item_id=1, call_id=f"{SESSION}-1", device_id=device)


async def test_every_example_body_is_accepted(restaurant: Gateway) -> None:
    document = openapi.document()
    sendable = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and "requestBody" in operation
    }
    assert sendable == set(SCENARIO_ROUTES)
    device, code = await add_device(restaurant)
    for number, what in enumerate(SCENARIO_ROUTES):
        method, _, path = what.partition(" ")
        operation = document["paths"][path][method.lower()]
        body = dict(operation["requestBody"]["content"]["application/json"]["example"])
        if path == "/sessions/join":
            data = (await restaurant.http.get(f"/api/sessions/{SESSION}")).json()["data"]
            assert len(body["session_code"]) == len(data["session_code"])
            body["session_code"] = data["session_code"]
        if path == "/devices/sign-in":
            assert body["device_code"].count(".") == code.count(".")
            body["device_code"] = code
        key = {"Idempotency-Key": f"example-{number}"}
        if path == "/orders/{id}/refunds":
            voided = {"status": "cancelled", "reason": "It burnt"}
            await restaurant.http.patch(f"/api/orders/{ORDER}", json=voided)
        url = "/api" + _path(path, device)
        answer = await restaurant.http.request(method, url, json=body, headers=key)
        assert answer.status_code < 300, (what, answer.text)
        described = operation["responses"][str(answer.status_code)]["content"]["application/json"]
        schema = {**described["schema"], "components": document["components"]}
        Draft202012Validator(schema).validate(answer.json())


async def test_every_snapshot_response_matches_its_schema(restaurant: Gateway) -> None:
    document = openapi.document()
    await restaurant.post(f"/tables/{TABLE}/sessions")
    await restaurant.post(f"/sessions/{SESSION}/orders", {"items": [{"menu_item_id": 1}]})
    await restaurant.http.patch(f"/api/tables/{TABLE}", json={"is_active": False})  # into the audit
    device, _ = await add_device(restaurant)
    for path, item in document["paths"].items():
        if "get" not in item:
            continue
        answer = await restaurant.http.get("/api" + _path(path, device))
        assert answer.status_code == 200, path
        contents = item["get"]["responses"]["200"]["content"]
        media = answer.headers["content-type"].partition(";")[0]
        if media == "application/json":
            schema = {**contents[media]["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(answer.json())
        assert media in contents
