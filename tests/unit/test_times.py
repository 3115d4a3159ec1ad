"""The form of times on the wire and in the store."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from domain.behaviours import BEHAVIOURS
from protocol import commands as c
from protocol.codec import encode_stored
from protocol.ids import CHANNELS
from protocol.statuses import CallReason, OrderStatus
from storage.codec import changes, restore
from tests.unit.world import RESTAURANT, RulesWorld

FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def times(value: Any) -> Iterator[str]:
    """Every string in a nested value that begins like a time."""
    if isinstance(value, dict):
        for each in value.values():
            yield from times(each)
    elif isinstance(value, list):
        for each in value:
            yield from times(each)
    elif isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        yield value


@pytest.mark.parametrize("microsecond", [0, 7, 999_999])
def test_published_and_read_times_have_whole_seconds(microsecond: int) -> None:
    world = RulesWorld()
    world.now = world.now.replace(microsecond=microsecond)
    session = world.occupy()
    order = world.order(session)
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED)
    world.call(session, reason=CallReason.BILL)
    world.do(RESTAURANT, c.AddDevice(role="kitchen", label="Pass"))
    world.do(RESTAURANT, c.Broadcast(message="Last orders"))
    for at, state in world.states.items():  # as after a restart
        stored = {name: raw for name, raw in changes(None, state).items() if raw is not None}
        world.states[at] = restore(BEHAVIOURS[at.kind].state, stored)
    seen = [world.snapshot(at, channel) for at in world.states for channel in CHANNELS[at.kind]]
    found = [*times(seen), *times([each.data for each in world.publications])]
    assert len(found) > 30
    assert [each for each in found if not FORM.fullmatch(each)] == []


def test_states_keep_their_microseconds(world: RulesWorld) -> None:
    world.now = world.now.replace(microsecond=7)
    order = world.order(world.occupy())
    assert world.states[order].created_at.microsecond == 7
    stored = changes(None, world.states[order])["created_at"]
    assert stored == encode_stored(world.now)
