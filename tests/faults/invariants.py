"""The invariants at the end of a trial, checked over HTTP after quiescence.

Acknowledged changes exist once; rejected commands changed nothing; entities agree about each other;
each effect was applied once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from load_tests.ledger import Ledger
from tests.faults.api import TrialApi
from tests.faults.restaurant import AcknowledgedOrder, TrialRestaurant
from tests.faults.socket import now

SETTLE_TIMEOUT_S = 60.0
"""Seconds within which the last effects must arrive."""
PAGE = 1000
SERVED_HISTORY = ["OrderPlaced", "StatusChanged", "ItemsChanged", "StatusChanged", "StatusChanged"]
"""An order's history up to its delivery."""
UPDATES_PER_ORDER = 6
"""Updates of an order to its session: placed, three statuses, two payments."""
NOTIFICATIONS_PER_ORDER = {"new_order": 1, "order_ready": 1, "payment": 2}
"""Notifications of an order, by kind."""


async def violations(
    api: TrialApi, ledger: Ledger, restaurants: list[TrialRestaurant]
) -> list[str]:
    """All violations that remain after `SETTLE_TIMEOUT_S`."""
    deadline = now() + SETTLE_TIMEOUT_S
    while True:
        found = [
            violation
            for restaurant in restaurants
            for violation in await _restaurant_violations(api, ledger, restaurant)
        ]
        if not found or now() > deadline:
            return found
        await asyncio.sleep(1.0)


async def _restaurant_violations(
    api: TrialApi, ledger: Ledger, restaurant: TrialRestaurant
) -> list[str]:
    found: list[str] = []
    rows: dict[int, Any] = {}
    for order_id, acknowledged in restaurant.orders.items():
        rows[order_id] = data = await api.get(f"/orders/{order_id}")
        found += ledger.losses_of_order(order_id, data)
        history = await _history(api, f"/orders/{order_id}")
        found += _check_order(order_id, data, acknowledged, history)
    for session_id in chain.from_iterable(restaurant.sessions_by_table.values()):
        data = await api.get(f"/sessions/{session_id}")
        found += ledger.losses_of_session(session_id, data)
        found += _check_session(
            data, restaurant, rows, await _history(api, f"/sessions/{session_id}")
        )
    status = await api.get(f"/restaurants/{restaurant.id}")
    seen = {row["table_id"]: row for row in status["tables"]["list"]}
    for table_id, sessions_by_table in restaurant.sessions_by_table.items():
        data = await api.get(f"/tables/{table_id}")
        found += _check_table(
            data, sessions_by_table, restaurant, await _history(api, f"/tables/{table_id}")
        )
        reported = {name: value for name, value in data.items() if name in seen[table_id]}
        if seen[table_id] != reported:
            found.append(f"restaurant {restaurant.id} sees table {table_id} as {seen[table_id]}")
    found += _check_restaurant(status, restaurant)
    found += _check_screens(restaurant)
    return found


def _check_order(
    order_id: int, data: Any, acknowledged: AcknowledgedOrder, history: list[Any]
) -> Iterator[str]:
    paid = sum(map(Decimal, acknowledged.payments))
    expected = {
        "status": "delivered", "payment_status": "paid", "total_amount": acknowledged.total,
        "paid_amount": f"{paid:.2f}", "balance": "0.00", "refund_due": False,
    }  # fmt: skip
    for name, value in expected.items():
        if data[name] != value:
            yield f"order {order_id}: {name} is {data[name]}, not {value}"
    types = [event["type"] for event in history]
    if types != [*SERVED_HISTORY, *["PaymentReceived"] * len(acknowledged.payments), "FullyPaid"]:
        yield f"order {order_id} has the history {types}"
    stamps = {event["data"]["status"]: event for event in history if "status" in event["data"]}
    for status, event in stamps.items():
        if data[f"{status}_at"] != event["data"]["at"]:
            yield f"order {order_id}: {status}_at is {data[f'{status}_at']}"
    versions = [event["version"] for event in history]
    if versions != sorted(versions) or data["version"] != versions[-1]:
        yield f"order {order_id} has the versions {versions}, and is at version {data['version']}"


