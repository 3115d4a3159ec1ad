"""Hourly budgets of audited refusals, and reports of the omitted ones."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.refusals import (
    AUDITED_AN_HOUR,
    NO_REFUSALS,
    CallerClass,
    LeftOut,
    Refusals,
    class_of,
    refusals_from,
)
from protocol.caller import ANONYMOUS, Caller, Role

NOW = datetime(2026, 1, 1, 20, 7, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
GUEST = Caller(Role.GUEST, "guest:a")
WAITER = Caller(Role.WAITER, "waiter:10")
DEVICE = Caller(Role.ANONYMOUS, "device:3")


@pytest.mark.parametrize(
    ("caller", "callers"),
    [
        pytest.param(GUEST, CallerClass.GUEST, id="guest"),
        pytest.param(Caller(Role.GUEST, "guest:table:7"), CallerClass.GUEST, id="joining_guest"),
        pytest.param(WAITER, CallerClass.STAFF, id="waiter"),
        pytest.param(Caller(Role.KITCHEN, "kitchen:device-5"), CallerClass.STAFF, id="kitchen"),
        pytest.param(Caller(Role.MANAGER, "manager:eve"), CallerClass.STAFF, id="manager"),
        pytest.param(Caller(Role.ADMIN, "admin:chain"), CallerClass.STAFF, id="admin"),
        pytest.param(DEVICE, CallerClass.DEVICE, id="device_signing_in"),
        pytest.param(ANONYMOUS, CallerClass.UNKNOWN, id="anonymous"),
        pytest.param(Caller(Role.GUEST, "guest:device:3"), CallerClass.GUEST, id="guest_as_device"),
    ],
)
def test_a_refusal_counts_against_the_budget_of_its_class_of_callers(
    caller: Caller, callers: CallerClass
) -> None:
    assert class_of(caller) is callers


def refused(refusals: Refusals, caller: Caller, times: int, now: datetime = NOW) -> Refusals:
    for _ in range(times):
        refusals = refusals.add(caller, now)
    return refusals


def test_refusals_of_guests_do_not_use_the_budget_of_staff() -> None:
    refusals = refused(NO_REFUSALS, GUEST, 1000)
    assert not refusals.is_within_budget(CallerClass.GUEST)
    for caller in (WAITER, DEVICE, ANONYMOUS):
        callers = class_of(caller)
        within = refused(refusals, caller, AUDITED_AN_HOUR[callers])
        assert within.is_within_budget(callers)
        assert not within.add(caller, NOW).is_within_budget(callers)


def test_omitted_refusals_are_reported_at_powers_of_ten() -> None:
    refusals = refused(NO_REFUSALS, GUEST, AUDITED_AN_HOUR[CallerClass.GUEST])
    reported = []
    for _ in range(1234):
        refusals = refusals.add(GUEST, NOW)
        left_out = refusals.newly_left_out(CallerClass.GUEST)
        if left_out is not None:
            reported.append(left_out.count)
    assert reported == [1, 10, 100, 1000]
    assert refusals.unreported() == [LeftOut(CallerClass.GUEST, HOUR, 1234)]


def test_an_hour_within_its_budgets_has_no_report() -> None:
    refusals = refused(NO_REFUSALS, GUEST, AUDITED_AN_HOUR[CallerClass.GUEST])
    assert refusals.unreported() == []
    assert refusals.add(GUEST, NOW).unreported() == [], "the first is reported at once"
    assert NO_REFUSALS.unreported() == []


def test_each_hour_has_new_budgets() -> None:
    refusals = refused(refused(NO_REFUSALS, GUEST, 500), WAITER, 3)
    later = refusals.add(GUEST, NOW + timedelta(hours=1))
    assert later == Refusals(HOUR + timedelta(hours=1), {CallerClass.GUEST: 1})


def test_stored_counts_of_an_hour_are_restored() -> None:
    refusals = refused(refused(NO_REFUSALS, WAITER, 2), GUEST, 70)
    read = refusals_from(refusals.stored())
    assert read.hour == refusals.hour
    assert {each: read.counts.get(each, 0) for each in CallerClass} == {
        CallerClass.GUEST: 70, CallerClass.STAFF: 2, CallerClass.DEVICE: 0, CallerClass.UNKNOWN: 0,
    }  # fmt: skip
    assert refusals_from("") == NO_REFUSALS


def test_a_count_of_an_earlier_release_is_read_as_that_of_guests() -> None:
    refusals = refusals_from(f"{HOUR.isoformat()} 50")
    assert refusals == Refusals(HOUR, {CallerClass.GUEST: 50})
    assert refusals.add(WAITER, NOW).is_within_budget(CallerClass.STAFF)


def test_an_earlier_release_can_read_the_counts() -> None:
    """An earlier release parses one integer after the hour."""
    hour, _, counts = refused(NO_REFUSALS, WAITER, 70).stored().partition(" ")
    assert datetime.fromisoformat(hour) == HOUR
    assert int(counts) > 50
