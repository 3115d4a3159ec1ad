"""The transition tables of statuses: complete, with terminal statuses, and as documented."""

import itertools
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from domain import lifecycle
from protocol.errors import Code, Rejected
from protocol.statuses import CallStatus, ItemStatus, OrderStatus, PaymentStatus, SessionStatus

TABLES = list(lifecycle.TABLES.items())


@pytest.mark.parametrize(("name", "table"), TABLES, ids=lambda value: value if value else "")
def test_a_transition_table_has_a_row_for_every_status(
    name: str, table: Mapping[Any, frozenset[Any]]
) -> None:
    first: StrEnum = next(iter(table))
    statuses = set(type(first))
    assert set(table) == statuses
    assert set().union(*table.values()) <= statuses


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_no_transition_table_allows_a_status_to_follow_itself(
    name: str, table: Mapping[Any, frozenset[Any]]
) -> None:
    assert not [status for status, following in table.items() if status in following]


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_every_status_is_reachable(name: str, table: Mapping[Any, frozenset[Any]]) -> None:
    reached = {next(iter(table))}
    for _ in table:
        reached |= set().union(*(table[status] for status in reached))
    assert reached == set(table)


@pytest.mark.parametrize(
    ("table", "terminal"),
    [
        (lifecycle.ORDER, {OrderStatus.DELIVERED, OrderStatus.CANCELLED}),
        (lifecycle.ITEM, {ItemStatus.VOIDED}),
        (lifecycle.SESSION, {SessionStatus.CLOSED}),
        (lifecycle.CALL, {CallStatus.RESOLVED}),
        (lifecycle.PAYMENT, set[PaymentStatus]()),
    ],
)
def test_terminal_statuses_are_those_without_successors(
    table: Mapping[Any, frozenset[Any]], terminal: set[StrEnum]
) -> None:
    assert {status for status, following in table.items() if not following} == terminal


def test_an_order_advances_one_status_at_a_time_and_can_be_cancelled_from_each() -> None:
    steps = [
        OrderStatus.PENDING,
        OrderStatus.CONFIRMED,
        OrderStatus.READY,
        OrderStatus.DELIVERED,
    ]
    for now, following in itertools.pairwise(steps):
        recalled = {OrderStatus.CONFIRMED} if now is OrderStatus.READY else set()
        assert lifecycle.ORDER[now] == {following, OrderStatus.CANCELLED, *recalled}


def test_a_refused_transition_names_the_status_and_its_successors() -> None:
    refused = lifecycle.refusal(lifecycle.ORDER, OrderStatus.READY, OrderStatus.PENDING)
    assert isinstance(refused, Rejected)
    assert refused.code is Code.INVALID_TRANSITION
    assert refused.details == {
        "current": "ready",
        "allowed": ["cancelled", "confirmed", "delivered"],
    }


def test_allowed_transition_is_not_rejected() -> None:
    assert lifecycle.refusal(lifecycle.ORDER, OrderStatus.READY, OrderStatus.DELIVERED) is None
