"""The invariants at the end of a trial, asked over HTTP of a service that has come to rest.

What was acknowledged is there, once; what was refused changed nothing; what one entity says of
another is what that one says of itself; each effect took effect once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from load_tests.ledger import Ledger
from tests.faults.api import Api
from tests.faults.house import Done, House
from tests.faults.link import now

PATIENCE_S = 60.0
"""Within which the last effects arrive."""
PAGE = 1000
SERVED = ["OrderPlaced", "StatusChanged", "ItemsChanged", "StatusChanged", "StatusChanged"]
"""An order's history up to its delivery: confirmed, ready with its items, delivered."""
REPORTS = 6
"""What a session hears of an order: placed, three statuses, two payments."""
TOLD = {"new_order": 1, "order_ready": 1, "payment": 2}
"""Notifications of an order, by kind."""


async def wrongs(api: Api, ledger: Ledger, houses: list[House]) -> list[str]:
    """What is not as it must be, once there is no more hope that it will be."""
    deadline = now() + PATIENCE_S
    while True:
        found = [wrong for house in houses for wrong in await _of_house(api, ledger, house)]
        if not found or now() > deadline:
            return found
        await asyncio.sleep(1.0)


async def _of_house(api: Api, ledger: Ledger, house: House) -> list[str]:
    found: list[str] = []
    rows: dict[int, Any] = {}
    for order_id, done in house.orders.items():
        rows[order_id] = data = await api.look(f"/orders/{order_id}")
        found += ledger.losses_of_order(order_id, data)
        history = await _history(api, f"/orders/{order_id}")
        found += _order(order_id, data, done, history)
    for session_id in chain.from_iterable(house.sat.values()):
        data = await api.look(f"/sessions/{session_id}")
        found += ledger.losses_of_session(session_id, data)
        found += _session(data, house, rows, await _history(api, f"/sessions/{session_id}"))
    status = await api.look(f"/restaurants/{house.id}")
    seen = {row["table_id"]: row for row in status["tables"]["list"]}
    for table_id, sat in house.sat.items():
        data = await api.look(f"/tables/{table_id}")
        found += _table(data, sat, house, await _history(api, f"/tables/{table_id}"))
        told = {name: value for name, value in data.items() if name in seen[table_id]}
        if seen[table_id] != told:
            found.append(f"restaurant {house.id} sees table {table_id} as {seen[table_id]}")
    found += _restaurant(status, house)
    found += _screens(house)
    return found


def _order(order_id: int, data: Any, done: Done, history: list[Any]) -> Iterator[str]:
    paid = sum(map(Decimal, done.payments))
    expected = {
        "status": "delivered", "payment_status": "paid", "total_amount": done.total,
        "paid_amount": f"{paid:.2f}", "balance": "0.00", "refund_due": False,
    }  # fmt: skip
    for name, value in expected.items():
        if data[name] != value:
            yield f"order {order_id}: {name} is {data[name]}, not {value}"
    types = [event["type"] for event in history]
    if types != [*SERVED, *["PaymentReceived"] * len(done.payments), "FullyPaid"]:
        yield f"order {order_id} has the history {types}"
    stamps = {event["data"]["status"]: event for event in history if "status" in event["data"]}
    for status, event in stamps.items():
        if data[f"{status}_at"] != event["data"]["at"]:
            yield f"order {order_id}: {status}_at is {data[f'{status}_at']}"
    versions = [event["version"] for event in history]
    if versions != sorted(versions) or data["version"] != versions[-1]:
        yield f"order {order_id} has the versions {versions}, and says {data['version']}"


