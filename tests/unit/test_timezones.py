"""Time zones of a restaurant: accepted names, and stored unknown ones."""

import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest

from protocol import commands as c
from protocol.codec import parse_body
from protocol.errors import Code, Rejected
from protocol.timezones import local_time, names
from tests.unit.world import RESTAURANT, RulesWorld

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def created(timezone: str) -> c.CreateRestaurant | Rejected:
    body = b'{"name":"Osteria","currency":"EUR","timezone":"%s"}' % timezone.encode()
    return parse_body(c.CreateRestaurant, body)


@pytest.mark.parametrize(
    "timezone",
    ["Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Calcutta", "Asia/Kolkata", "UTC"],
)
def test_a_place_or_utc_is_accepted_as_time_zone(timezone: str) -> None:
    assert isinstance(created(timezone), c.CreateRestaurant)
    assert local_time(NOON, timezone).tzinfo is not None


@pytest.mark.parametrize(
    "timezone",
    [
        "Mars/Base", "localtime", "Factory", "posixrules", "posix/Europe/Berlin",
        "right/Europe/Berlin", "Etc/GMT+5", "EST", "EST5EDT", "US/Eastern", "europe/berlin", "",
    ],
)  # fmt: skip
def test_a_time_zone_other_than_a_place_or_utc_is_refused(timezone: str) -> None:
    answer = created(timezone)
    assert isinstance(answer, Rejected)
    assert answer.code is Code.INVALID_MESSAGE
    assert "such as Europe/Berlin, or UTC" in answer.error


def test_the_time_zones_do_not_depend_on_the_machine(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Atlantis").write_bytes(b"TZif")
    before = names()
    names.cache_clear()
    zoneinfo.reset_tzpath([tmp_path])
    try:
        assert names() == before
    finally:
        zoneinfo.reset_tzpath()


@pytest.mark.parametrize("timezone", ["Nowhere/Atall", "../etc/passwd", ""])
def test_a_restaurant_with_an_unknown_stored_zone_counts_its_day_in_utc(
    timezone: str, world: RulesWorld
) -> None:
    assert local_time(NOON, timezone) == NOON
    assert local_time(NOON, timezone).tzinfo is UTC
    world.states[RESTAURANT] = type(world.states[RESTAURANT])(RESTAURANT.id, "Old", "EUR", timezone)
    order = world.order(world.occupy())
    world.pay(order, 100)
    assert world.snapshot(RESTAURANT)["figures"]["day"] == world.now.date().isoformat()
