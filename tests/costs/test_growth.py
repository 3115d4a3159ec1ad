"""Per-item costs do not grow with the number of other items."""

import pytest

from tests.costs import paths
from tests.costs.bounds import check_growth
from tests.costs.growth import (
    full_restaurant,
    late_in_batch,
    long_session,
    snapshots_of_a_full_restaurant,
    with_2000_entities,
)

ACTIONS = list(paths.FRAMES)


@pytest.mark.parametrize("action", ACTIONS)
async def test_the_last_command_of_a_batch_costs_as_much_as_the_second(action: str) -> None:
    check_growth("a later command of a batch", *await late_in_batch(action))


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_command_costs_the_same_with_ten_and_two_thousand_entities(action: str) -> None:
    check_growth("a command with 2,000 entities", *await with_2000_entities(action))


async def test_a_socket_costs_the_same_among_a_hundred_and_a_thousand() -> None:
    many, few = await paths.fan_out(), await paths.fan_out(100)
    check_growth("a socket among 1,000", many.each, few.each)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_command_costs_the_same_after_one_and_two_hundred_orders(action: str) -> None:
    check_growth("a command of a session with 200 orders", *await long_session(action))


async def test_full_lists_of_a_restaurant_do_not_raise_the_cost_of_commands() -> None:
    check_growth("a command of a restaurant with 250 open orders", *await full_restaurant())


async def test_a_snapshot_after_a_change_encodes_only_what_changed() -> None:
    many, few = await snapshots_of_a_full_restaurant()
    check_growth("a changed snapshot of 250 open orders", many, few)
