"""Round trips, validations and encodings are as few as they were."""

import pytest

from tests.costs import calls
from tests.costs.bounds import check_calls
from tests.costs.paths import CROWD, FRAMES

ACTIONS = list(FRAMES)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_batch_on_32_restaurants_is_one_round_trip_to_the_store(action: str) -> None:
    commits, claims = await calls.of_the_store(action)
    check_calls("commits of a batch", commits)
    check_calls("claims for a batch", claims)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_command_is_decided_and_encoded_no_oftener(action: str) -> None:
    encodings, decisions = await calls.of_a_turn(action)
    check_calls(f"encodings of {action}", encodings)
    check_calls(f"decisions of {action}", decisions)


async def test_a_burst_is_few_exchanges_and_each_command_is_validated_once() -> None:
    exchanges, validations = await calls.of_a_burst()
    check_calls("exchanges of a burst of 500 commands", exchanges)
    check_calls("validations of a command", validations)


async def test_an_event_is_encoded_and_framed_once_for_a_thousand_sockets() -> None:
    for_one, _ = await calls.of_an_event(1)
    for_all, framings = await calls.of_an_event(CROWD)
    assert for_one > 0
    check_calls("encodings that another 999 sockets add", for_all - for_one)
    check_calls("framings of an event", framings)
