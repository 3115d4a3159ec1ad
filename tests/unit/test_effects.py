"""Publications of each change, as in the protocol's table of events."""

from collections import Counter
from collections.abc import Callable

import pytest

from domain.entity import READY_GRACE_S
from protocol import commands as c
from protocol.ids import Address, Channel
from protocol.menu import MenuCategoryInput
from protocol.statuses import CallStatus, ItemStatus, OrderStatus
from tests.unit.world import ADA, RESTAURANT, TABLE, RulesWorld, line
from tests.unit.world import MENU as MENU_ADDRESS

Change = Callable[[RulesWorld, Address, Address], object]

ORDER, ITEMS, TABLES, SESSION, WAITER, RESTAURANT_FEED, NOTES, MENU = (
    Channel.ORDER,
    Channel.ITEMS,
    Channel.TABLE,
    Channel.SESSION,
    Channel.WAITER,
    Channel.RESTAURANT,
    Channel.NOTIFICATIONS,
    Channel.MENU,
)


def confirm(world: RulesWorld, session: Address, order: Address) -> None:
    world.advance(order, OrderStatus.CONFIRMED)


def finish(world: RulesWorld, session: Address, order: Address) -> None:
    world.do(order, c.UpdateItem(item_id=1, status=ItemStatus.READY))


def finished(world: RulesWorld, session: Address, order: Address) -> None:
    confirm(world, session, order)
    finish(world, session, order)


def ready(world: RulesWorld, session: Address, order: Address) -> None:
    finished(world, session, order)
    world.wait(READY_GRACE_S)


def recall(world: RulesWorld, session: Address, order: Address) -> None:
    world.do(order, c.UpdateItem(item_id=1, status=ItemStatus.PENDING, reason="raw"))


def no_change(world: RulesWorld, session: Address, order: Address) -> None:
    pass


def cancel(world: RulesWorld, session: Address, order: Address) -> None:
    world.advance(order, OrderStatus.CANCELLED)


def release(world: RulesWorld, session: Address, order: Address) -> None:
    world.advance(order, OrderStatus.CANCELLED)
    world.do(TABLE, c.Release())


def call(world: RulesWorld, session: Address, order: Address) -> None:
    world.call(session)


def update_call(status: CallStatus) -> Change:
    return lambda world, session, order: world.do(
        session, c.UpdateCall(call_id=f"{session.id}-1", status=status)
    )


def status(to: OrderStatus) -> Change:
    return lambda world, session, order: world.advance(order, to)


