"""What one change sets off: every row of the protocol's table, heard where it should be heard."""

from collections import Counter
from collections.abc import Callable

import pytest

from protocol import commands as c
from protocol.ids import Address, Channel
from protocol.menu import MenuCategoryInput
from protocol.statuses import CallStatus, ItemStatus, OrderStatus
from tests.unit.world import ADA, HOME, TABLE, RulesWorld, line
from tests.unit.world import MENU as MENU_OF_HOME

Where = tuple[str, Channel, str]
Change = Callable[[RulesWorld, Address, Address], object]

ORDER, ITEMS, TABLES, SESSION, WAITER, RESTAURANT, NOTES, MENU = (
    Channel.ORDER,
    Channel.ITEMS,
    Channel.TABLE,
    Channel.SESSION,
    Channel.WAITER,
    Channel.RESTAURANT,
    Channel.NOTIFICATIONS,
    Channel.MENU,
)


def confirmed(world: RulesWorld, session: Address, order: Address) -> None:
    world.advance(order, OrderStatus.CONFIRMED)


def nothing(world: RulesWorld, session: Address, order: Address) -> None:
    pass


def cancelled(world: RulesWorld, session: Address, order: Address) -> None:
    world.advance(order, OrderStatus.CANCELLED)


def released(world: RulesWorld, session: Address, order: Address) -> None:
    world.advance(order, OrderStatus.CANCELLED)
    world.do(TABLE, c.Release())


def called(world: RulesWorld, session: Address, order: Address) -> None:
    world.call(session)


def update_call(status: CallStatus) -> Change:
    return lambda world, session, order: world.do(
        session, c.UpdateCall(call_id=f"{session.id}-1", status=status)
    )


def status(to: OrderStatus) -> Change:
    return lambda world, session, order: world.advance(order, to)


