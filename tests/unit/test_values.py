"""Accepted and refused values of money, counts and texts on the wire."""

import re
from enum import StrEnum
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from protocol import statuses, values
from protocol.menu import Allergen, Diet
from restaurant_qr_wire import values as wire_values


def accepts(type_: Any, value: Any) -> bool:
    try:
        TypeAdapter(type_).validate_python(value)
    except ValidationError:
        return False
    return True


@given(st.integers(0, values.MAX_MINOR_UNITS))
def test_formatted_money_parses_to_the_same_amount(minor: int) -> None:
    assert values.parse_money(values.format_money(minor)) == minor


@pytest.mark.parametrize(
    ("wire", "minor"),
    [("250.00", 25000), ("250", 25000), ("2.5", 250), ("0.05", 5), ("0", 0), (250, 25000)],
)
def test_money_is_stored_in_minor_units(wire: Any, minor: int) -> None:
    assert values.parse_money(wire) == minor


@pytest.mark.parametrize(
    "wire",
    [
        2.5,
        250.0,
        True,
        None,
        "",
        "2,50",
        "2.505",
        "-1",
        "+1",
        "1e3",
        " 1",
        "1\n",
        "\u0661",  # a digit, but not an ASCII one
        "NaN",
        ".5",
        "5.",
        -1,
        10**20,
        "123456789012",
        ["1"],
    ],
)
def test_invalid_money_is_rejected(wire: Any) -> None:
    assert not accepts(values.Money, wire)


def test_an_amount_above_the_limit_is_refused_with_the_limit_in_whole_units() -> None:
    assert accepts(values.Money, "10000000000.00")
    with pytest.raises(ValidationError, match=r"must be at most 10000000000\.00"):
        TypeAdapter(values.Money).validate_python("10000000000.01")


def test_javascript_adds_thousands_of_the_largest_amounts_exactly() -> None:
    assert 9_000 * values.MAX_MINOR_UNITS < 2**53


@given(st.from_regex(r"[0-9]{1,13}(\.[0-9]{1,3})?", fullmatch=True))
def test_the_schema_of_money_accepts_the_amounts_that_the_service_accepts(wire: str) -> None:
    pattern = TypeAdapter(values.Money).json_schema()["pattern"]
    whole, _, _ = wire.partition(".")
    if accepts(values.Money, wire):
        assert re.fullmatch(pattern, wire)
    elif re.fullmatch(pattern, wire):
        assert int(whole) >= values.MAX_MINOR_UNITS // 100


@pytest.mark.parametrize(
    ("minor", "wire"), [(0, "0.00"), (5, "0.05"), (25000, "250.00"), (-250, "-2.50")]
)
def test_money_has_two_decimals_on_the_wire(minor: int, wire: str) -> None:
    assert values.format_money(minor) == wire


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        (values.Id, [1, 2**53 - 1], [0, -1, 2**53, "1", 1.0, True, None]),
        (values.Count, [1, 999], [0, -1, 1000, "1", 1.5, True]),
        (values.Version, [0, 7], [-1, "0", True]),
        (values.Flag, [True, False], [0, 1, "true", None]),
        (values.Name, ["A", " padded ", "é" * 120], ["", "  ", "x" * 121, 5, None]),
        (values.Notes, ["", "x" * 500], ["x" * 501, None]),
        (values.RequestId, ["r", "x" * 64], ["", "x" * 65, 5]),
        (values.Currency, ["EUR", "USD"], ["eur", "EURO", "EU", "€€€", ""]),
        (values.NotificationId, ["123", "order-5-3", 123], ["", "x" * 65, 1.5, True, None]),
    ],
)
def test_a_value_is_accepted_within_its_limits_and_refused_beyond(
    type_: Any, good: list[Any], bad: list[Any]
) -> None:
    assert [value for value in good if not accepts(type_, value)] == []
    assert [value for value in bad if accepts(type_, value)] == []


def test_texts_are_stripped_of_surrounding_space() -> None:
    assert TypeAdapter(values.Name).validate_python("  Ada ") == "Ada"


def test_a_numeric_notification_id_is_accepted() -> None:
    assert TypeAdapter(values.NotificationId).validate_python(123) == "123"


ENUMS: list[type[StrEnum]] = [
    *(
        each
        for name, each in vars(statuses).items()
        if name.endswith(("Status", "Reason", "Method"))
    ),
    Allergen,
    Diet,
]


@pytest.mark.parametrize("enum", ENUMS)
def test_wire_type_of_an_enum_has_its_values(enum: type[StrEnum]) -> None:
    literal = getattr(wire_values, enum.__name__).__value__
    assert get_args(literal) == tuple(enum)
