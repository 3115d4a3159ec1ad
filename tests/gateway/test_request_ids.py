"""An error carries the `request_id` of what it answers, wherever that was refused."""

import pytest

from gateway.settings import GatewaySettings, Limits
from tests.gateway.conftest import KEYS, Gateway, Place, token


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"action": "dance", "request_id": "r"}', "unknown_action"),
        ('{"action": "occupy", "guests_count": 0, "request_id": "r"}', "invalid_message"),
        ('{"action": "occupy", "waiter_id": 987654, "request_id": "r"}', "not_found"),
        ('{"action": "release", "force": true, "request_id": "r"}', "forbidden"),
        ('{"action": "occupy", "expected_version": 99, "request_id": "r"}', "version_conflict"),
    ],
)
async def test_a_refusal_names_its_request(
    gateway: Gateway, place: Place, frame: str, code: str
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    before = (await socket.next())["data"]
    await socket.raw.send(frame)
    error = await socket.next()
    assert (error["code"], error.get("request_id")) == (code, "r")
    await socket.send("get_status")
    assert (await socket.next())["data"] == before


@pytest.mark.parametrize("request_id", ["7", '""', "null", '"' + "x" * 65 + '"'])
async def test_an_unusable_id_is_not_repeated(
    gateway: Gateway, place: Place, request_id: str
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    await socket.next()
    await socket.raw.send(f'{{"action": "dance", "request_id": {request_id}}}')
    error = await socket.next()
    assert error["code"] == "unknown_action"
    assert "request_id" not in error


async def test_the_id_of_a_request_with_another_action_is_a_conflict(
    gateway: Gateway, place: Place
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/", token("admin"))
    await socket.next()
    await socket.send("occupy", request_id="r")
    assert (await socket.until("ack"))["request_id"] == "r"
    await socket.send("release", request_id="r")
    assert (await socket.until("error"))["code"] == "idempotency_conflict"
    await socket.send("get_status")
    assert (await socket.until("table_status"))["data"]["is_occupied"] is True


async def test_a_retry_that_spells_out_a_default_is_no_conflict(
    gateway: Gateway, place: Place
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/", token("admin"))
    await socket.next()
    await socket.send("occupy", request_id="r")
    first = await socket.until("ack")
    await socket.send("occupy", request_id="r", guests_count=1)
    assert await socket.until("ack") == first


class TestLimited:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(messages_per_s=0.001, burst_messages=1))

    async def test_rate_limit_error_has_the_request_id(
        self, gateway: Gateway, place: Place
    ) -> None:
        socket = await gateway.socket(f"tables/{place.table}/")
        await socket.next()
        await socket.send("get_status")
        await socket.next()
        await socket.send("get_status", request_id="r")
        error = await socket.next()
        assert (error["code"], error.get("request_id")) == ("rate_limited", "r")
