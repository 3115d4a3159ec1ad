"""Lists with cached encoded rows, which equal the encoding of all entries."""

import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.messages import OrderSummary
from domain.rows import Rows
from domain.session.state import Orders
from protocol.codec import encode
from protocol.statuses import OrderStatus, PaymentStatus
from tests.unit.world import START

NUMBERS = st.integers(0, 999)
changes = st.lists(
    st.tuples(st.sampled_from(["having", "lacking", "show"]), st.integers(0, 9), NUMBERS),
    max_size=40,
)


def row(entry: int) -> dict[str, int]:
    return {"entry": entry}


def decoded(rows: Rows[int, int]) -> list[dict[str, int]]:
    json: list[dict[str, int]] = orjson.loads(encode(rows.encoded_rows(row)))
    return json


@given(st.dictionaries(st.integers(0, 9), NUMBERS), changes)
def test_rows_encode_entries_in_order_after_any_changes(
    entries: dict[int, int], changes: list[tuple[str, int, int]]
) -> None:
    rows, expected = Rows(entries), dict(entries)
    versions = []
    for change, key, entry in changes:
        if change == "having":
            rows = rows.with_entry(key, entry)
            expected[key] = entry
        elif change == "lacking":
            rows = rows.without_entry(key)
            expected.pop(key, None)
        else:
            assert decoded(rows) == [row(expected[key]) for key in sorted(expected)]
        versions.append((rows, sorted(expected.items())))
    for version, items in versions:
        assert list(version.items()) == items
        assert decoded(version) == [row(entry) for _, entry in items]


def test_only_changed_rows_are_reencoded() -> None:
    encoded: list[int] = []

    def counted(entry: int) -> int:
        encoded.append(entry)
        return entry

    rows = Rows({key: key for key in range(100)})
    rows.encode_rows(counted)
    encoded.clear()
    after = rows.with_entry(50, 1000).without_entry(7)
    assert orjson.loads(encode(after.encoded_rows(counted)))[49] == 1000
    assert encoded == [1000]


def test_a_list_is_restored_from_its_stored_mapping() -> None:
    stored = {"10": 1, "9": 2}
    restored = TypeAdapter(Rows[int, int]).validate_python(stored)
    assert list(restored.items()) == [(9, 2), (10, 1)]
    assert isinstance(restored, Rows)
    assert orjson.dumps(restored, option=orjson.OPT_NON_STR_KEYS) == b'{"9":2,"10":1}'


@dataclass(frozen=True)
class Sums:
    total: int
    balance: int
    pending: int


def sums(orders: Orders) -> Sums:
    return Sums(orders.total, orders.balance, orders.pending)


def computed_sums(orders: Mapping[int, OrderSummary]) -> Sums:
    """Sums of a session's orders, computed from all orders."""
    cards = orders.values()
    return Sums(
        sum(summary.total for summary in cards if summary.status is not OrderStatus.CANCELLED),
        sum(summary.balance for summary in cards),
        sum(summary.status is OrderStatus.PENDING for summary in cards),
    )


def summary(order_id: int, status: OrderStatus, total: int, balance: int) -> OrderSummary:
    return OrderSummary(order_id, 1, status, PaymentStatus.UNPAID, total, balance, 1, "5", START, 5)


cards = st.builds(
    summary,
    st.integers(1, 5),
    st.sampled_from(OrderStatus),
    st.integers(0, 99),
    st.integers(-9, 99),
)


@given(st.lists(cards, max_size=20))
def test_cached_sums_of_a_sessions_orders_equal_computed_ones(
    reports: list[OrderSummary],
) -> None:
    orders = Orders()
    for report in reports:
        orders = orders.with_entry(report.order_id, report)
        assert sums(orders) == computed_sums(orders)
    stored = {each: orders[each] for each in reversed(orders)}
    assert sums(Orders(stored)) == computed_sums(stored)


@pytest.mark.parametrize("entries", [{}, {1: 1}])
def test_an_empty_list_encodes_to_an_empty_array(entries: dict[int, int]) -> None:
    assert decoded(Rows(entries).without_entry(1)) == []


def test_cached_rows_take_little_more_memory_than_their_text() -> None:
    rows = Rows({key: key for key in range(500)})
    tracemalloc.start()
    try:
        encode(rows.encoded_rows(lambda key: {"id": key, "name": "x" * 100}))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 500 * 500
