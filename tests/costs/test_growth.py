"""What one of many costs is what one alone costs: nothing walks over all the others."""

import pytest

from tests.costs import paths
from tests.costs.bounds import check_growth
from tests.costs.growth import beside_2000_entities, full_restaurant, later_in_a_batch

ACTIONS = list(paths.FRAMES)


@pytest.mark.parametrize("action", ACTIONS)
async def test_the_last_command_of_a_batch_costs_what_the_second_does(action: str) -> None:
    check_growth("a later command of a batch", *await later_in_a_batch(action))


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_command_costs_the_same_beside_ten_and_two_thousand_entities(action: str) -> None:
    check_growth("a command beside 2,000 entities", *await beside_2000_entities(action))


async def test_a_socket_costs_the_same_among_a_hundred_and_a_thousand() -> None:
    many, few = await paths.fan_out(), await paths.fan_out(100)
    check_growth("a socket among 1,000", many.each, few.each)


async def test_full_lists_of_a_restaurant_make_its_commands_little_dearer() -> None:
    check_growth("a command of a restaurant with 250 open orders", *await full_restaurant())
