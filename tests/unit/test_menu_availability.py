"""When items may be ordered: sold out until a time, hours, and paused ordering."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.menu.availability import business_day, is_served
from domain.menu.state import ServingHours
from domain.messages import PriceLines
from domain.order.number import BusinessDay
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.menu import HoursInput, MenuCategoryInput, MenuItemInput
from protocol.timezones import next_local_time
from protocol.values import END_OF_DAY
from tests.unit.world import ANONYMOUS, GUEST, MENU, START, WAITER, RulesWorld

TEA, CAKE = 1, 2
DAILY = (1, 2, 3, 4, 5, 6, 7)


def menu_of(*items: MenuItemInput, **category: Any) -> c.ReplaceMenu:
    return c.ReplaceMenu(categories=(MenuCategoryInput(name="Food", items=items, **category),))


def hours(opens: str, closes: str, days: tuple[int, ...] = DAILY) -> HoursInput:
    return HoursInput(days=days, opens=opens, closes=closes)


@pytest.fixture
def menu(world: RulesWorld) -> RulesWorld:
    items = (MenuItemInput(name="Tea", price=250), MenuItemInput(name="Cake", price=400))
    world.do(MENU, menu_of(*items))
    world.clear()
    return world


def item_row(world: RulesWorld, item_id: int) -> dict[str, Any]:
    rows = [row for category in world.snapshot(MENU)["categories"] for row in category["items"]]
    found: dict[str, Any] = next(row for row in rows if row["id"] == item_id)
    return found


def order(item_id: int = TEA) -> PriceLines:
    return PriceLines((c.MenuLine(menu_item_id=item_id),))


# --- unavailable until a time --------------------------------------------------------------------


def test_an_item_is_available_again_at_the_time_that_was_given(menu: RulesWorld) -> None:
    until = (START + timedelta(hours=1)).isoformat()
    menu.do(MENU, c.ChangeMenuItem(item_id=TEA, available=False, until=until))
    assert item_row(menu, TEA)["unavailable_until"] == "2026-01-28T22:00:00Z"
    menu.refuse(MENU, order(), Code.ITEM_UNAVAILABLE)
    menu.clear()
    menu.wait(3600)
    assert item_row(menu, TEA)["available"]
    assert item_row(menu, TEA)["unavailable_until"] is None
    assert menu.last(MENU)["item"] == item_row(menu, TEA)
    menu.unchanged(MENU, order())


def test_an_item_that_is_unavailable_until_the_end_of_the_day_returns_when_the_next_one_begins(
    menu: RulesWorld,
) -> None:
    menu.do(MENU, c.ChangeOrdering(day_starts_at="05:30"))
    menu.do(MENU, c.ChangeMenuItem(item_id=TEA, available=False, until=END_OF_DAY))
    assert item_row(menu, TEA)["unavailable_until"] == "2026-01-29T04:30:00Z"


@pytest.mark.parametrize(
    "change",
    [
        c.ChangeMenuItem(item_id=TEA, available=True),
        c.ChangeMenuItem(item_id=TEA, available=False),
        menu_of(MenuItemInput(id=TEA, name="Tea", price=250, available=True)),
    ],
    ids=["available", "unavailable without an end", "replaced menu"],
)
def test_a_later_change_of_availability_ends_the_wait(menu: RulesWorld, change: Any) -> None:
    menu.do(MENU, c.ChangeMenuItem(item_id=TEA, available=False, until=END_OF_DAY))
    menu.do(MENU, change)
    row = item_row(menu, TEA)
    assert row["unavailable_until"] is None
    menu.clear()
    menu.wait(86_400)
    assert item_row(menu, TEA) == row
    assert menu.publications == []


def test_a_new_price_keeps_the_time_at_which_an_item_returns(menu: RulesWorld) -> None:
    menu.do(MENU, c.ChangeMenuItem(item_id=TEA, available=False, until=END_OF_DAY))
    menu.do(MENU, c.ChangeMenuItem(item_id=TEA, price=300))
    assert item_row(menu, TEA)["unavailable_until"] == "2026-01-29T03:00:00Z"
    menu.wait(86_400)
    assert item_row(menu, TEA)["available"]


def test_an_item_that_was_removed_from_the_menu_does_not_return(menu: RulesWorld) -> None:
    menu.do(MENU, c.ChangeMenuItem(item_id=TEA, available=False, until=END_OF_DAY))
    menu.do(MENU, menu_of(MenuItemInput(id=CAKE, name="Cake", price=400)))
    before = menu.snapshot(MENU)
    menu.wait(86_400)
    assert menu.snapshot(MENU) == before


def test_a_time_that_is_over_is_refused(menu: RulesWorld) -> None:
    late = c.ChangeMenuItem(item_id=TEA, available=False, until=START.isoformat())
    assert menu.refuse(MENU, late, Code.INVALID_MESSAGE).details == {"field": "until"}
    paused = c.PauseOrders(until=START.isoformat())
    assert menu.refuse(MENU, paused, Code.INVALID_MESSAGE).details == {"field": "until"}


def test_an_end_without_unavailable_is_refused(menu: RulesWorld) -> None:
    for available in (None, True):
        command = c.ChangeMenuItem(item_id=TEA, available=available, until=END_OF_DAY)
        assert menu.refuse(MENU, command, Code.INVALID_MESSAGE).details == {"field": "until"}


@pytest.mark.parametrize(
    "until", ["tomorrow", "2026-01-29", "2026-01-29T03:00:00", "9999-12-31T23:59:59-01:00", "", 5]
)
def test_an_end_is_a_time_with_its_zone_or_the_end_of_the_day(until: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(c.PauseOrders).validate_python({"until": until})


def put_back(menu: RulesWorld, **changes: Any) -> None:
    """Replace the menu with the items of its own snapshot, the tea with changes."""
    rows = menu.snapshot(MENU)["categories"][0]["items"]
    items = [{**row, **changes} if row["id"] == TEA else row for row in rows]
    body = {"categories": [{"name": "Food", "items": items}]}
    menu.do(MENU, TypeAdapter(c.ReplaceMenu).validate_python(body))


def test_a_menu_accepts_the_items_of_its_own_snapshot(menu: RulesWorld) -> None:
    menu.do(MENU, c.ChangeMenuItem(item_id=TEA, available=False, until=END_OF_DAY))
    before = menu.snapshot(MENU)
    put_back(menu)
    assert menu.snapshot(MENU) == before
    menu.wait(86_400)
    assert item_row(menu, TEA)["available"]


def test_a_replaced_menu_sets_and_clears_the_time_at_which_an_item_returns(
    menu: RulesWorld,
) -> None:
    put_back(menu, available=False, unavailable_until="2026-01-28T21:30:00Z")
    assert item_row(menu, TEA)["unavailable_until"] == "2026-01-28T21:30:00Z"
    put_back(menu, unavailable_until="2026-01-28T22:30:00Z")
    menu.wait(1800)
    assert not item_row(menu, TEA)["available"]
    put_back(menu, unavailable_until=None)
    menu.wait(86_400)
    assert not item_row(menu, TEA)["available"]


# --- hours ---------------------------------------------------------------------------------------


def test_guests_order_an_item_only_within_its_hours_and_those_of_its_category(
    world: RulesWorld,
) -> None:
    lunch = MenuItemInput(name="Lunch", price=900, hours=(hours("11:00", "15:00"),))
    dinner = MenuItemInput(name="Dinner", price=1900)
    world.do(MENU, menu_of(lunch, dinner, hours=(hours("12:00", "23:00", (3,)),)))
    refused = world.refuse(MENU, order(1), Code.ITEM_UNAVAILABLE, GUEST)
    assert refused.error == "Not served at this time: Lunch."
    assert refused.details == {"menu_item_ids": [1]}
    world.unchanged(MENU, order(2), GUEST)
    world.unchanged(MENU, order(1), WAITER)
    world.now += timedelta(days=1)
    world.refuse(MENU, order(2), Code.ITEM_UNAVAILABLE, ANONYMOUS)
    row = world.snapshot(MENU)["categories"][0]
    assert row["hours"] == [{"days": [3], "from": "12:00", "to": "23:00"}]
    assert row["items"][0]["hours"] == [{"days": list(DAILY), "from": "11:00", "to": "15:00"}]


def test_hours_that_are_not_given_stay_and_an_empty_list_clears_them(menu: RulesWorld) -> None:
    dinner = (hours("18:00", "23:00"),)
    menu.do(MENU, menu_of(MenuItemInput(id=TEA, name="Tea", price=250, hours=dinner)))
    menu.do(MENU, menu_of(MenuItemInput(id=TEA, name="Black tea", price=250)))
    assert len(item_row(menu, TEA)["hours"]) == 1
    menu.do(MENU, menu_of(MenuItemInput(id=TEA, name="Black tea", price=250, hours=())))
    assert item_row(menu, TEA)["hours"] == []


MONDAY = datetime(2026, 1, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opens", "closes", "at", "expected"),
    [
        ("11:00", "15:00", timedelta(hours=11), True),
        ("11:00", "15:00", timedelta(hours=15), False),
        ("11:00", "15:00", timedelta(days=1, hours=12), False),
        ("22:00", "02:00", timedelta(hours=23), True),
        ("22:00", "02:00", timedelta(days=1, hours=1), True),
        ("22:00", "02:00", timedelta(hours=1), False),
        ("22:00", "02:00", timedelta(days=1, hours=2), False),
        ("06:00", "06:00", timedelta(days=1, hours=5), True),
        ("06:00", "06:00", timedelta(days=1, hours=6), False),
    ],
)
def test_hours_of_mondays(opens: str, closes: str, at: timedelta, expected: bool) -> None:
    assert is_served((ServingHours((1,), opens, closes),), MONDAY + at) is expected


def test_hours_of_sunday_nights_end_on_monday() -> None:
    nights = (ServingHours((7,), "22:00", "02:00"),)
    assert is_served(nights, MONDAY + timedelta(hours=1))


@pytest.mark.parametrize("time", ["24:00", "9:00", "12:60", "noon", "", 12])
def test_a_time_of_day_is_two_digits_of_hours_and_minutes(time: Any) -> None:
    item = {"name": "Tea", "price": "2.50", "hours": [{"days": [1], "from": time, "to": "12:00"}]}
    with pytest.raises(ValidationError):
        TypeAdapter(MenuItemInput).validate_python(item)


# --- paused ordering -----------------------------------------------------------------------------


@pytest.mark.parametrize("guest", [GUEST, ANONYMOUS], ids=["guest", "anonymous"])
def test_a_pause_stops_guests_and_not_staff(menu: RulesWorld, guest: Caller) -> None:
    menu.do(MENU, c.PauseOrders(message="The oven is broken."))
    assert menu.last(MENU) == {
        "ordering": {"paused": True, "until": None, "message": "The oven is broken."}
    }
    refused = menu.refuse(MENU, order(), Code.ORDERING_PAUSED, guest)
    assert "The oven is broken." in refused.error
    assert refused.details == {"until": None, "message": "The oven is broken."}
    menu.unchanged(MENU, order(), WAITER)
    menu.do(MENU, c.ResumeOrders())
    assert menu.last(MENU)["ordering"] == {"paused": False, "until": None, "message": None}
    menu.unchanged(MENU, order(), guest)
    menu.unchanged(MENU, c.ResumeOrders())


def test_a_pause_ends_at_the_time_that_was_given(menu: RulesWorld) -> None:
    menu.do(MENU, c.PauseOrders(until=(START + timedelta(minutes=20)).isoformat()))
    assert menu.snapshot(MENU)["ordering"]["until"] == "2026-01-28T21:20:00Z"
    menu.refuse(MENU, order(), Code.ORDERING_PAUSED, GUEST)
    menu.wait(1200)
    assert menu.last(MENU)["ordering"]["paused"] is False
    menu.unchanged(MENU, order(), GUEST)


def test_a_pause_without_an_end_replaces_one_with_an_end(menu: RulesWorld) -> None:
    menu.do(MENU, c.PauseOrders(until=END_OF_DAY))
    menu.do(MENU, c.PauseOrders())
    menu.wait(2 * 86_400)
    assert menu.snapshot(MENU)["ordering"]["paused"]


# --- the business day ----------------------------------------------------------------------------


def test_the_start_of_the_business_day_is_a_setting(menu: RulesWorld) -> None:
    menu.do(MENU, c.ChangeOrdering(day_starts_at="06:00"))
    assert menu.snapshot(MENU)["day_starts_at"] == "06:00"
    assert menu.types(MENU) == ["menu_update"]
    menu.unchanged(MENU, c.ChangeOrdering(day_starts_at="06:00"))
    menu.unchanged(MENU, c.ChangeOrdering())


@pytest.mark.parametrize(
    ("now", "clock", "expected"),
    [
        ("2026-01-28T21:00:00+00:00", "04:00", "2026-01-29T03:00:00+00:00"),
        ("2026-01-29T02:59:59+00:00", "04:00", "2026-01-29T03:00:00+00:00"),
        ("2026-01-29T03:00:00+00:00", "04:00", "2026-01-30T03:00:00+00:00"),
        ("2026-03-28T12:00:00+00:00", "02:30", "2026-03-29T01:00:00+00:00"),
        ("2026-10-24T12:00:00+00:00", "02:30", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T00:45:00+00:00", "02:30", "2026-10-26T01:30:00+00:00"),
    ],
    ids=["tonight", "a second before", "at that instant", "in a gap", "twice", "between both"],
)
def test_the_next_time_of_day(now: str, clock: str, expected: str) -> None:
    at = next_local_time(datetime.fromisoformat(now), "Europe/Rome", clock)
    assert at == datetime.fromisoformat(expected)
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    ("now", "clock", "date", "ends_in_s"),
    [
        ("2026-01-28T21:00:00+00:00", "04:00", "2026-01-28", 6 * 3600),
        ("2026-01-29T02:59:59+00:00", "04:00", "2026-01-28", 1),
        ("2026-01-29T03:00:00+00:00", "04:00", "2026-01-29", 24 * 3600),
        ("2026-01-28T23:30:00+00:00", "00:00", "2026-01-29", 23.5 * 3600),
    ],
    ids=["in the evening", "after midnight", "at its start", "from midnight to midnight"],
)
def test_the_business_day_has_the_date_on_which_it_began(
    now: str, clock: str, date: str, ends_in_s: float
) -> None:
    day = business_day(datetime.fromisoformat(now), "Europe/Rome", clock)
    assert day == BusinessDay(date, ends_in_s)


def test_categories_of_the_same_name_keep_their_own_hours(world: RulesWorld) -> None:
    def menu(*given: HoursInput | None) -> c.ReplaceMenu:
        items = (MenuItemInput(name="Tea", price=250),)
        hours: list[dict[str, Any]] = [{} if each is None else {"hours": (each,)} for each in given]
        return c.ReplaceMenu(
            categories=tuple(MenuCategoryInput(name="Food", items=items, **each) for each in hours)
        )

    world.do(MENU, menu(hours("11:00", "15:00"), hours("18:00", "23:00")))
    world.do(MENU, menu(None, None))
    categories = world.snapshot(MENU)["categories"]
    assert [each["hours"][0]["from"] for each in categories] == ["11:00", "18:00"]
