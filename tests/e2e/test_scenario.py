"""A session at a table over real sockets, Serve, Ray and Valkey."""

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from engine.placement import Mode, Placement
from protocol.caller import Role
from protocol.ids import Address, Kind
from tests.clients import Socket
from tests.e2e.service import Service
from tests.eventually import eventually

pytestmark = pytest.mark.e2e


async def test_the_example_entities_of_the_document_exist(service: Service) -> None:
    async with (
        service.socket("orders/1/") as order,
        service.socket("tables/5/") as table,
        service.socket("waiters/10/") as waiter,
        service.socket("restaurants/2/") as restaurant,
        service.socket("tables/sessions/1/") as session,
    ):
        assert (await order.next())["data"]["total_amount"] == "250.00"
        assert (await table.next())["data"]["restaurant_id"] == 2
        assert (await waiter.next())["data"]["restaurant_id"] == 2
        assert (await restaurant.next())["data"]["id"] == 2
        assert (await session.next())["data"]["status"] == "open"


async def test_all_channels_of_a_session_receive_every_change(service: Service) -> None:
    table_id, waiter_id = await service.free_table()
    async with (
        service.socket("restaurants/2/", Role.MANAGER, restaurant_id=2) as restaurant,
        service.socket(f"waiters/{waiter_id}/") as waiter,
        service.socket(f"tables/{table_id}/") as table,
    ):
        for socket in (restaurant, waiter, table):
            await socket.next()
        session_id = (await table.request("occupy", guests_count=4))["data"]["session_id"]
        assert (await restaurant.until("table_update"))["data"]["session"]["guests_count"] == 4
        async with service.socket(f"tables/sessions/{session_id}/") as session:
            await session.next()
            placed = await session.request(
                "place_order", items=[{"menu_item_id": 1, "quantity": 2}]
            )
            order_id = placed["data"]["order_id"]
            await restaurant.until("new_order")
            await waiter.until("order_notification")
            await _serve(service, order_id)
            assert (await restaurant.until("order_ready"))["data"]["order_id"] == order_id
            await waiter.until("order_notification")
            assert (await session.request("close_session"))["code"] == "unsettled"
            await _pay(service, order_id)
            await restaurant.until("payment_completed")
            await waiter.until("payment_notification")
            await _release(table)
            assert (await session.until("session_status"))["data"]["status"] == "closed"
        while (await restaurant.until("table_update"))["data"]["is_occupied"]:
            pass


async def _serve(service: Service, order_id: int) -> None:
    async with service.socket(f"orders/{order_id}/", Role.MANAGER, restaurant_id=2) as order:
        await order.next()
        for status in ("confirmed", "ready", "delivered"):
            assert (await order.request("update_status", status=status))["data"]["changed"]


async def _pay(service: Service, order_id: int) -> None:
    async with service.http() as http:
        due = (await http.get(f"/orders/{order_id}")).json()["data"]["balance"]
        for _ in range(2):  # the same payment sent twice is one payment
            paid = await http.post(
                f"/orders/{order_id}/payments",
                json={"amount": due, "method": "card"},
                headers={"Idempotency-Key": f"pay-{order_id}"},
            )
            assert paid.status_code == 200, paid.text
            assert paid.json()["data"]["paid_amount"] == due


async def _release(table: Socket) -> None:
    async def settled() -> Any:
        answer = await table.request("release")
        return answer.get("code") != "unsettled" and answer

    # the session receives the payment after the order
    assert (await eventually(settled, period_s=0.05))["data"]["changed"]


async def test_subscribers_do_not_notice_a_killed_actor(service: Service, placement: Mode) -> None:
    table_id, _ = await service.free_table()
    host = Placement(placement, shards=2).host_of(Address(Kind.TABLE, table_id, 2))
    async with service.socket(f"tables/{table_id}/") as table:
        seqs = [(await table.next())["seq"]]
        for zone in ("X", "Y"):
            class_, pid = (await service.actors())[host]
            assert class_ in ("TableActor", "RestaurantActor", "ShardActor")
            os.kill(pid, signal.SIGKILL)
            async with service.http() as http:
                changed = await http.patch(f"/tables/{table_id}", json={"zone": zone})
                assert changed.status_code == 200, changed.text
            frame = await asyncio.wait_for(table.raw.recv(), 30)
            assert f'"zone":"{zone}"' in str(frame)
            async with service.socket(f"tables/{table_id}/") as other:
                seqs.append((await other.next())["seq"])
    assert seqs == [seqs[0], seqs[0] + 1, seqs[0] + 2]


async def test_each_loaded_entity_has_a_named_actor_of_its_class(
    service: Service, placement: Mode
) -> None:
    if placement is not Mode.ENTITY:
        names = set(await service.actors())
        assert all(name.startswith((placement.value, "embedded-store")) for name in names), names
        return
    table_id, waiter_id = await service.free_table()
    async with service.http() as http:
        session = await http.post(f"/tables/{table_id}/sessions", json={})
        session_id = session.json()["session_id"]
        items = {"items": [{"menu_item_id": 1}]}
        order_id = (await http.post(f"/sessions/{session_id}/orders", json=items)).json()[
            "order_id"
        ]
    actors = {name: class_ for name, (class_, _) in (await service.actors()).items()}
    expected = {
        f"order:{order_id}": "OrderActor",
        f"table:{table_id}": "TableActor",
        f"session:{session_id}": "SessionActor",
        f"waiter:{waiter_id}": "WaiterActor",
        "restaurant:2": "RestaurantActor",
    }
    assert {name: actors.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ('{"action": "dance"}', "unknown_action"),
        ('{"action": "occupy", "guests_count": "four"}', "invalid_message"),
        (b"\x00\xff", "invalid_message"),
    ],
    ids=["broken JSON", "unknown action", "wrong type", "binary"],
)
async def test_an_invalid_frame_gets_an_error_and_changes_nothing(
    service: Service, frame: str | bytes, code: str
) -> None:
    async with service.socket("tables/5/") as table:
        before = (await table.next())["data"]
        await table.raw.send(frame)
        assert (await table.next())["code"] == code
        await table.send("get_status")
        assert (await table.next())["data"] == before


async def test_a_message_that_is_too_large_closes_its_socket_with_1009(service: Service) -> None:
    async with service.socket("tables/5/") as table:
        await table.next()
        with suppress(ConnectionClosed):
            await table.raw.send("x" * 100_000)
        assert await table.closed() == 1009


@pytest.mark.parametrize(
    ("path", "code"),
    [("tables/abc/", 4400), ("tables/5/?since=x", 4400), ("tables/987654/", 4404)],
)
async def test_a_rejected_path_closes_with_its_code(service: Service, path: str, code: int) -> None:
    async with service.socket(path) as socket:
        assert await socket.closed() == code


async def test_http_responses_and_errors_have_the_documented_form(service: Service) -> None:
    async with service.http() as http:
        for path, status, code in (
            ("/orders/987654", 404, "not_found"),
            ("/orders/x", 422, "invalid_message"),
            ("/nothing", 404, "not_found"),
        ):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        broken = await http.post("/tables/5/sessions", content=b"{")
        assert (broken.status_code, broken.json()["code"]) == (400, "invalid_json")
        listed = (await http.get("/restaurants")).json()["data"]
        assert [each["id"] for each in listed][:2] == [1, 2]
        assert (await http.get("/openapi.json")).json()["openapi"].startswith("3.1")
        history = (await http.get("/orders/1/history")).json()["data"]
        assert history[0]["type"] == "OrderPlaced"
