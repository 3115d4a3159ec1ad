"""The digest of a request covers its action and the fields that were given."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from protocol import commands as c
from protocol.menu import OptionGroupInput, OptionInput
from protocol.request_digest import previous_digest, request_digest
from protocol.stored_names import ADDED

ORDER = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1), c.FreeLine(name="Tea", unit_price=300)))


def next_release(cls: type[Any], **fields: Any) -> Any:
    """A command of a later release, with an additional field."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Extended(cls):  # type: ignore[misc]
        seat: int | None = field(default=None, metadata=ADDED)

    Extended.__name__ = cls.__name__
    return Extended(**fields)


def test_a_new_field_does_not_change_digests_of_requests_without_it() -> None:
    before = c.Occupy(guests_count=2, request_id="r")
    after = next_release(c.Occupy, guests_count=2, request_id="r")
    assert request_digest(after) == request_digest(before)
    assert previous_digest(after) == previous_digest(before)


def test_a_new_field_of_a_line_does_not_change_digests() -> None:
    line = next_release(c.MenuLine, menu_item_id=1)
    after = c.PlaceOrder(items=(line, *ORDER.items[1:]))
    assert request_digest(after) == request_digest(ORDER)
    assert previous_digest(after) == previous_digest(ORDER)


@pytest.mark.parametrize("digest", [request_digest, previous_digest])
def test_a_given_new_field_changes_the_digest(digest: Any) -> None:
    assert digest(next_release(c.Occupy, seat=1)) != digest(c.Occupy())


def test_a_field_with_its_default_has_the_digest_of_an_absent_one() -> None:
    assert request_digest(c.Occupy(guests_count=1)) == request_digest(c.Occupy())
    assert request_digest(c.Occupy(guests_count=2)) != request_digest(c.Occupy())


def test_a_change_in_one_line_changes_the_digest() -> None:
    other = c.PlaceOrder(items=(*ORDER.items[:1], c.FreeLine(name="Tea", unit_price=301)))
    assert request_digest(other) != request_digest(ORDER)


def test_an_option_without_optional_fields_has_a_digest() -> None:
    group = OptionGroupInput(name="Degree", options=(OptionInput(name="Rare"),))
    before, after = (
        c.ReplaceMenu(categories=()),
        c.ReplaceMenu(categories=(), option_groups=(group,)),
    )
    assert request_digest(after) != request_digest(before)
    assert previous_digest(after) != previous_digest(before)


def test_two_actions_with_the_same_fields_have_different_digests() -> None:
    release = c.Release(force=True, reason="the end", request_id="r")
    close = c.CloseSession(force=True, reason="the end", request_id="r")
    assert request_digest(release) != request_digest(close)
