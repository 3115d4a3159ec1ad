"""Each invariant finds its violation in snapshots that are otherwise consistent."""

from typing import Any

import pytest

from load_tests import invariants

ORDER = {
    "id": 5, "session_id": 7, "status": "confirmed",
    "total_amount": "9.00", "paid_amount": "4.00", "balance": "5.00", "refund_amount": "0.00",
    "confirmed_at": "19:04", "ready_at": None, "delivered_at": None, "cancelled_at": None,
}  # fmt: skip
ROW = {"order_id": 5, "status": "confirmed", "total_amount": "9.00", "balance": "5.00"}
CALL = {"acknowledged_at": "19:05", "resolved_at": None}
SESSION = {
    "id": 7, "table_id": 3, "status": "open", "guests_count": 2, "orders": [ROW], "calls": [CALL],
    "total_amount": "9.00", "balance": "5.00",
}  # fmt: skip
TABLE = {"table_id": 3, "is_occupied": True, "session": {"id": 7, "guests_count": 2}}
FIGURES = {
    "orders": 1, "cancelled": 0, "payments": 1, "paid_amount": "4.00",
    "calls_acknowledged": 1, "calls_resolved": 0,
}  # fmt: skip
RESTAURANT = {"id": 1, "tables": {"list": [TABLE]}, "open_orders": [ROW], "figures": FIGURES}
EVENTS = {
    1: ("OrderPlaced", {}),
    2: ("StatusChanged", {"status": "confirmed", "at": "19:04"}),
    3: ("PaymentReceived", {"payment": {"amount": "4.00"}}),
    4: ("SessionOpened", {}),
}
STATUS = EVENTS[2]
ITEM = {"item_id": 1, "quantity": 2, "voids": [{"units": 1}]}


def violations(
    order: Any = ORDER,
    session: Any = SESSION,
    table: Any = TABLE,
    restaurant: Any = RESTAURANT,
    events: Any = EVENTS,
    items: Any = (ITEM,),
) -> list[str]:
    history = [{"version": at, "type": type_, "data": data} for at, (type_, data) in events.items()]
    return [
        *invariants.of_versions("order 5", 4, history),
        *invariants.of_order(order),
        *invariants.of_order_history(order, history),
        *invariants.of_session(session),
        *invariants.of_session_history(session, history),
        *invariants.of_session_orders(session, [order]),
        *invariants.of_table(table, [session]),
        *invariants.of_restaurant(restaurant, [table], [order]),
        *invariants.of_figures(restaurant, [session], [order], invariants.payments(history)),
        *invariants.of_units("order 5", [ITEM], items),
    ]


def test_consistent_snapshots_have_no_violation() -> None:
    assert violations() == []


@pytest.mark.parametrize(
    ("changed", "violation"),
    [
        ({"order": {**ORDER, "balance": "4.00"}}, "order 5: balance and refund"),
        ({"order": {**ORDER, "status": "ready"}}, "order 5: status"),
        ({"order": {**ORDER, "ready_at": "19:10"}}, "order 5: times"),
        ({"order": {**ORDER, "paid_amount": "5.00"}}, "order 5: paid"),
        ({"order": {**ORDER, "status": "cancelled"}}, "restaurant 1: figures"),
        ({"events": {**EVENTS, 3: STATUS}}, "order 5: confirmed after confirmed"),
        ({"events": {**EVENTS, 3: EVENTS[1]}}, "order 5: placed"),
        ({"events": {**EVENTS, 6: STATUS}}, "order 5: versions"),
        ({"events": dict(reversed(EVENTS.items()))}, "order 5: order of versions"),
        ({"events": {**EVENTS, 3: ("Refunded", {"amount": "1.00"})}}, "order 5: paid"),
        ({"session": {**SESSION, "balance": "9.00"}}, "session 7: total and balance"),
        ({"session": {**SESSION, "status": "closed"}}, "session 7: unresolved calls"),
        ({"session": {**SESSION, "status": "closed"}}, "session 7: opened and closed"),
        ({"session": {**SESSION, "status": "closed"}}, "table 3: session and guests"),
        ({"session": {**SESSION, "guests_count": 3}}, "table 3: session and guests"),
        ({"session": {**SESSION, "orders": []}}, "session 7: order_ids"),
        ({"session": {**SESSION, "orders": [ROW, ROW]}}, "session 7: order_ids"),
        ({"session": {**SESSION, "calls": [CALL, CALL]}}, "restaurant 1: figures"),
        ({"session": {**SESSION, "orders": [{**ROW, "status": "ready"}]}}, "session 7: order_id 5"),
        ({"table": {**TABLE, "is_occupied": False}}, "table 3: is_occupied"),
        ({"table": {**TABLE, "is_occupied": False}}, "restaurant 1: table_id 3"),
        ({"restaurant": {**RESTAURANT, "open_orders": []}}, "restaurant 1: order_ids"),
        ({"items": ()}, "order 5: units of"),
        ({"items": ({**ITEM, "quantity": 1},)}, "order 5: units of"),
        ({"items": ({**ITEM, "voids": [{"units": 2}]},)}, "order 5: units ordered"),
    ],
)
def test_each_violation_is_found(changed: dict[str, Any], violation: str) -> None:
    assert [text for text in violations(**changed) if text.startswith(violation)]
