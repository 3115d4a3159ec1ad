"""The checks at the end of a trial, over HTTP after quiescence.

Acknowledged changes exist once; rejected commands changed nothing; the invariants hold; each effect
was applied once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from load_tests import invariants
from load_tests.invariants import unequal
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
    orders, sessions, tables, paid = [], [], [], []
    for order_id, acknowledged in restaurant.orders.items():
        data, history = await _entity(api, f"/orders/{order_id}")
        found += invariants.of_versions(f"order {order_id}", data["version"], history)
        orders.append(data)
        paid += invariants.payments(history)
        found += ledger.losses_of_order(order_id, data)
        found += invariants.of_order(data)
        found += invariants.of_order_history(data, history)
        found += _check_order(data, acknowledged, history)
    for session_id in chain.from_iterable(restaurant.sessions_by_table.values()):
        data, history = await _entity(api, f"/sessions/{session_id}")
        found += invariants.of_versions(f"session {session_id}", data["version"], history)
        sessions.append(data)
        found += ledger.losses_of_session(session_id, data)
        found += invariants.of_session(data)
        found += invariants.of_session_history(data, history)
        found += invariants.of_session_orders(data, orders)
        found += _check_session(data, restaurant.guest_counts.get(session_id), history)
    for table_id, session_ids in restaurant.sessions_by_table.items():
        data, history = await _entity(api, f"/tables/{table_id}")
        found += invariants.of_versions(f"table {table_id}", data["version"], history)
        tables.append(data)
        found += invariants.of_table(data, sessions)
        found += _check_table(data, session_ids, restaurant, history)
    status = await api.get(f"/restaurants/{restaurant.id}")
    found += invariants.of_restaurant(status, tables, orders)
    found += invariants.of_figures(status, sessions, orders, paid)
    found += _check_screens(restaurant)
    return found


def _check_order(data: Any, acknowledged: AcknowledgedOrder, history: list[Any]) -> Iterator[str]:
    """It was served and paid as acknowledged."""
    paid = sum(map(Decimal, acknowledged.payments))
    expected = {
        "status": "delivered", "payment_status": "paid", "total_amount": acknowledged.total,
        "paid_amount": f"{paid:.2f}",
    }  # fmt: skip
    found = {name: data[name] for name in expected}
    yield from unequal(f"order {data['id']}", found, expected)
    types = [*SERVED_HISTORY, *["PaymentReceived"] * len(acknowledged.payments), "FullyPaid"]
    yield from unequal(f"order {data['id']}: history", _types(history), types)


def _check_session(data: Any, guest_counts: list[int] | None, history: list[Any]) -> Iterator[str]:
    """It has each acknowledged guest count, and each update of its orders, once."""
    expected = Counter(SessionOpened=1, OrderNoted=UPDATES_PER_ORDER * len(data["orders"]))
    if guest_counts is None:
        expected["SessionClosed"] = 1
    else:
        expected["GuestsCounted"] = len(guest_counts)
        guests = [e["data"]["guests_count"] for e in history if e["type"] == "GuestsCounted"]
        yield from unequal(f"session {data['id']}: guests", guests, guest_counts)
    yield from unequal(f"session {data['id']}: history", Counter(_types(history)), +expected)


def _check_table(
    data: Any, session_ids: list[int], restaurant: TrialRestaurant, history: list[Any]
) -> Iterator[str]:
    """It was occupied and released for each acknowledged session once."""
    id_ = data["table_id"]
    reported = [(e["type"], _subject(e)) for e in history if e["type"] != "TableGuestsChanged"]
    expected: list[tuple[str, int | None]] = [("TableCreated", None)]
    for session_id in session_ids:
        expected.append(("TableOccupied", session_id))
        if session_id not in restaurant.guest_counts:
            expected.append(("TableReleased", session_id))
    yield from unequal(f"table {id_}: history", reported, expected)
    counted = sum(len(restaurant.guest_counts.get(each, ())) for each in session_ids)
    changes = _types(history).count("TableGuestsChanged")
    yield from unequal(f"table {id_}: changes of its guests", changes, counted)


def _subject(event: Any) -> int | None:
    data = event["data"]
    if event["type"] == "TableOccupied":
        return int(data["session"]["id"])
    session_id: int | None = data.get("session_id")
    return session_id


def _types(history: list[Any]) -> list[str]:
    return [event["type"] for event in history]


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


async def _entity(api: TrialApi, path: str) -> tuple[Any, list[Any]]:
    """The snapshot of an entity, and all of its events, oldest first."""
    data = await api.get(path)
    events: list[Any] = []
    while True:
        before = f"&before={events[0]['position']}" if events else ""
        page = await api.get(f"{path}/history?limit={PAGE}{before}")
        events = page + events
        if len(page) < PAGE:
            return data, events
