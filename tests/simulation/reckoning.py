"""When all is quiet: whether what is stored agrees with itself, and with what people were told."""

from collections import Counter
from typing import Any

import orjson

from domain import lifecycle
from domain.order_effects import card
from domain.table import data_of
from protocol.frames import encode
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from tests.simulation.stored import (
    Entity,
    Stored,
    order_of,
    restaurant_of,
    session_of,
    table_of,
    waiter_of,
)
from tests.simulation.told import check_wishes
from tests.simulation.view import Violation, same
from tests.simulation.world import World


def reckon(world: World) -> None:
    """Raises Violation.

    A store that lost its last writes lost what people were told of them; and what was under way
    between two hosts at that moment may have come without its cause, or not at all.
    """
    stored = Stored(world.truth)
    for entity in stored.entities.values():
        _numbers(entity, stored)
        for event in entity.history:
            world.faults.note(f"event_{event['type']}")
    if not world.truth.has_lost:
        check_wishes(world.wishes, stored)
    if not (world.truth.has_lost and world.apart):
        _agree(stored)
        _outboxes(world, stored)


def _agree(stored: Stored) -> None:
    for table in stored.of(Kind.TABLE):
        _table(table, stored)
    for session in stored.of(Kind.SESSION):
        _session(session, stored)
    for order in stored.of(Kind.ORDER):
        _order(order, stored)
    for restaurant in stored.of(Kind.RESTAURANT):
        _restaurant(restaurant, stored)


def _numbers(entity: Entity, stored: Stored) -> None:
    """Versions and numbers of events without a gap; effects of a source once, in order."""
    truth, name = stored.truth, entity.key.decode()
    versions = [event["version"] for event in entity.history]
    same(f"{name}: versions", sorted(set(versions)), list(range(1, entity.version + 1)))
    same(f"{name}: order of versions", versions, sorted(versions))
    for key, frames in truth.frames.items():
        if key.startswith(entity.key + b":j:"):
            seqs = [orjson.loads(frame)["seq"] for frame in frames]
            same(f"{key.decode()}: seqs", seqs, list(range(1, len(frames) + 1)))
    epochs = {fields[b"epoch"] for fields in truth.versions[entity.key].values()}
    same(f"{name}: epochs", len(epochs) == 1 or truth.has_lost, True)
    for source, numbers in truth.seen.items():
        if source.startswith(entity.key + b"<"):
            same(f"{source.decode()}: effects", numbers, sorted(set(numbers)))


def _outboxes(world: World, stored: Stored) -> None:
    """What left an outbox was stored by its target. What remains are timers not yet due."""
    for name, entry in world.outboxes():
        waiting = orjson.loads(world.server.look(name)[entry])
        if "due" not in waiting:
            raise Violation(f"{name}: {entry!r} was never delivered")
    for key, effects in stored.truth.effects.items():
        source = b":".join(key.split(b":")[2:])
        for entry, raw in effects.items():
            kind, id_, restaurant = orjson.loads(raw)["to"]
            target = stored.entities.get(Address(Kind(kind), id_, restaurant))
            seen = target.fields.get(b"seen:" + source, b"0") if target is not None else b"0"
            if int(seen) < int(entry[2:]):
                raise Violation(f"{key!r}: {raw!r} left the outbox and did not arrive")


def _table(entity: Entity, stored: Stored) -> None:
    """Occupied exactly while a session is open on it, and its restaurant knows."""
    table = table_of(entity)
    open_here = [
        session_of(each).id
        for each in stored.of(Kind.SESSION)
        if session_of(each).table_id == table.id and session_of(each).is_open
    ]
    same(f"{entity.address}: open sessions", open_here, [table.session.id] if table.session else [])
    if table.session is not None:
        session = session_of(stored.at(Kind.SESSION, table.session.id, table.restaurant_id))
        same(f"{entity.address}: guests", table.session.guests_count, session.guests_count)
    home = restaurant_of(stored.at(Kind.RESTAURANT, table.restaurant_id, table.restaurant_id))
    known = home.tables[table.id]
    same(f"{entity.address}: as reported", known.version, table.revision)
    same(f"{entity.address}: as reported", encode(known.data), encode(data_of(table)))


