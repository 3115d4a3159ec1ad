"""Instruction counts of each hot path, relative to the same job in plain Python."""

import pytest

from tests.costs import paths
from tests.costs.bounds import check

ACTIONS = list(paths.FRAMES)


@pytest.mark.parametrize("action", ACTIONS)
def test_parsing_a_frame_stays_within_its_instruction_budget(action: str) -> None:
    check(paths.parse(action))


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_command_in_a_turn_stays_within_its_instruction_budget(action: str) -> None:
    check(await paths.turn(action))


@pytest.mark.parametrize("action", ACTIONS)
async def test_sending_a_command_to_its_host_stays_within_its_instruction_budget(
    action: str,
) -> None:
    check(await paths.transport(action))


@pytest.mark.parametrize("action", ACTIONS)
async def test_encoding_a_commit_stays_within_its_instruction_budget(action: str) -> None:
    check(await paths.encode(action))


async def test_sending_an_event_to_a_socket_stays_within_its_instruction_budget() -> None:
    check(await paths.fan_out())


async def test_a_command_has_the_same_instruction_count_in_every_run() -> None:
    for path in (paths.turn, paths.transport):
        costs = [(await path("update_status", 4)).taken.total for _ in range(3)]
        assert max(costs) < 1.001 * min(costs)
