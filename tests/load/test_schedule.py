"""Arrival times and think times of load-test guests, with a seeded random generator."""

from random import Random
from statistics import fmean

import pytest

from load_tests.schedule import ARRIVAL_CURVE, REAL_MINUTES, Schedule, arrival_density, back_off
from load_tests.size import Size, assign

SHORT = Schedule(minutes=3.0)


def test_the_schedule_compresses_real_minutes_into_test_minutes() -> None:
    assert SHORT.length_s == 180.0
    assert SHORT.seconds(REAL_MINUTES) == SHORT.length_s


def test_the_arrival_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    peak = max(ARRIVAL_CURVE, key=lambda point: point[1])[0]
    steps = [arrival_density(n / 100) for n in range(100)]
    before, after = steps[: int(peak * 100) + 1], steps[int(peak * 100) :]
    assert before == sorted(before)
    assert after == sorted(after, reverse=True)
    assert arrival_density(peak) == 1.0
    assert (
        arrival_density(-0.1)
        == arrival_density(ARRIVAL_CURVE[-1][0])
        == arrival_density(1.0)
        == 0.0
    )


def test_most_guests_arrive_around_the_peak_and_none_after_the_kitchen_closes() -> None:
    random = Random(1)
    arrivals = []
    for _ in range(300):
        at = 0.0
        while (pause := SHORT.arrival(at, random)) is not None:
            at += pause
            arrivals.append(at / SHORT.length_s)
    assert max(arrivals) < ARRIVAL_CURVE[-1][0]
    at_peak = sum(0.25 <= share < 0.35 for share in arrivals)
    early = sum(0.0 <= share < 0.1 for share in arrivals)
    assert 1.5 * early < at_peak


def test_no_guests_arrive_after_the_end_of_the_schedule() -> None:
    assert SHORT.arrival(0.9 * SHORT.length_s, Random(1)) is None


def test_think_times_have_their_mean_and_stay_below_five_times_it() -> None:
    random = Random(1)
    times = [SHORT.think(10.0, random) for _ in range(2000)]
    assert fmean(times) == pytest.approx(SHORT.seconds(10.0), rel=0.1)
    assert min(times) > 0.0
    assert max(times) <= SHORT.seconds(50.0)


def test_a_client_backs_off_longer_each_time_but_never_beyond_five_seconds() -> None:
    random = Random(1)
    longest = [max(back_off(attempt, random) for _ in range(50)) for attempt in range(12)]
    assert longest[0] < longest[2] < longest[4]
    assert max(longest) <= 5.0


def test_every_worker_has_whole_restaurants_and_every_restaurant_a_worker() -> None:
    dealt = assign(6, ["a", "b", "c"])
    assert dealt == {"a": [0, 3], "b": [1, 4], "c": [2, 5]}


def test_a_restaurant_has_tables_for_all_of_its_guests() -> None:
    size = Size(restaurants=4, waiters=2, users=60)
    assert size.staff == 16
    assert size.tables * size.restaurants > size.users - size.staff
