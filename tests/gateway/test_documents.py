"""The two documents, held against the service: every example of theirs is sent, every message that
they describe is heard, and all that is heard is as they say.

The numbers in the examples are those of one evening, so the house here is numbered alike: what is
sent is the example to the letter.
"""

import json
from collections.abc import Iterable
from itertools import count, repeat
from typing import Any

import pytest
import schemathesis
from jsonschema_rs import Draft202012Validator

from gateway import asyncapi, openapi
from protocol import told
from protocol.frames import ACTIONS
from protocol.ids import Channel
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


async def counted_up_to(
    wanted: int, gateway: Gateway, path: str, id_: str, bodies: Iterable[Any]
) -> None:
    """Make as many as it takes for the last to have that id."""
    for body in bodies:
        if (await gateway.post(path, body))[id_] == wanted:
            return


@pytest.fixture
async def house(gateway: Gateway) -> Gateway:
    """Restaurant 2 with waiter 10 at table 5, where session 2 is the next, and in it order 2."""
    first = await make_place(gateway)
    earlier = (await gateway.post(f"/tables/{first.table}/sessions"))["session_id"]
    await gateway.post(f"/sessions/{earlier}/orders", {"items": [{"menu_item_id": 1}]})
    second = await make_place(gateway)
    assert second.restaurant == HOME
    ada = repeat({"name": "Ada"})
    await counted_up_to(WAITER, gateway, f"/restaurants/{HOME}/waiters", "waiter_id", ada)
    seats = {"zone": "A", "seats": 4, "waiter_id": WAITER}
    tables = ({"number": f"A{number}", **seats} for number in count(1))
    await counted_up_to(TABLE, gateway, f"/restaurants/{HOME}/tables", "table_id", tables)
    return gateway


async def added_device(gateway: Gateway) -> tuple[int, str]:
    """Its id and code, which nobody can know beforehand."""
    body = {"role": "kitchen", "label": "The oven's screen"}
    added = (await gateway.post(f"/restaurants/{HOME}/devices", body))["device_id"]
    shown = await gateway.http.get(f"/api/restaurants/{HOME}/devices/{added}/code")
    return added, shown.json()["device_code"]


def validators(document: Document) -> dict[str, Draft202012Validator]:
    """One for each message. Of what is told, no field may come that is not described."""
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


# --- alone ---------------------------------------------------------------------------------------


def test_the_openapi_document_is_one() -> None:
    schemathesis.openapi.from_dict(openapi.document()).validate()


def test_every_channel_action_and_message_is_described(document: Document) -> None:
    assert set(document["channels"]) == {each.value for each in Channel}
    for channel in Channel:
        names = {*ACTIONS[channel], *told.TOLD[channel], "ack", "error"}
        assert set(document["channels"][channel.value]["messages"]) == names


