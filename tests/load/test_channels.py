"""The channels as load users know them are those of the gateway."""

import pytest

from gateway.sockets import PATHS
from load_tests import channels
from protocol.frames import ACTIONS
from protocol.ids import Channel

KNOWN = {
    known.name: known for known in vars(channels).values() if isinstance(known, channels.Channel)
}


@pytest.mark.parametrize("channel", list(Channel))
def test_path_and_look_are_the_gateways(channel: Channel) -> None:
    known = KNOWN[channel.value]
    assert known.path_of(7) == f"{PATHS[channel].format(id=7)}/"
    assert known.look in ACTIONS[channel]
