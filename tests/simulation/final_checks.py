"""Checks after quiescence: stored entities agree with each other and with the responses."""

import orjson

from load_tests import invariants
from protocol.caller import SYSTEM
from protocol.ids import Address, Kind
from storage import keys
from tests.simulation.client_view import Violation, check, check_equal
from tests.simulation.final_state import (
    FinalEntity,
    FinalState,
    session_of,
    waiter_of,
)
from tests.simulation.number_checks import check_numbers
from tests.simulation.order_checks import check_order, check_units
from tests.simulation.portion_checks import check_portions
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
    check_numbers(stored)
    if not world.commit_log.has_data_loss:
        check_requests(world.requests, stored)
        check_prices(stored)
        check_pauses(stored)
        check_portions(stored, world)
        for order in stored.of(Kind.ORDER):
            check_units(order)
    if not (world.commit_log.has_data_loss and world.spans_hosts):
        _check_consistency(stored)
        _check_empty_sessions(world, stored)
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
    orders = [each.data for each in stored.of(Kind.ORDER)]
    sessions = [each.data for each in stored.of(Kind.SESSION)]
    tables = [each.data for each in stored.of(Kind.TABLE)]
    for table in tables:
        check(invariants.of_table(table, sessions))
    for session in stored.of(Kind.SESSION):
        check(invariants.of_session(session.data))
        check(invariants.of_session_history(session.data, session.public_history))
        check(invariants.of_session_orders(session.data, orders))
    for order in stored.of(Kind.ORDER):
        check(invariants.of_order(order.data))
        check(invariants.of_order_history(order.data, order.public_history))
        check_order(order, stored)
    paid = [each for o in stored.of(Kind.ORDER) for each in invariants.payments(o.public_history)]
    for restaurant in stored.of(Kind.RESTAURANT):
        check(invariants.of_restaurant(restaurant.data, tables, orders))
        check(invariants.of_figures(restaurant.data, sessions, orders, paid))
        waiters = {waiter_of(each).id: waiter_of(each).name for each in stored.of(Kind.WAITER)}
        listed = {row["waiter_id"]: row["name"] for row in restaurant.data["waiters"]}
        check_equal("waiters", listed, waiters)


def _check_sequences(entity: FinalEntity, stored: FinalState) -> None:
    """Versions and sequence numbers have no gaps; effects of a source are applied once, in
    order."""
    commit_log, name = stored.commit_log, entity.key.decode()
    check(invariants.of_versions(name, entity.version, entity.history))
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


def _check_empty_sessions(world: SimWorld, stored: FinalState) -> None:
    """Those in which nothing was ordered close by themselves, and no others."""
    timers = set(world.outboxes())
    for entity in stored.of(Kind.SESSION):
        session = session_of(entity)
        closed = [each for each in entity.events("SessionClosed") if each["by"] == SYSTEM.subject]
        check_equal(f"{entity.address}: closed with orders", bool(closed and session.orders), False)
        if session.is_open:
            timer = (f"{entity.key.decode()}:out", b"t:empty")
            check_equal(f"{entity.address}: will close", timer in timers, not session.orders)
