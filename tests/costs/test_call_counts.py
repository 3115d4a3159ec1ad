"""Numbers of round trips, validations and encodings do not grow."""

import pytest

from tests.costs import calls
from tests.costs.bounds import check_calls
from tests.costs.paths import FRAMES, SOCKETS

ACTIONS = list(FRAMES)
GATEWAYS = 3


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_batch_on_32_restaurants_takes_one_round_trip_to_the_store(action: str) -> None:
    commits, claims = await calls.store_calls(action)
    check_calls("commits of a batch", commits)
    check_calls("claims for a batch", claims)


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_command_is_decided_and_encoded_within_its_call_budget(action: str) -> None:
    encodings, decisions = await calls.turn_calls(action)
    check_calls(f"encodings of {action}", encodings)
    check_calls(f"decisions of {action}", decisions)


async def test_a_burst_takes_few_writes_and_validates_each_command_once() -> None:
    burst = await calls.burst_calls()
    check_calls("writes of a burst of 500 commands", burst.sends)
    check_calls("writes of the replies to a burst", burst.replies)
    check_calls("validations of a command", burst.validations)


async def test_an_event_is_encoded_decoded_and_framed_once_for_a_thousand_sockets() -> None:
    for what, count in (await calls.added_by_sockets(SOCKETS - 1))._asdict().items():
        check_calls(f"{what} that another 999 sockets add", count)


async def test_an_event_is_encoded_once_for_all_gateways_and_decoded_once_by_each() -> None:
    for what, count in (await calls.added_per_gateway(GATEWAYS))._asdict().items():
        check_calls(f"{what} that another gateway adds", count)