def test_every_example_is_as_its_schema_says(document: Document) -> None:
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
    """Each body that an operation takes or answers."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [content for body in bodies for content in body.get("content", {}).values()]


# --- as it is served -----------------------------------------------------------------------------


async def test_both_can_be_fetched_and_read(gateway: Gateway, document: Document) -> None:
    assert (await gateway.http.get("/asyncapi.json")).json() == document
    assert (await gateway.http.get("/api/openapi.json")).json() == openapi.document()
    for path, words in (
        ("/api/asyncapi", [*document["components"]["messages"], "4408"]),
        ("/api/docs", openapi.document()["paths"]),
    ):
        page = await gateway.http.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for foreign in ("<script", " style=", "//", "onclick", "javascript:"):
            assert foreign not in page.text, foreign
        for word in words:
            assert word in page.text


@pytest.mark.parametrize(
    "path", ["/asyncapi.json", "/api/openapi.json", "/api/docs", "/api/asyncapi"]
)
async def test_a_constant_document_is_encoded_once_and_not_sent_again(
    gateway: Gateway, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await gateway.http.get(path)
    etag = first.headers["etag"]
    for module in (openapi, asyncapi):
        monkeypatch.setattr(module, "document", lambda: pytest.fail("it is encoded once"))
    again = await gateway.http.get(path)
    assert (again.content, again.headers["etag"]) == (first.content, etag)
    for named in (etag, f"W/{etag}", f'"another", {etag}', "*"):
        unchanged = await gateway.http.get(path, headers={"If-None-Match": named})
        assert (unchanged.status_code, unchanged.content) == (304, b""), named
        assert unchanged.headers["etag"] == etag
    other = await gateway.http.get(path, headers={"If-None-Match": '"another"'})
    assert other.content == first.content


class Listener:
    """All channels of the house, and each frame that they tell, held against the document."""

    def __init__(self, gateway: Gateway, document: Document) -> None:
        self._gateway = gateway
        self._document = document
        self._checks = validators(document)
        self._sockets: dict[Channel, Socket] = {}
        self._kitchens: Socket | None = None
        self.heard: set[tuple[Channel, str]] = set()

    async def open(self, *channels: Channel) -> None:
        for channel in channels:
            address = self._document["channels"][channel.value]["address"]
            path = address.removeprefix("/ws/")
            kind = path.partition("/{id}")[0].rpartition("/")[2]
            path = path.format(id=IDS[kind])
            self._sockets[channel] = await self._gateway.socket(path, as_=token("admin"))
            await self._next(channel)
            if channel is Channel.NOTIFICATIONS:
                kitchen = token("kitchen", restaurant_id=HOME)
                self._kitchens = await self._gateway.socket(path, as_=kitchen)

    async def send(self, channel: Channel, action: str) -> Document:
        """The example of an action; its answer is one that the document names, and no error."""
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
                    assert set(frame["data"]) <= set(told.Result.__annotations__)
                return frame

    async def all_heard(self) -> None:
        """Until nothing that is described is missing."""
        for channel in Channel:
            if channel is Channel.NOTIFICATIONS and self._kitchens is not None:
                await self._hear_as_kitchen(self._kitchens)
            while missing := {
                type_ for type_ in told.TOLD[channel] if (channel, type_) not in self.heard
            }:
                try:
                    await self._next(channel)
                except TimeoutError:
                    raise AssertionError(f"{channel.value}: never heard {missing}") from None

    async def _hear_as_kitchen(self, socket: Socket) -> None:
        """What nobody else is sent."""
        own, self._sockets[Channel.NOTIFICATIONS] = self._sockets[Channel.NOTIFICATIONS], socket
        while (Channel.NOTIFICATIONS, "withheld") not in self.heard:
            await self._next(Channel.NOTIFICATIONS)
        self._sockets[Channel.NOTIFICATIONS] = own

    async def _next(self, channel: Channel) -> Document:
        frame: Document = await self._sockets[channel].next()
        name = frame.get("type", "error")
        self._checks[name].validate(frame)
        assert name in self._document["channels"][channel.value]["messages"]
        self.heard.add((channel, name))
        return frame


IN_SESSION = {Channel.SESSION, Channel.ORDER, Channel.ITEMS}
"""Of what the evening begins."""


async def test_every_action_is_taken_and_every_message_is_heard(
    house: Gateway, document: Document
) -> None:
    evening = Listener(house, document)
    await evening.open(*(each for each in Channel if each not in IN_SESSION))
    done = await evening.send(Channel.TABLE, "occupy")
    assert done["data"]["session_id"] == SESSION
    await evening.open(Channel.SESSION)
    done = await evening.send(Channel.SESSION, "place_order")
    assert done["data"]["order_id"] == ORDER
    await evening.open(Channel.ORDER, Channel.ITEMS)
    await evening.send(Channel.ORDER, "update_status")
    await evening.send(Channel.ITEMS, "update_item")
    await evening.send(Channel.SESSION, "update_guests_count")
    await evening.send(Channel.SESSION, "call_waiter")
    alert = await house.post(f"/waiters/{WAITER}/alerts", {"message": "A glass broke"})
    await evening.send(Channel.WAITER, "acknowledge")
    again = await evening.send(Channel.NOTIFICATIONS, "acknowledge")
    assert alert["changed"], again
    assert not again["data"]["changed"]
    await house.http.patch(f"/api/orders/{ORDER}", json={"status": "ready"})
    await house.post(
        f"/orders/{ORDER}/payments", {"amount": "17.00", "method": "card"},
        headers={"Idempotency-Key": "payment-1"},
    )  # fmt: skip
    await house.post(f"/restaurants/{HOME}/broadcasts", {"message": "The kitchen closes"})
    await house.http.patch(f"/api/restaurants/{HOME}/menu/items/1", json={"available": False})
    device, code = await added_device(house)
    await house.post("/devices/sign-in", {"device_code": code})
    await house.http.delete(f"/api/restaurants/{HOME}/devices/{device}")
    for channel, actions in ACTIONS.items():
        for action in actions:
            if action.startswith("get_"):
                await evening.send(channel, action)
    await evening.send(Channel.SESSION, "close_session")
    await house.post(f"/tables/{TABLE}/sessions")
    await evening.send(Channel.TABLE, "release")
    await evening.all_heard()


async def test_a_refusal_is_as_described(house: Gateway, document: Document) -> None:
    socket = await house.socket(f"tables/{TABLE}/", as_=token("admin"))
    await socket.next()
    await house.post(f"/tables/{TABLE}/sessions")
    refused = await socket.ask("occupy")
    validators(document)["error"].validate(refused)
    assert refused["code"] == "table_occupied"


# --- HTTP ----------------------------------------------------------------------------------------

EVENING = (
    "POST /restaurants", "PATCH /restaurants/{id}",
    "POST /restaurants/{id}/tables", "POST /restaurants/{id}/waiters", "PATCH /tables/{id}",
    "POST /tables/{id}/code", "POST /tables/{id}/sessions", "PATCH /sessions/{id}",
    "POST /sessions/{id}/orders", "POST /sessions/{id}/calls", "PATCH /calls/{call_id}",
    "POST /sessions/join", "PUT /orders/{id}/items", "PATCH /orders/{id}",
    "POST /orders/{id}/payments", "PATCH /orders/{id}/items/{item_id}",
    "POST /orders/{id}/refunds", "POST /waiters/{id}/tasks", "POST /waiters/{id}/alerts",
    "POST /restaurants/{id}/alerts", "POST /restaurants/{id}/broadcasts",
    "PATCH /restaurants/{id}/menu/items/{item_id}", "PUT /restaurants/{id}/menu",
    "POST /sessions/{id}/close", "POST /restaurants/{id}/devices", "POST /devices/sign-in",
    "DELETE /restaurants/{id}/devices/{device_id}", "POST /tokens",
)  # fmt: skip
"""All that can be sent, in an order in which it can be done."""


def _path(template: str, device: int) -> str:
    id_ = IDS.get(template.split("/")[1])
    return template.format(id=id_, item_id=1, call_id=f"{SESSION}-1", device_id=device)


async def test_every_example_of_a_body_is_taken(house: Gateway) -> None:
    document = openapi.document()
    sendable = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and "requestBody" in operation
    }
    assert sendable == set(EVENING)
    device, code = await added_device(house)
    for number, what in enumerate(EVENING):
        method, _, path = what.partition(" ")
        operation = document["paths"][path][method.lower()]
        body = dict(operation["requestBody"]["content"]["application/json"]["example"])
        if path == "/sessions/join":  # nobody can know a code beforehand
            data = (await house.http.get(f"/api/sessions/{SESSION}")).json()["data"]
            assert len(body["session_code"]) == len(data["session_code"])
            body["session_code"] = data["session_code"]
        if path == "/devices/sign-in":
            assert body["device_code"].count(".") == code.count(".")
            body["device_code"] = code
        key = {"Idempotency-Key": f"example-{number}"}
        if path == "/orders/{id}/refunds":
            voided = {"status": "cancelled", "reason": "It burnt"}
            await house.http.patch(f"/api/orders/{ORDER}", json=voided)
        url = "/api" + _path(path, device)
        answer = await house.http.request(method, url, json=body, headers=key)
        assert answer.status_code < 300, (what, answer.text)
        described = operation["responses"][str(answer.status_code)]["content"]["application/json"]
        schema = {**described["schema"], "components": document["components"]}
        Draft202012Validator(schema).validate(answer.json())


async def test_every_answer_to_a_look_is_as_described(house: Gateway) -> None:
    document = openapi.document()
    await house.post(f"/tables/{TABLE}/sessions")
    await house.post(f"/sessions/{SESSION}/orders", {"items": [{"menu_item_id": 1}]})
    await house.http.patch(f"/api/tables/{TABLE}", json={"is_active": False})  # into the audit
    device, _ = await added_device(house)
    for path, item in document["paths"].items():
        if "get" not in item:
            continue
        answer = await house.http.get("/api" + _path(path, device))
        assert answer.status_code == 200, path
        contents = item["get"]["responses"]["200"]["content"]
        media = answer.headers["content-type"].partition(";")[0]
        if media == "application/json":
            schema = {**contents[media]["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(answer.json())
        assert media in contents
