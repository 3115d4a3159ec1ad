"""A restaurant: tables, waiters, orders, statistics and notifications."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.messages import Notify, OrderReported, TableReported
from domain.notifications import Notification
from domain.restaurant import state as restaurant_state
from domain.restaurant.rules import RESTAURANT as BEHAVIOUR
from domain.restaurant.state import Restaurant
from protocol import commands as c
from protocol.codec import parse_body
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind
from protocol.statuses import OrderStatus
from storage.codec import changes, restore
from tests.unit.world import ADA, MANAGER, RESTAURANT, START, TABLE, WAITER, RulesWorld, line

NOTES = Channel.NOTIFICATIONS
OTHER_RESTAURANT = Address(Kind.RESTAURANT, 3, 3)


def test_a_new_restaurant_is_empty(world: RulesWorld) -> None:
    create = c.CreateRestaurant(name="Osteria", currency="USD", timezone="America/New_York")
    assert world.do(OTHER_RESTAURANT, create).result == {"restaurant_id": 3}
    seen = world.snapshot(OTHER_RESTAURANT)
    assert (seen["id"], seen["name"]) == (3, "Osteria")
    assert (seen["currency"], seen["timezone"]) == ("USD", "America/New_York")
    assert seen["tables"] == {"total": 0, "active": 0, "occupied": 0, "list": []}
    assert (seen["open_orders"], seen["waiters"]) == ([], [])
    assert world.snapshot(OTHER_RESTAURANT, NOTES) == {"restaurant_id": 3, "notifications": []}
    world.unchanged(OTHER_RESTAURANT, create)


# --- tables and waiters --------------------------------------------------------------------------


def test_an_added_table_is_listed_once_it_is_created(world: RulesWorld) -> None:
    add = c.AddTable(number="7", zone="B", seats=2)
    decision = world.do(RESTAURANT, add, id_=7)
    assert decision.result == {"table_id": 7}
    assert [effect.to for effect in decision.effects if effect.creates] == [
        Address(Kind.TABLE, 7, RESTAURANT.id)
    ]
    assert world.types(RESTAURANT) == ["table_update"]
    assert world.last(RESTAURANT) == world.snapshot(Address(Kind.TABLE, 7, RESTAURANT.id))


@pytest.mark.parametrize(("number", "again"), [("5", "5"), ("Bar a", "BAR A"), ("5", " 5 ")])
def test_a_table_with_a_taken_number_is_refused(number: str, again: str, world: RulesWorld) -> None:
    taken = TABLE if number == "5" else world.add_table(6, number, "B", None)
    body = b'{"number":"%s","zone":"C","seats":2}' % again.encode()
    add = parse_body(c.AddTable, body)
    refused = world.refuse(RESTAURANT, add, Code.INVALID_MESSAGE, id_=7)
    assert refused.details == {"field": "number", "table_id": taken.id}
    assert refused.error.endswith("Choose another one.")


def test_stored_tables_with_the_same_number_work_and_their_orders_carry_table_and_zone(
    world: RulesWorld,
) -> None:
    other = world.add_table(6, "6", "B", None)
    home, table = world.states[RESTAURANT], world.states[other]
    card = home.tables[other.id]
    double = replace(card, data={**card.data, "table_number": "5"})
    world.states[RESTAURANT] = replace(home, tables=home.tables.with_entry(other.id, double))
    world.states[other] = replace(table, number="5")
    orders = [world.order(world.occupy(each)) for each in (TABLE, other)]
    rows = world.snapshot(RESTAURANT)["open_orders"]
    assert [row["order_id"] for row in rows] == [order.id for order in orders]
    assert [row["table_number"] for row in rows] == ["5", "5"]
    assert [(row["table_id"], row["zone"]) for row in rows] == [(TABLE.id, "A"), (other.id, "B")]


def test_an_order_stored_before_its_table_was_reported_is_listed_without_one(
    world: RulesWorld,
) -> None:
    order = world.order(world.occupy())
    stored = {name: raw for name, raw in changes(None, world.states[RESTAURANT]).items() if raw}
    name = f"open_orders/{order.id}"
    stored[name] = stored[name].replace(b',"table_id":5', b"")
    world.states[RESTAURANT] = restore(Restaurant, stored)
    (row,) = world.snapshot(RESTAURANT)["open_orders"]
    assert (row["table_id"], row["table_number"], row["zone"]) == (None, "5", None)


def test_an_added_waiter_is_listed_once_it_is_created(world: RulesWorld) -> None:
    decision = world.do(RESTAURANT, c.AddWaiter(name="Bob"), id_=11)
    assert decision.result == {"waiter_id": 11}
    assert world.snapshot(RESTAURANT)["waiters"] == [
        {"waiter_id": 10, "name": "Ada"},
        {"waiter_id": 11, "name": "Bob"},
    ]
    assert world.snapshot(Address(Kind.WAITER, 11, RESTAURANT.id))["name"] == "Bob"


def test_occupied_and_active_tables_are_counted(world: RulesWorld) -> None:
    world.do(world.add_table(6, "6", "A", None), c.ChangeTable(is_active=False))
    world.occupy()
    tables = world.snapshot(RESTAURANT)["tables"]
    assert (tables["total"], tables["active"], tables["occupied"]) == (2, 1, 1)
    assert [table["table_number"] for table in tables["list"]] == ["5", "6"]


def test_an_older_report_of_a_table_is_ignored(world: RulesWorld) -> None:
    known = world.states[RESTAURANT].tables[TABLE.id]
    report = TableReported(TABLE.id, known.version, None, {**known.data, "zone": "Z"})
    world.unchanged(RESTAURANT, report)


# --- orders --------------------------------------------------------------------------------------


def test_orders_are_open_until_they_are_final_and_paid(world: RulesWorld) -> None:
    order = world.order(world.occupy(), line("Soup", 500))
    (row,) = world.snapshot(RESTAURANT)["open_orders"]
    assert row == {
        "order_id": order.id,
        "number": None,
        "status": "pending",
        "payment_status": "unpaid",
        "table_id": TABLE.id,
        "table_number": "5",
        "zone": "A",
        "items_count": 1,
        "total_amount": "5.00",
        "balance": "5.00",
        "created_at": "2026-01-28T21:00:00Z",
    }
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED)
    assert [row["status"] for row in world.snapshot(RESTAURANT)["open_orders"]] == ["delivered"]
    world.pay(order, 500)
    assert world.snapshot(RESTAURANT)["open_orders"] == []


def test_open_orders_move_with_their_table_to_another_zone(world: RulesWorld) -> None:
    world.order(world.occupy())
    assert [row["zone"] for row in world.snapshot(RESTAURANT)["open_orders"]] == ["A"]
    world.do(TABLE, c.ChangeTable(zone="B"))
    assert [row["zone"] for row in world.snapshot(RESTAURANT)["open_orders"]] == ["B"]


def test_an_older_report_of_an_order_is_ignored(world: RulesWorld) -> None:
    order = world.order(world.occupy())
    old = world.states[RESTAURANT].open_orders[order.id]
    world.advance(order, OrderStatus.CONFIRMED)
    world.unchanged(RESTAURANT, OrderReported(old))


def test_statistics_count_orders_and_payments(world: RulesWorld) -> None:
    session = world.occupy()
    first, second = world.order(session), world.order(session)
    world.pay(first, 1000)
    world.pay(first, 250)
    world.advance(second, OrderStatus.CANCELLED)
    figures = world.snapshot(RESTAURANT)["figures"]
    assert (figures["orders"], figures["cancelled"]) == (2, 1)
    assert (figures["payments"], figures["paid_amount"]) == (2, "12.50")


def test_payments_are_counted_by_the_restaurants_local_day(world: RulesWorld) -> None:
    def day() -> tuple[str | None, int, str]:
        figures = world.snapshot(RESTAURANT)["figures"]
        return figures["day"], figures["day_payments"], figures["day_paid_amount"]

    assert day() == (None, 0, "0.00")
    order = world.order(world.occupy())
    world.pay(order, 1000)
    world.pay(order, 50)
    assert day() == ("2026-01-28", 2, "10.50")
    world.now += timedelta(hours=2)  # 23:00 UTC is the next day in Rome
    world.pay(order, 200)
    assert day() == ("2026-01-29", 1, "2.00")
    assert world.snapshot(RESTAURANT)["figures"]["paid_amount"] == "12.50"


def test_order_ready_is_published_once(world: RulesWorld) -> None:
    order = world.order(world.occupy())
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    world.pay(order, 100)
    assert world.types(RESTAURANT).count("order_ready") == 1


def test_a_refund_of_a_final_order_publishes_nothing_to_its_restaurant(world: RulesWorld) -> None:
    order = world.order(world.occupy())
    world.pay(order, 1000)
    world.advance(order, OrderStatus.CANCELLED)
    world.clear()
    before = world.snapshot(RESTAURANT)
    world.do(order, c.Refund(reason="cancelled"))
    assert world.types(RESTAURANT) == []
    assert world.snapshot(RESTAURANT) == before


# --- notifications -------------------------------------------------------------------------------


def test_an_alert_reaches_all_waiters(world: RulesWorld) -> None:
    bob = world.add_waiter("Bob")
    world.clear()
    decision = world.do(RESTAURANT, c.RaiseAlert(message="Kitchen closes"))
    assert decision.result == {"notification_id": "restaurant-2-1"}
    for at, channel in ((RESTAURANT, NOTES), (ADA, Channel.WAITER), (bob, Channel.WAITER)):
        assert world.types(at, channel) == ["alert"]
        assert world.last(at, channel)["message"] == "Kitchen closes"


def test_an_alert_names_its_table(world: RulesWorld) -> None:
    world.do(RESTAURANT, c.RaiseAlert(message="Spill", table_id=TABLE.id))
    published = world.last(RESTAURANT, NOTES)
    assert (published["table_id"], published["table_number"]) == (5, "5")


def test_the_first_acknowledgement_of_a_notification_is_kept(world: RulesWorld) -> None:
    world.do(RESTAURANT, c.RaiseAlert(message="Spill"))
    world.clear()
    acknowledge = c.Acknowledge(notification_id="restaurant-2-1")
    assert world.do(RESTAURANT, acknowledge, WAITER).result == {"acknowledged_by": WAITER.subject}
    assert world.types(RESTAURANT, NOTES) == ["notification_acknowledged"]
    assert world.types(ADA) == ["notification_acknowledged"]
    again = world.unchanged(RESTAURANT, acknowledge, MANAGER)
    assert again.result == {"acknowledged_by": WAITER.subject}
    world.unchanged(ADA, acknowledge, MANAGER)


def test_acknowledging_an_unlisted_notification_is_rejected(world: RulesWorld) -> None:
    world.refuse(RESTAURANT, c.Acknowledge(notification_id="123"), Code.NOT_FOUND)


def test_the_notification_list_of_a_restaurant_is_bounded(world: RulesWorld) -> None:
    for n in range(restaurant_state.MAX_NOTIFICATIONS + 5):
        note = Notification(f"order-{n}-1", "order_notification", "new_order", {}, START)
        world.do(RESTAURANT, Notify(note))
    assert (
        len(world.snapshot(RESTAURANT, NOTES)["notifications"])
        == restaurant_state.MAX_NOTIFICATIONS
    )


def test_broadcast_is_published_and_not_listed(world: RulesWorld) -> None:
    world.do(RESTAURANT, c.Broadcast(message="Happy hour"))
    assert world.types(RESTAURANT) == ["broadcast"]
    sent = world.last(RESTAURANT)
    assert (sent["message"], sent["by"]) == ("Happy hour", MANAGER.subject)
    assert sent["sent_at"]
    assert world.snapshot(RESTAURANT, NOTES)["notifications"] == []


# --- rejected commands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "type_"),
    [
        (Channel.RESTAURANT, "restaurant_status"),
        (Channel.NOTIFICATIONS, "notifications_list"),
    ],
)
def test_each_restaurant_channel_has_its_own_snapshot(
    channel: Channel, type_: str, world: RulesWorld
) -> None:
    assert BEHAVIOUR.snapshot(world.states[RESTAURANT], channel)[0] == type_


def test_a_command_to_a_missing_restaurant_is_not_found(world: RulesWorld) -> None:
    for command in (
        c.AddTable(number="1", zone="A", seats=2),
        c.AddWaiter(name="Bob"),
        c.Broadcast(message="x"),
        c.RaiseAlert(message="x"),
        c.Acknowledge(notification_id="1"),
    ):
        world.refuse(OTHER_RESTAURANT, command, Code.NOT_FOUND, id_=1)


def test_a_restaurant_rejects_commands_of_other_kinds(world: RulesWorld) -> None:
    world.refuse(RESTAURANT, c.Occupy(), Code.UNKNOWN_ACTION)