def _session(entity: Entity, stored: Stored) -> None:
    """Its cards are what its orders are, all of them."""
    session = session_of(entity)
    same(f"{entity.address}: opened", entity.count("SessionOpened"), 1)
    same(f"{entity.address}: closed", entity.count("SessionClosed"), int(not session.is_open))
    orders = [order_of(each) for each in stored.of(Kind.ORDER)]
    own = {order.id: card(order) for order in orders if order.session_id == session.id}
    same(f"{entity.address}: orders", dict(session.orders), own)
    if not session.is_open:
        left = [call for call in session.calls.values() if call.resolved_at is None]
        same(f"{entity.address}: calls left open", left, [])


def _order(entity: Entity, stored: Stored) -> None:
    """Each step once, its money adds up, and everybody was told of it once."""
    order, name = order_of(entity), entity.address
    statuses = Counter(event["data"]["status"] for event in entity.events("StatusChanged"))
    stamps = {
        status.value: 1
        for status in lifecycle.ORDER
        if status is not OrderStatus.PENDING and getattr(order, f"{status.value}_at") is not None
    }
    same(f"{name}: steps", statuses, stamps)
    paid = [event["data"]["payment"]["amount"] for event in entity.events("PaymentReceived")]
    same(f"{name}: payments", paid, [payment.amount for payment in order.payments])
    same(f"{name}: placed", entity.count("OrderPlaced"), 1)
    same(f"{name}: paid", entity.count("FullyPaid"), int(order.paid_at is not None))
    money = order.money
    same(f"{name}: balance", money.owed - money.kept, money.balance - money.refund_due)
    home = stored.at(Kind.RESTAURANT, order.restaurant_id, order.restaurant_id)

    def told(type_: str) -> list[Any]:
        data = [event["data"] for event in home.events(type_)]
        return [d for d in data if (d.get("order_id") or d["card"]["order_id"]) == order.id]

    same(f"{name}: new_order", len(told("OrderArrived")), 1)
    same(f"{name}: order_ready", len(told("OrderBecameReady")), int(order.ready_at is not None))
    same(f"{name}: payments seen", [each["amount"] for each in told("PaymentSeen")], paid)
    completed = len(told("PaymentCompleted"))
    same(f"{name}: payment_completed", completed, int(order.paid_at is not None))
    _notifications(entity, stored)


def _notifications(entity: Entity, stored: Stored) -> None:
    """One for a new order, a ready one and each payment, at home and with its waiter."""
    order = order_of(entity)
    expected = 1 + int(order.ready_at is not None) + len(order.payments)
    places = [Address(Kind.RESTAURANT, order.restaurant_id, order.restaurant_id)]
    if order.waiter_id is not None:
        places.append(Address(Kind.WAITER, order.waiter_id, order.restaurant_id))
    for place in places:
        added = [
            event["data"]["notification"]["notification_id"]
            for event in stored.at(*place).events("NotificationAdded")
            if event["data"]["notification"]["data"].get("order_id") == order.id
        ]
        same(f"{place}: notifications of {entity.address}", len(added), expected)
        same(f"{place}: notifications of {entity.address}", len(set(added)), expected)


def _restaurant(entity: Entity, stored: Stored) -> None:
    """Its figures are what happened; its calls were timed once."""
    home = restaurant_of(entity)
    orders = [order_of(each) for each in stored.of(Kind.ORDER)]
    figures = home.figures
    same("orders", figures.orders, len(orders))
    same("payments", figures.payments, sum(len(order.payments) for order in orders))
    same("paid", figures.paid, sum(order.money.paid for order in orders))
    cancelled = sum(order.status is OrderStatus.CANCELLED for order in orders)
    same("cancelled", figures.cancelled, cancelled)
    open_orders = {
        order.id: card(order)
        for order in orders
        if lifecycle.ORDER[order.status] or order.money.balance
    }
    same("open orders", dict(home.open_orders), open_orders)
    calls = [call for each in stored.of(Kind.SESSION) for call in session_of(each).calls.values()]
    acknowledged = sum(call.acknowledged_at is not None for call in calls)
    same("calls acknowledged", figures.acknowledged, acknowledged)
    same("calls resolved", figures.resolved, sum(c.resolved_at is not None for c in calls))
    waiters = {waiter_of(each).id: waiter_of(each).name for each in stored.of(Kind.WAITER)}
    same("waiters", dict(home.waiters), waiters)