CHANGES: dict[str, tuple[Change, Change, list[tuple[Channel, str]]]] = {
    "order created": (
        no_change,
        lambda world, session, order: world.order(session),
        [
            (RESTAURANT_FEED, "new_order"),
            (NOTES, "order_notification"),
            (WAITER, "order_notification"),
            (SESSION, "session_update"),
        ],
    ),
    "order status changed": (
        no_change,
        status(OrderStatus.CONFIRMED),
        [(ORDER, "order_status"), (SESSION, "session_update")],
    ),
    "order ready": (
        confirm,
        status(OrderStatus.READY),
        [
            (ORDER, "order_items_update"),
            (ITEMS, "items_updated"),
            (ORDER, "order_status"),
            (SESSION, "session_update"),
            (RESTAURANT_FEED, "order_ready"),
            (WAITER, "order_notification"),
            (NOTES, "order_notification"),
        ],
    ),
    "last item ready": (
        confirm,
        finish,
        [(ORDER, "order_items_update"), (ITEMS, "items_updated"), (SESSION, "session_update")],
    ),
    "order ready by its items": (
        finished,
        lambda world, session, order: world.wait(READY_GRACE_S),
        [
            (ORDER, "order_status"),
            (SESSION, "session_update"),
            (RESTAURANT_FEED, "order_ready"),
            (WAITER, "order_notification"),
            (NOTES, "order_notification"),
        ],
    ),
    "ready item recalled": (
        ready,
        recall,
        [
            (ORDER, "order_items_update"),
            (ITEMS, "items_updated"),
            (ORDER, "order_status"),
            (SESSION, "session_update"),
            (WAITER, "notification_acknowledged"),
            (NOTES, "notification_acknowledged"),
        ],
    ),
    "ready item recalled within the grace period": (
        finished,
        recall,
        [(ORDER, "order_items_update"), (ITEMS, "items_updated"), (SESSION, "session_update")],
    ),
    "items changed": (
        no_change,
        lambda world, session, order: world.do(order, c.ReplaceItems(items=(line("Tea", 1),))),
        [(ORDER, "order_items_update"), (ITEMS, "items_updated"), (SESSION, "session_update")],
    ),
    "table occupied": (
        release,
        lambda world, session, order: world.occupy(),
        [(TABLES, "table_status"), (RESTAURANT_FEED, "table_update")],
    ),
    "table release": (
        cancel,
        lambda world, session, order: world.do(TABLE, c.Release()),
        [
            (SESSION, "session_status"),
            (TABLES, "table_status"),
            (RESTAURANT_FEED, "table_update"),
        ],
    ),
    "guests changed": (
        no_change,
        lambda world, session, order: world.do(session, c.UpdateGuestsCount(guests_count=9)),
        [
            (SESSION, "session_update"),
            (TABLES, "table_update"),
            (RESTAURANT_FEED, "table_update"),
        ],
    ),
    "session closed": (
        cancel,
        lambda world, session, order: world.do(session, c.CloseSession()),
        [
            (SESSION, "session_status"),
            (TABLES, "table_status"),
            (RESTAURANT_FEED, "table_update"),
        ],
    ),
    "payment received": (
        no_change,
        lambda world, session, order: world.pay(order, 100),
        [
            (WAITER, "payment_notification"),
            (NOTES, "payment_notification"),
            (ORDER, "order_update"),
            (SESSION, "session_update"),
        ],
    ),
    "order fully paid": (
        no_change,
        lambda world, session, order: world.pay(order, 1250),
        [
            (WAITER, "payment_notification"),
            (NOTES, "payment_notification"),
            (ORDER, "order_update"),
            (SESSION, "session_update"),
            (RESTAURANT_FEED, "payment_completed"),
        ],
    ),
    "task assigned": (
        no_change,
        lambda world, session, order: world.do(ADA, c.AssignTask(message="Clear table 5")),
        [(WAITER, "task_notification"), (NOTES, "task_notification")],
    ),
    "alert raised": (
        no_change,
        lambda world, session, order: world.do(ADA, c.RaiseAlert(message="Spill")),
        [(WAITER, "alert"), (NOTES, "alert")],
    ),
    "alert raised for all": (
        no_change,
        lambda world, session, order: world.do(RESTAURANT, c.RaiseAlert(message="Spill")),
        [(WAITER, "alert"), (NOTES, "alert")],
    ),
    "call made": (
        no_change,
        call,
        [
            (SESSION, "session_update"),
            (WAITER, "task_notification"),
            (NOTES, "task_notification"),
        ],
    ),
    "call acknowledged": (
        call,
        update_call(CallStatus.ACKNOWLEDGED),
        [
            (SESSION, "session_update"),
            (WAITER, "notification_acknowledged"),
            (NOTES, "notification_acknowledged"),
        ],
    ),
    "call escalated": (
        call,
        lambda world, session, order: world.wait(60),
        [(SESSION, "session_update"), (NOTES, "task_notification")],
    ),
    "call resolved": (
        call,
        update_call(CallStatus.RESOLVED),
        [
            (SESSION, "session_update"),
            (WAITER, "notification_acknowledged"),
            (NOTES, "notification_acknowledged"),
        ],
    ),
    "menu changed": (
        no_change,
        lambda world, session, order: world.do(
            MENU_ADDRESS, c.ReplaceMenu(categories=(MenuCategoryInput(name="Drinks", items=()),))
        ),
        [(MENU, "menu_update")],
    ),
    "orders paused": (
        no_change,
        lambda world, session, order: world.do(MENU_ADDRESS, c.PauseOrders()),
        [(MENU, "ordering_update")],
    ),
    "broadcast": (
        no_change,
        lambda world, session, order: world.do(RESTAURANT, c.Broadcast(message="Happy hour")),
        [(RESTAURANT_FEED, "broadcast")],
    ),
}


@pytest.mark.parametrize("cause", CHANGES)
def test_change_is_published_to_exactly_its_subscribers(cause: str, world: RulesWorld) -> None:
    before, change, expected = CHANGES[cause]
    session = world.occupy()
    order = world.order(session)
    before(world, session, order)
    world.clear()
    change(world, session, order)
    published = [(each.channel, each.type) for each in world.publications]
    assert Counter(published) == Counter(expected)


def test_an_order_notification_has_the_documented_form(world: RulesWorld) -> None:
    order = world.order(world.occupy(), line("Soup", 500, 3))
    published = world.last(ADA)
    assert {
        name: published[name] for name in ("order_id", "table_number", "items_count", "message")
    } == {
        "order_id": order.id,
        "table_number": "5",
        "items_count": 3,
        "message": "New order for table 5",
    }


def test_notification_ids_are_derived_from_their_cause_and_unique(world: RulesWorld) -> None:
    session = world.occupy()
    order = world.order(session)
    world.pay(order, 250)
    world.pay(order, 1000)
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    world.call(session)
    listed = world.snapshot(RESTAURANT, NOTES)["notifications"]
    ids = [note["notification_id"] for note in listed]
    assert len(set(ids)) == len(ids) == 5
    assert {name.rpartition("-")[0] for name in ids} == {
        f"order-{order.id}",
        f"payment-{order.id}",
        f"call-{session.id}",
    }


def test_table_without_a_waiter_notifies_only_the_restaurant(world: RulesWorld) -> None:
    table = world.add_table(6, "6", "B", None)
    world.clear()
    order = world.order(world.occupy(table))
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    world.pay(order, 1250)
    assert world.types(ADA) == []
    assert Counter(world.types(RESTAURANT, NOTES)) == Counter(
        ["order_notification", "order_notification", "payment_notification"]
    )
