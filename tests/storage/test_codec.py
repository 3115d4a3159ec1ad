"""Encoding of states as fields, of which only changed ones are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from storage.codec import changes, restore


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    colour: Colour
    seen_at: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    number: int
    open: bool = True
    top: Card | None = None
    cards: tuple[Card, ...] = ()
    by_id: Mapping[int, Card] = field(default_factory=dict, metadata={"per_entry": True})
    names: Mapping[str, int] = field(default_factory=dict, metadata={"per_entry": True})
    whole: Mapping[str, int] = field(default_factory=dict)


cards = st.builds(
    Card,
    name=st.text(),
    colour=st.sampled_from(Colour),
    seen_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    tags=st.lists(st.text(), max_size=3).map(tuple),
)
tables = st.builds(
    Table,
    number=st.integers(-(2**53), 2**53),
    open=st.booleans(),
    top=st.none() | cards,
    cards=st.lists(cards, max_size=3).map(tuple),
    by_id=st.dictionaries(st.integers(1, 2**53), cards, max_size=4),
    names=st.dictionaries(st.text(), st.integers(0, 9), max_size=4),
    whole=st.dictionaries(st.text(), st.integers(0, 9), max_size=4),
)
ACE = Card("ace", Colour.RED, datetime(2026, 1, 1, tzinfo=UTC), ("a", "b"))


def _apply(stored: dict[str, bytes], changed: Mapping[str, bytes | None]) -> dict[str, bytes]:
    merged = {**stored, **changed}
    return {name: value for name, value in merged.items() if value is not None}


@given(tables)
def test_stored_state_round_trips(table: Table) -> None:
    assert restore(Table, _apply({}, changes(None, table))) == table


@given(tables, tables)
def test_written_changes_turn_one_state_into_another(before: Table, after: Table) -> None:
    stored = _apply(_apply({}, changes(None, before)), changes(before, after))
    assert restore(Table, stored) == after


@given(tables)
def test_an_equal_state_changes_no_attribute(table: Table) -> None:
    assert changes(table, table) == {}
    assert changes(table, replace(table)) == {}


def test_only_changed_fields_are_written() -> None:
    before = Table(1, by_id={1: ACE, 2: ACE}, names={"a": 1})
    other = replace(ACE, name="king")
    after = replace(before, open=False, by_id={1: ACE, 3: other})
    changed = changes(before, after)
    assert changed.keys() == {"open", "by_id/2", "by_id/3"}
    assert changed["open"] == b"false"
    assert changed["by_id/2"] is None
    assert orjson.loads(changed["by_id/3"] or b"")["name"] == "king"


def test_an_unmarked_mapping_is_one_field() -> None:
    before = Table(1, whole={"a": 1})
    assert changes(before, replace(before, whole={"a": 1, "b": 2})) == {"whole": b'{"a":1,"b":2}'}


def test_keys_can_be_empty_or_contain_slashes() -> None:
    table = Table(1, names={"a/b": 1, "": 2, "/": 3})
    stored = _apply({}, changes(None, table))
    assert {"names/a/b", "names/", "names//"} <= stored.keys()
    assert restore(Table, stored) == table


def test_missing_fields_get_their_defaults() -> None:
    assert restore(Table, {"number": b"4"}) == Table(4)


def test_restoring_a_state_ignores_unknown_fields() -> None:
    stored = {"number": b"4", "gone": b"1", "gone/1": b"2", "names": b"{}", "open/1": b"true"}
    assert restore(Table, stored) == Table(4)


def test_state_without_a_required_field_raises() -> None:
    with pytest.raises(ValidationError):
        restore(Table, {"open": b"true"})


def test_times_keep_their_microseconds_and_zone() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    table = Table(1, top=replace(ACE, seen_at=moment))
    stored = _apply({}, changes(None, table))
    assert b"2026-01-02T03:04:05.678901Z" in stored["top"]
    again = restore(Table, stored)
    assert again.top is not None
    assert again.top.seen_at == moment