CHANGES: dict[str, tuple[Change, Change, list[tuple[Channel, str]]]] = {
    "order created": (
        nothing,
        lambda world, session, order: world.order(session),
        [
            (RESTAURANT, "new_order"),
            (NOTES, "order_notification"),
            (WAITER, "order_notification"),
            (SESSION, "session_update"),
        ],
    ),
    "order status changed": (
        nothing,
        status(OrderStatus.CONFIRMED),
        [(ORDER, "order_status"), (SESSION, "session_update")],
    ),
    "order ready": (
        confirmed,
        status(OrderStatus.READY),
        [
            (ORDER, "order_items_update"),
            (ITEMS, "items_updated"),
            (ORDER, "order_status"),
            (SESSION, "session_update"),
            (RESTAURANT, "order_ready"),
            (WAITER, "order_notification"),
            (NOTES, "order_notification"),
        ],
    ),
    "order ready by its items": (
        confirmed,
        lambda world, session, order: world.do(
            order, c.UpdateItem(item_id=1, status=ItemStatus.READY)
        ),
        [
            (ORDER, "order_items_update"),
            (ITEMS, "items_updated"),
            (ORDER, "order_status"),
            (SESSION, "session_update"),
            (RESTAURANT, "order_ready"),
            (WAITER, "order_notification"),
            (NOTES, "order_notification"),
        ],
    ),
    "items changed": (
        nothing,
        lambda world, session, order: world.do(order, c.ReplaceItems(items=(line("Tea", 1),))),
        [(ORDER, "order_items_update"), (ITEMS, "items_updated"), (SESSION, "session_update")],
    ),
    "table occupied": (
        released,
        lambda world, session, order: world.occupy(),
        [(TABLES, "table_status"), (RESTAURANT, "table_update")],
    ),
    "table released": (
        cancelled,
        lambda world, session, order: world.do(TABLE, c.Release()),
        [
            (SESSION, "session_status"),
            (TABLES, "table_status"),
            (RESTAURANT, "table_update"),
        ],
    ),
    "guests changed": (
        nothing,
        lambda world, session, order: world.do(session, c.UpdateGuestsCount(guests_count=9)),
        [
            (SESSION, "session_update"),
            (TABLES, "table_update"),
            (RESTAURANT, "table_update"),
        ],
    ),
    "session closed": (
        cancelled,
        lambda world, session, order: world.do(session, c.CloseSession()),
        [
            (SESSION, "session_status"),
            (TABLES, "table_status"),
            (RESTAURANT, "table_update"),
        ],
    ),
    "payment received": (
        nothing,
        lambda world, session, order: world.pay(order, 100),
        [
            (WAITER, "payment_notification"),
            (NOTES, "payment_notification"),
            (ORDER, "order_update"),
            (SESSION, "session_update"),
        ],
    ),
    "order fully paid": (
        nothing,
        lambda world, session, order: world.pay(order, 1250),
        [
            (WAITER, "payment_notification"),
            (NOTES, "payment_notification"),
            (ORDER, "order_update"),
            (SESSION, "session_update"),
            (RESTAURANT, "payment_completed"),
        ],
    ),
    "task assigned": (
        nothing,
        lambda world, session, order: world.do(ADA, c.AssignTask(message="Clear table 5")),
        [(WAITER, "task_notification"), (NOTES, "task_notification")],
    ),
    "alert raised": (
        nothing,
        lambda world, session, order: world.do(ADA, c.RaiseAlert(message="Spill")),
        [(WAITER, "alert"), (NOTES, "alert")],
    ),
    "alert raised for all": (
        nothing,
        lambda world, session, order: world.do(HOME, c.RaiseAlert(message="Spill")),
        [(WAITER, "alert"), (NOTES, "alert")],
    ),
    "call made": (
        nothing,
        called,
        [
            (SESSION, "session_update"),
            (WAITER, "task_notification"),
            (NOTES, "task_notification"),
        ],
    ),
    "call acknowledged": (
        called,
        update_call(CallStatus.ACKNOWLEDGED),
        [
            (SESSION, "session_update"),
            (WAITER, "notification_acknowledged"),
            (NOTES, "notification_acknowledged"),
        ],
    ),
    "call escalated": (
        called,
        lambda world, session, order: world.wait(60),
        [(SESSION, "session_update"), (NOTES, "task_notification")],
    ),
    "call resolved": (
        called,
        update_call(CallStatus.RESOLVED),
        [
            (SESSION, "session_update"),
            (WAITER, "notification_acknowledged"),
            (NOTES, "notification_acknowledged"),
        ],
    ),
    "menu changed": (
        nothing,
        lambda world, session, order: world.do(
            MENU_OF_HOME, c.ReplaceMenu(categories=(MenuCategoryInput(name="Drinks", items=()),))
        ),
        [(MENU, "menu_update")],
    ),
    "broadcast": (
        nothing,
        lambda world, session, order: world.do(HOME, c.Broadcast(message="Happy hour")),
        [(RESTAURANT, "broadcast")],
    ),
}


@pytest.mark.parametrize("cause", CHANGES)
def test_change_is_published_to_exactly_its_subscribers(cause: str, world: RulesWorld) -> None:
    before, change, expected = CHANGES[cause]
    session = world.occupy()
    order = world.order(session)
    before(world, session, order)
    world.forget()
    change(world, session, order)
    heard = [(each.channel, each.type) for each in world.heard]
    assert Counter(heard) == Counter(expected)


def test_an_order_notification_has_the_documented_form(world: RulesWorld) -> None:
    order = world.order(world.occupy(), line("Soup", 500, 3))
    told = world.last(ADA)
    assert {
        name: told[name] for name in ("order_id", "table_number", "items_count", "message")
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
    listed = world.see(HOME, NOTES)["notifications"]
    ids = [note["notification_id"] for note in listed]
    assert len(set(ids)) == len(ids) == 5
    assert {name.rpartition("-")[0] for name in ids} == {
        f"order-{order.id}",
        f"payment-{order.id}",
        f"call-{session.id}",
    }


def test_table_without_a_waiter_notifies_only_the_restaurant(world: RulesWorld) -> None:
    table = world.add_table(6, "6", "B", None)
    world.forget()
    order = world.order(world.occupy(table))
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    world.pay(order, 1250)
    assert world.types(ADA) == []
    assert Counter(world.types(HOME, NOTES)) == Counter(
        ["order_notification", "order_notification", "payment_notification"]
    )
