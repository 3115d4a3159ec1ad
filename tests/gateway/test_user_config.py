"""What `user_config` may change while everything runs, and what it may not."""

import pytest
from pydantic import ValidationError

from actors.placement import Mode, Placement
from serve_app import Settings, changed, placement_of

SETTINGS = Settings(placement=Mode.SHARD, shards=2)


def test_shards_pins_and_limits_change() -> None:
    asked = {"shards": 3, "pinned": {"2": 1}, "limits": {"burst": 7}}  # JSON has no other keys
    settings = changed(SETTINGS, asked)
    assert placement_of(settings) == Placement(Mode.SHARD, 3, frozenset({(2, 1)}))
    assert settings.limits.burst == 7
    assert settings.limits.messages_per_s == SETTINGS.limits.messages_per_s


def test_what_is_left_out_is_as_deployed() -> None:
    assert changed(SETTINGS, {}) == SETTINGS


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"placement": "entity"}, "cannot change placement"),
        ({"limits": {"max_body_bytes": 1}}, r"cannot change limits\.max_body_bytes"),
        ({"limits": {"burst": 0}}, "greater than 0"),
        ({"shards": 0}, "greater than or equal to 1"),
        ({"pinned": {2: 2}}, "restaurant 2 is pinned to shard 2"),
        ({"pinned": {1: 0, 2: 1}}, "none is left for the other restaurants"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, object], says: str) -> None:
    with pytest.raises((ValueError, ValidationError), match=says):
        changed(SETTINGS, asked)
