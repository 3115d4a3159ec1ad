"""Checks after quiescence: stored entities agree with each other and with the responses."""

import orjson

from domain import lifecycle
from domain.order.effects import summarize
from domain.table.views import data_of
from protocol.codec import encode
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from storage import keys
from tests.simulation.client_view import Violation, check_equal
from tests.simulation.final_state import (
    FinalEntity,
    FinalState,
    order_of,
    restaurant_of,
    session_of,
    table_of,
    waiter_of,
)
from tests.simulation.order_checks import check_order, check_units
from tests.simulation.price_checks import check_pauses, check_prices, check_refusals
from tests.simulation.request_checks import check_requests
from tests.simulation.world import SimWorld


def check_final_state(world: SimWorld) -> None:
    """Raises Violation.

    After data loss, acknowledged changes may be missing, and effects in flight between two hosts
    may have arrived without their cause or not at all.
    """
    stored = FinalState(world.commit_log)
    for entity in stored.entities.values():
        _check_sequences(entity, stored)
        _check_directory(world, entity)
        for event in entity.history:
            world.faults.note(f"event_{event['type']}")
    check_refusals(world.requests)
    if not world.commit_log.has_data_loss:
        check_requests(world.requests, stored)
        check_prices(stored)
        check_pauses(stored)
        for order in stored.of(Kind.ORDER):
            check_units(order)
    if not (world.commit_log.has_data_loss and world.spans_hosts):
        _check_consistency(stored)
        _check_outboxes(world, stored)


def _check_directory(world: SimWorld, entity: FinalEntity) -> None:
    """The directory lists the entity; a session is also listed by its code."""
    address = entity.address
    listed = world.server.value_of(keys.directory(address.kind, address.id)) or {}
    check_equal(f"{address}: directory", listed.get(b"%d" % address.id), b"%d" % address.restaurant)
    if address.kind is Kind.SESSION:
        code = keys.code(session_of(entity).session_code)
        value = b"%d:%d" % (address.id, address.restaurant)
        check_equal(f"{address}: its code", world.server.value_of(code), value)


def _check_consistency(stored: FinalState) -> None:
    for table in stored.of(Kind.TABLE):
        _check_table(table, stored)
    for session in stored.of(Kind.SESSION):
        _check_session(session, stored)
    for order in stored.of(Kind.ORDER):
        check_order(order, stored)
    for restaurant in stored.of(Kind.RESTAURANT):
        _check_restaurant(restaurant, stored)


def _check_sequences(entity: FinalEntity, stored: FinalState) -> None:
    """Versions and sequence numbers have no gaps; effects of a source are applied once, in
    order."""
    commit_log, name = stored.commit_log, entity.key.decode()
    versions = [event["version"] for event in entity.history]
    check_equal(f"{name}: versions", sorted(set(versions)), list(range(1, entity.version + 1)))
    check_equal(f"{name}: order of versions", versions, sorted(versions))
    for key, frames in commit_log.frames.items():
        if key.startswith(entity.key + b":j:"):
            seqs = [orjson.loads(frame)["seq"] for frame in frames]
            check_equal(f"{key.decode()}: seqs", seqs, list(range(1, len(frames) + 1)))
    epochs = {fields[b"epoch"] for fields in commit_log.versions[entity.key].values()}
    check_equal(f"{name}: epochs", len(epochs) == 1 or commit_log.has_data_loss, True)
    for source, numbers in commit_log.seen.items():
        if source.startswith(entity.key + b"<"):
            check_equal(f"{source.decode()}: effects", numbers, sorted(set(numbers)))


def _check_outboxes(world: SimWorld, stored: FinalState) -> None:
    """Targets have stored all effects that left an outbox; only timers not due remain."""
    for name, entry in world.outboxes():
        waiting = orjson.loads(world.server.value_of(name)[entry])
        if "due" not in waiting:
            raise Violation(f"{name}: {entry!r} was never delivered")
    for key, effects in stored.commit_log.effects.items():
        source = b":".join(key.split(b":")[2:])
        for entry, raw in effects.items():
            kind, id_, restaurant = orjson.loads(raw)["to"]
            target = stored.entities.get(Address(Kind(kind), id_, restaurant))
            seen = target.fields.get(b"seen:" + source, b"0") if target is not None else b"0"
            if int(seen) < int(entry[2:]):
                raise Violation(f"{key!r}: {raw!r} left the outbox and was not applied")


def _check_table(entity: FinalEntity, stored: FinalState) -> None:
    """Occupied exactly while a session is open on it, also in its restaurant's view."""
    table = table_of(entity)
    open_here = [
        session_of(each).id
        for each in stored.of(Kind.SESSION)
        if session_of(each).table_id == table.id and session_of(each).is_open
    ]
    check_equal(
        f"{entity.address}: open sessions", open_here, [table.session.id] if table.session else []
    )
    if table.session is not None:
        session = session_of(stored.at(Kind.SESSION, table.session.id, table.restaurant_id))
        check_equal(f"{entity.address}: guests", table.session.guests_count, session.guests_count)
    restaurant = restaurant_of(stored.at(Kind.RESTAURANT, table.restaurant_id, table.restaurant_id))
    known = restaurant.tables[table.id]
    check_equal(f"{entity.address}: as reported", known.version, table.revision)
    check_equal(f"{entity.address}: as reported", encode(known.data), encode(data_of(table)))


def _check_session(entity: FinalEntity, stored: FinalState) -> None:
    """Its summaries of orders equal the orders, and none is missing."""
    session = session_of(entity)
    check_equal(f"{entity.address}: opened", entity.count("SessionOpened"), 1)
    check_equal(
        f"{entity.address}: closed", entity.count("SessionClosed"), int(not session.is_open)
    )
    orders = [order_of(each) for each in stored.of(Kind.ORDER)]
    own = {order.id: summarize(order) for order in orders if order.session_id == session.id}
    check_equal(f"{entity.address}: orders", dict(session.orders), own)
    if not session.is_open:
        open_calls = [call for call in session.calls.values() if call.resolved_at is None]
        check_equal(f"{entity.address}: calls left open", open_calls, [])


def _check_restaurant(entity: FinalEntity, stored: FinalState) -> None:
    """Its figures match orders, payments and calls; each call's duration was counted once."""
    restaurant = restaurant_of(entity)
    orders = [order_of(each) for each in stored.of(Kind.ORDER)]
    figures = restaurant.figures
    check_equal("orders", figures.orders, len(orders))
    check_equal("payments", figures.payments, sum(len(order.payments) for order in orders))
    check_equal("paid", figures.paid, sum(order.money.paid for order in orders))
    cancelled = sum(order.status is OrderStatus.CANCELLED for order in orders)
    check_equal("cancelled", figures.cancelled, cancelled)
    open_orders = {
        order.id: summarize(order)
        for order in orders
        if lifecycle.ORDER[order.status] or order.money.balance
    }
    check_equal("open orders", dict(restaurant.open_orders), open_orders)
    calls = [call for each in stored.of(Kind.SESSION) for call in session_of(each).calls.values()]
    acknowledged = sum(call.acknowledged_at is not None for call in calls)
    check_equal("calls acknowledged", figures.acknowledged, acknowledged)
    check_equal("calls resolved", figures.resolved, sum(c.resolved_at is not None for c in calls))
    waiters = {waiter_of(each).id: waiter_of(each).name for each in stored.of(Kind.WAITER)}
    check_equal("waiters", dict(restaurant.waiters), waiters)