def _check_session(
    data: Any, restaurant: TrialRestaurant, orders: dict[int, Any], history: list[Any]
) -> Iterator[str]:
    id_ = data["id"]
    guest_counts = restaurant.guest_counts.get(id_)
    for row in data["orders"]:
        order = orders.get(row["order_id"])
        if order is None or any(row[name] != order[name] for name in row if name != "order_id"):
            yield f"session {id_} lists order {row}, which is {order}"
    total = sum(Decimal(row["total_amount"]) for row in data["orders"])
    balance = sum(Decimal(row["balance"]) for row in data["orders"])
    if (Decimal(data["total_amount"]), Decimal(data["balance"])) != (total, balance):
        yield f"session {id_} has {data['total_amount']} and a balance of {data['balance']}"
    types = Counter(event["type"] for event in history)
    expected = Counter({"SessionOpened": 1, "OrderNoted": UPDATES_PER_ORDER * len(data["orders"])})
    if guest_counts is None:
        expected["SessionClosed"] = 1
    else:
        expected["GuestsCounted"] = len(guest_counts)
        guests = [e["data"]["guests_count"] for e in history if e["type"] == "GuestsCounted"]
        if guests != guest_counts:
            yield f"session {id_} has {len(guests)} guest counts, {len(guest_counts)} acknowledged"
    if types != +expected:
        yield f"session {id_} has the history {dict(types)}, not {dict(expected)}"


def _check_table(
    data: Any, sessions_by_table: list[int], restaurant: TrialRestaurant, history: list[Any]
) -> Iterator[str]:
    """Occupied exactly while a session is open on it."""
    id_ = data["table_id"]
    still = (
        sessions_by_table[-1]
        if sessions_by_table and sessions_by_table[-1] in restaurant.guest_counts
        else None
    )
    open_ = None if data["session"] is None else data["session"]["id"]
    if open_ != still or data["is_occupied"] != (still is not None):
        yield f"table {id_} has session {open_}, not {still}"
    reported = [(e["type"], _subject(e)) for e in history if e["type"] != "TableGuestsChanged"]
    expected: list[tuple[str, int | None]] = [("TableCreated", None)]
    for session_id in sessions_by_table:
        expected += [("TableOccupied", session_id), ("TableReleased", session_id)]
    if reported != (expected if still is None else expected[:-1]):
        yield f"table {id_} has the history {reported}, not {expected}"
    changes = sum(event["type"] == "TableGuestsChanged" for event in history)
    if changes != len(restaurant.guest_counts.get(still or 0, ())):
        yield f"table {id_} has {changes} changes of its guests"


def _subject(event: Any) -> int | None:
    data = event["data"]
    if event["type"] == "TableOccupied":
        return int(data["session"]["id"])
    session_id: int | None = data.get("session_id")
    return session_id


def _check_restaurant(data: Any, restaurant: TrialRestaurant) -> Iterator[str]:
    payments = [
        amount for acknowledged in restaurant.orders.values() for amount in acknowledged.payments
    ]
    expected = {
        "orders": len(restaurant.orders),
        "cancelled": 0,
        "payments": len(payments),
        "paid_amount": f"{sum(map(Decimal, payments)):.2f}",
    }
    figures = {name: data["figures"][name] for name in expected}
    if figures != expected:
        yield f"restaurant {restaurant.id} counts {figures}, not {expected}"
    if data["open_orders"]:
        yield f"restaurant {restaurant.id} has open orders: {data['open_orders']}"


def _check_screens(restaurant: TrialRestaurant) -> Iterator[str]:
    """Each event once. A snapshot instead of a resume replaces skipped events."""
    complete = {screen.channel.name: screen.replaced == 0 for screen in restaurant.screens}
    for (channel, kind, what), times in restaurant.received.items():
        if times > 1 and kind != "table_update":
            yield f"{channel} {restaurant.id} received {kind} {what} {times} times"
    received = Counter((channel, kind) for channel, kind, _ in restaurant.received.elements())
    orders = len(restaurant.orders)
    expected = {("restaurant", kind): orders for kind in ("new_order", "order_ready")}
    expected["restaurant", "payment_completed"] = orders
    seatings = [
        session
        for sessions_by_table in restaurant.sessions_by_table.values()
        for session in sessions_by_table
    ]
    closed = sum(session not in restaurant.guest_counts for session in seatings)
    changes = sum(map(len, restaurant.guest_counts.values()))
    expected["restaurant", "table_update"] = 2 * closed + changes
    for channel in ("notifications", "waiter"):
        expected |= {(channel, kind): n * orders for kind, n in NOTIFICATIONS_PER_ORDER.items()}
    for (channel, kind), times in expected.items():
        if complete[channel] and received[channel, kind] != times:
            yield f"{channel} {restaurant.id} received {received[channel, kind]} of {times} {kind}"


async def _history(api: TrialApi, path: str) -> list[Any]:
    """All events of an entity, oldest first."""
    events: list[Any] = []
    while True:
        before = f"&before={events[0]['position']}" if events else ""
        page = await api.get(f"{path}/history?limit={PAGE}{before}")
        events = page + events
        if len(page) < PAGE:
            return events
