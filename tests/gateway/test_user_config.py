"""Changes by `user_config` at run time."""

import pytest
from pydantic import ValidationError

from engine.placement import Mode, Placement
from serve_app import apply_user_config
from service_settings import Settings, placement_of

SETTINGS = Settings(placement=Mode.SHARD, shards=2)


def test_user_config_changes_shards_pins_and_limits() -> None:
    config = {
        "shards": 3,
        "pinned": {"2": 1},
        "limits": {"burst_messages": 7},
    }  # JSON has no other keys
    settings = apply_user_config(SETTINGS, config)
    assert placement_of(settings) == Placement(Mode.SHARD, 3, frozenset({(2, 1)}))
    assert settings.limits.burst_messages == 7
    assert settings.limits.messages_per_s == SETTINGS.limits.messages_per_s


def test_user_config_keeps_deployed_values_that_it_omits() -> None:
    assert apply_user_config(SETTINGS, {}) == SETTINGS


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"placement": "entity"}, "cannot change placement"),
        ({"limits": {"max_body_bytes": 1}}, r"cannot change limits\.max_body_bytes"),
        ({"limits": {"burst_messages": 0}}, "greater than 0"),
        ({"shards": 0}, "greater than or equal to 1"),
        ({"pinned": {2: 2}}, "restaurant 2 is pinned to shard 2"),
        ({"pinned": {1: 0, 2: 1}}, "none is left for the other restaurants"),
    ],
)
def test_an_invalid_user_config_is_refused(config: dict[str, object], error: str) -> None:
    with pytest.raises((ValueError, ValidationError), match=error):
        apply_user_config(SETTINGS, config)
