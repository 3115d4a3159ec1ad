"""The channels of load users match those of the gateway."""

import pytest

from load_tests.channels import CHANNELS
from protocol.codec import ACTIONS
from protocol.ids import Channel
from restaurant_qr_wire.channels import PATHS


@pytest.mark.parametrize("channel", list(Channel))
def test_paths_and_snapshot_actions_match_the_gateway(channel: Channel) -> None:
    known = CHANNELS[channel]
    assert known.path_of(7) == PATHS[channel].format(id=7)
    assert known.snapshot_action in ACTIONS[channel]