def _session(data: Any, house: House, orders: dict[int, Any], history: list[Any]) -> Iterator[str]:
    id_ = data["id"]
    counted = house.counted.get(id_)
    for row in data["orders"]:
        order = orders.get(row["order_id"])
        if order is None or any(row[name] != order[name] for name in row if name != "order_id"):
            yield f"session {id_} knows of order {row}, which is {order}"
    total = sum(Decimal(row["total_amount"]) for row in data["orders"])
    balance = sum(Decimal(row["balance"]) for row in data["orders"])
    if (Decimal(data["total_amount"]), Decimal(data["balance"])) != (total, balance):
        yield f"session {id_} has {data['total_amount']} and owes {data['balance']}"
    types = Counter(event["type"] for event in history)
    expected = Counter({"SessionOpened": 1, "OrderNoted": REPORTS * len(data["orders"])})
    if counted is None:
        expected["SessionClosed"] = 1
    else:
        expected["GuestsCounted"] = len(counted)
        guests = [e["data"]["guests_count"] for e in history if e["type"] == "GuestsCounted"]
        if guests != counted:
            yield f"session {id_} counted {len(guests)} times, acknowledged were {len(counted)}"
    if types != +expected:
        yield f"session {id_} has the history {dict(types)}, not {dict(expected)}"


def _table(data: Any, sat: list[int], house: House, history: list[Any]) -> Iterator[str]:
    """Occupied exactly while a session is open on it: those of the probes are."""
    id_ = data["table_id"]
    still = sat[-1] if sat and sat[-1] in house.counted else None
    open_ = None if data["session"] is None else data["session"]["id"]
    if open_ != still or data["is_occupied"] != (still is not None):
        yield f"table {id_} has session {open_}, not {still}"
    told = [(e["type"], _subject(e)) for e in history if e["type"] != "TableGuestsChanged"]
    expected: list[tuple[str, int | None]] = [("TableCreated", None)]
    for session_id in sat:
        expected += [("TableOccupied", session_id), ("TableReleased", session_id)]
    if told != (expected if still is None else expected[:-1]):
        yield f"table {id_} has the history {told}, not {expected}"
    changes = sum(event["type"] == "TableGuestsChanged" for event in history)
    if changes != len(house.counted.get(still or 0, ())):
        yield f"table {id_} heard of {changes} changes of its guests"


def _subject(event: Any) -> int | None:
    data = event["data"]
    if event["type"] == "TableOccupied":
        return int(data["session"]["id"])
    session_id: int | None = data.get("session_id")
    return session_id


def _restaurant(data: Any, house: House) -> Iterator[str]:
    payments = [amount for done in house.orders.values() for amount in done.payments]
    expected = {
        "orders": len(house.orders),
        "cancelled": 0,
        "payments": len(payments),
        "paid_amount": f"{sum(map(Decimal, payments)):.2f}",
    }
    figures = {name: data["figures"][name] for name in expected}
    if figures != expected:
        yield f"restaurant {house.id} counts {figures}, not {expected}"
    if data["open_orders"]:
        yield f"restaurant {house.id} has open orders: {data['open_orders']}"


def _screens(house: House) -> Iterator[str]:
    """Each event once. A snapshot in place of a resume stands for those that it skipped."""
    complete = {screen.channel.name: screen.replaced == 0 for screen in house.screens}
    for (channel, kind, what), times in house.heard.items():
        if times > 1 and kind != "table_update":
            yield f"{channel} {house.id} heard {times} times of {kind} {what}"
    heard = Counter((channel, kind) for channel, kind, _ in house.heard.elements())
    orders = len(house.orders)
    expected = {("restaurant", kind): orders for kind in ("new_order", "order_ready")}
    expected["restaurant", "payment_completed"] = orders
    seatings = [session for sat in house.sat.values() for session in sat]
    closed = sum(session not in house.counted for session in seatings)
    changes = sum(map(len, house.counted.values()))
    expected["restaurant", "table_update"] = 2 * closed + changes
    for channel in ("notifications", "waiter"):
        expected |= {(channel, kind): n * orders for kind, n in TOLD.items()}
    for (channel, kind), times in expected.items():
        if complete[channel] and heard[channel, kind] != times:
            yield f"{channel} {house.id} heard {heard[channel, kind]} of {times} {kind}"


async def _history(api: Api, path: str) -> list[Any]:
    """Every event of an entity, oldest first."""
    events: list[Any] = []
    while True:
        before = f"&before={events[0]['position']}" if events else ""
        page = await api.look(f"{path}/history?limit={PAGE}{before}")
        events = page + events
        if len(page) < PAGE:
            return events
