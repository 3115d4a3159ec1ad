"""Checks of each order after quiescence: its steps, units, money and notifications."""

from typing import Any

from domain.order.item import are_delivered, are_ready
from domain.order.state import Order
from load_tests import invariants
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from tests.simulation.client_view import check, check_equal
from tests.simulation.final_state import FinalEntity, FinalState, order_of
from tests.simulation.price_checks import items_in


def check_order(entity: FinalEntity, stored: FinalState) -> None:
    """It waits for its items only, and each subscriber was notified once."""
    order, name = order_of(entity), entity.address
    _check_items(order, name)
    paid = [event["data"]["payment"]["amount"] for event in entity.events("PaymentReceived")]
    check_equal(f"{name}: payments", paid, [payment.amount for payment in order.payments])
    check_equal(f"{name}: paid", entity.count("FullyPaid"), int(order.paid_at is not None))
    restaurant = stored.at(Kind.RESTAURANT, order.restaurant_id, order.restaurant_id)

    def notifications(type_: str) -> list[Any]:
        data = [event["data"] for event in restaurant.events(type_)]
        return [d for d in data if (d.get("order_id") or d["card"]["order_id"]) == order.id]

    check_equal(f"{name}: new_order", len(notifications("OrderArrived")), 1)
    check_equal(f"{name}: order_ready", len(notifications("OrderBecameReady")), _announced(entity))
    check_equal(
        f"{name}: payments seen", [each["amount"] for each in notifications("PaymentSeen")], paid
    )
    completed = len(notifications("PaymentCompleted"))
    check_equal(f"{name}: payment_completed", completed, int(order.paid_at is not None))
    _check_notifications(entity, stored)


def _check_items(order: Order, name: Address) -> None:
    """An order is ready when all of its items are, and delivered when they are."""
    if order.status is not OrderStatus.DELIVERED and order.status is not OrderStatus.CANCELLED:
        check_equal(f"{name}: all items delivered", are_delivered(order.items), False)
    if order.status is OrderStatus.CONFIRMED:
        check_equal(f"{name}: confirmed with all items ready", are_ready(order.items), False)
    elif order.status in (OrderStatus.READY, OrderStatus.DELIVERED):
        check_equal(f"{name}: all items ready", are_ready(order.items), True)


def _announced(entity: FinalEntity) -> int:
    """How many times staff were notified that an order is ready: not if it was delivered within its
    grace period."""
    steps = [(e["data"]["status"], e["version"]) for e in entity.events("StatusChanged")]
    delivered = {version for status, version in steps if status == OrderStatus.DELIVERED}
    return sum(status == OrderStatus.READY and v not in delivered for status, v in steps)


def _recalled(entity: FinalEntity) -> list[str]:
    """The notifications that an order is ready, if it was recalled after them. They are named after
    the number of events before."""
    found = []
    for number, event in enumerate(entity.history, 1):
        if event["type"] == "StatusChanged" and event["data"]["status"] == OrderStatus.READY:
            found.append(f"order-{order_of(entity).id}-{number}")
    is_ready = order_of(entity).ready_at is not None
    return found[:-1] if is_ready else found


def check_units(entity: FinalEntity) -> None:
    """Units of an order that was confirmed are only taken away by voiding them: what is left and
    what was voided of an item add up to what was ordered."""
    before: dict[int, Any] = {}
    is_pending = True
    for event in entity.history:
        items = {each["item_id"]: each for each in items_in(event["data"])}
        name = f"{entity.address}: version {event['version']}"
        check_equal(
            f"{name}: items without units", [i for i in items if items[i]["quantity"] < 1], []
        )
        if items and not is_pending:
            check(invariants.of_units(name, before.values(), items.values()))
        before = items or before
        is_pending = is_pending and event["type"] != "StatusChanged"


def _check_notifications(entity: FinalEntity, stored: FinalState) -> None:
    """One for a new order, each time it is ready and each payment, in its restaurant and at its
    waiter. Those of a recalled order are acknowledged."""
    order = order_of(entity)
    expected = 1 + _announced(entity) + len(order.payments)
    places = [Address(Kind.RESTAURANT, order.restaurant_id, order.restaurant_id)]
    if order.waiter_id is not None:
        places.append(Address(Kind.WAITER, order.waiter_id, order.restaurant_id))
    for place in places:
        added = [
            event["data"]["notification"]["notification_id"]
            for event in stored.at(*place).events("NotificationAdded")
            if event["data"]["notification"]["data"].get("order_id") == order.id
        ]
        acknowledged = [
            event["data"]["notification_id"]
            for event in stored.at(*place).events("NotificationAcknowledged")
        ]
        check_equal(f"{place}: notifications of {entity.address}", len(added), expected)
        check_equal(f"{place}: notifications of {entity.address}", len(set(added)), expected)
        for recalled in _recalled(entity):
            check_equal(f"{place}: {recalled} was acknowledged", acknowledged.count(recalled), 1)
