"""Rules that hold for the snapshots and histories of the public API, whatever was requested.

Pure, and independent of the domain's code. Each function returns a sentence for every violation.
`ledger.py` has the rules about acknowledged commands, `stream_checker.py` those about a channel's
frames.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

Data = Mapping[str, Any]
ZERO = Decimal(0)
NEXT = {
    "pending": ("confirmed", "cancelled"),
    "confirmed": ("ready", "cancelled"),
    "ready": ("confirmed", "delivered", "cancelled"),
}
"""The statuses of an order that is not finished, and those that may follow."""


def unequal(what: str, found: object, expected: object) -> Iterator[str]:
    """A sentence if the two differ."""
    if found != expected:
        yield f"{what}: {found!r} is not {expected!r}"


def of_versions(name: str, version: int, history: Sequence[Data]) -> Iterator[str]:
    """Every version of an entity has events, and they are in order."""
    versions = [event["version"] for event in history]
    yield from unequal(f"{name}: versions", sorted(set(versions)), [*range(1, version + 1)])
    yield from unequal(f"{name}: order of versions", versions, sorted(versions))


def of_order(order: Data) -> Iterator[str]:
    """The amounts that are due and were paid add up."""
    owed = ZERO if order["status"] == "cancelled" else Decimal(order["total_amount"])
    due = owed - Decimal(order["paid_amount"])
    found = Decimal(order["balance"]), Decimal(order["refund_amount"])
    yield from unequal(
        f"order {order['id']}: balance and refund", found, (max(due, ZERO), max(-due, ZERO))
    )


def of_order_history(order: Data, history: Sequence[Data]) -> Iterator[str]:
    """The snapshot of an order is what its history leads to."""
    name = f"order {order['id']}"
    status = "pending"
    times = dict.fromkeys(("confirmed_at", "ready_at", "delivered_at", "cancelled_at"))
    for change in _data(history, "StatusChanged"):
        before, status = status, change["status"]
        if status not in NEXT.get(before, ()):
            yield f"{name}: {status} after {before}"
        if (before, status) == ("ready", "confirmed"):
            times["ready_at"] = None  # recalled: the first confirmation stands
        else:
            times[f"{status}_at"] = change["at"]
    yield from unequal(f"{name}: status", order["status"], status)
    yield from unequal(f"{name}: times", {each: order[each] for each in times}, times)
    yield from unequal(f"{name}: placed", len(_data(history, "OrderPlaced")), 1)
    refunds = sum(Decimal(refund["amount"]) for refund in _data(history, "Refunded"))
    paid = sum(payments(history)) - refunds
    yield from unequal(f"{name}: paid", Decimal(order["paid_amount"]), paid)


def of_session(session: Data) -> Iterator[str]:
    """A session's amounts are those of its orders, and a closed one has no unresolved calls."""
    name, rows = f"session {session['id']}", session["orders"]
    sums = (
        sum(Decimal(row["total_amount"]) for row in rows if row["status"] != "cancelled"),
        sum(Decimal(row["balance"]) for row in rows),
    )
    found = Decimal(session["total_amount"]), Decimal(session["balance"])
    yield from unequal(f"{name}: total and balance", found, sums)
    if session["status"] == "closed":
        unresolved = [call for call in session["calls"] if call["resolved_at"] is None]
        yield from unequal(f"{name}: unresolved calls", unresolved, [])


def of_session_history(session: Data, history: Sequence[Data]) -> Iterator[str]:
    """A session is opened once, and closed once if it is closed."""
    found = [len(_data(history, type_)) for type_ in ("SessionOpened", "SessionClosed")]
    expected = [1, int(session["status"] == "closed")]
    yield from unequal(f"session {session['id']}: opened and closed", found, expected)


def of_session_orders(session: Data, orders: Iterable[Data]) -> Iterator[str]:
    """A session lists its orders as they are."""
    own = [order for order in orders if order["session_id"] == session["id"]]
    yield from _of_rows(f"session {session['id']}", session["orders"], "order_id", own)


def of_table(table: Data, sessions: Iterable[Data]) -> Iterator[str]:
    """A table is occupied exactly while a session is open on it."""
    name, here = f"table {table['table_id']}", table["session"]
    open_ = [
        (session["id"], session["guests_count"])
        for session in sessions
        if session["table_id"] == table["table_id"] and session["status"] == "open"
    ]
    occupied = [(here["id"], here["guests_count"])] if here else []
    yield from unequal(f"{name}: session and guests", occupied, open_)
    yield from unequal(f"{name}: is_occupied", table["is_occupied"], bool(open_))


def of_restaurant(
    restaurant: Data, tables: Iterable[Data], orders: Iterable[Data]
) -> Iterator[str]:
    """A restaurant lists its tables and open orders as they are."""
    name = f"restaurant {restaurant['id']}"
    yield from _of_rows(name, restaurant["tables"]["list"], "table_id", tables)
    open_ = [order for order in orders if order["status"] in NEXT or Decimal(order["balance"])]
    yield from _of_rows(name, restaurant["open_orders"], "order_id", open_)


def of_figures(
    restaurant: Data, sessions: Iterable[Data], orders: Sequence[Data], paid: Sequence[Decimal]
) -> Iterator[str]:
    """A restaurant counts each order, each payment and each call once."""
    calls = [call for session in sessions for call in session["calls"]]
    expected = {
        "orders": len(orders),
        "cancelled": sum(order["status"] == "cancelled" for order in orders),
        "payments": len(paid),
        "paid_amount": f"{sum(paid):.2f}",
        "calls_acknowledged": sum(call["acknowledged_at"] is not None for call in calls),
        "calls_resolved": sum(call["resolved_at"] is not None for call in calls),
    }
    found = {name: restaurant["figures"][name] for name in expected}
    yield from unequal(f"restaurant {restaurant['id']}: figures", found, expected)


def of_units(name: str, before: Iterable[Data], after: Iterable[Data]) -> Iterator[str]:
    """Units of a confirmed order are only taken away by voiding them: what is left and what was
    voided of an item add up to what was ordered."""
    rows = {row["item_id"]: row for row in after}
    for item in before:
        row = rows.get(item["item_id"])
        if row is None or _ordered(row) < _ordered(item):
            yield f"{name}: units of {item} are gone"
        elif row["voids"] != item["voids"]:
            yield from unequal(f"{name}: units ordered", _ordered(row), _ordered(item))


def payments(history: Iterable[Data]) -> list[Decimal]:
    """The payments in the history of an order."""
    return [Decimal(data["payment"]["amount"]) for data in _data(history, "PaymentReceived")]


def _data(history: Iterable[Data], type_: str) -> list[Any]:
    return [event["data"] for event in history if event["type"] == type_]


def _of_rows(name: str, rows: Sequence[Data], key: str, entities: Iterable[Data]) -> Iterator[str]:
    """The rows are of these entities, and no others, and have the same values as they."""
    by_id = {entity[key if key in entity else "id"]: entity for entity in entities}
    yield from unequal(f"{name}: {key}s", sorted(row[key] for row in rows), sorted(by_id))
    for row in rows:
        entity = by_id.get(row[key], row)
        shared = {field: entity[field] for field in row if field in entity}
        yield from unequal(f"{name}: {key} {row[key]}", {f: row[f] for f in shared}, shared)


def _ordered(item: Data) -> int:
    return int(item["quantity"]) + sum(int(void["units"]) for void in item["voids"])
