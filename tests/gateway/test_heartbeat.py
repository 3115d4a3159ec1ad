"""The timer that pings all sockets."""

import asyncio

import pytest

from gateway.server.heartbeat import Heartbeat
from tests.eventually import eventually


class Pingable:
    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.pings = 0

    def ping(self) -> bool:
        self.pings += 1
        if self.fails:
            raise RuntimeError("no transport")
        return True


async def test_a_socket_that_cannot_be_pinged_does_not_end_the_heartbeat_of_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heartbeat = Heartbeat(asyncio.get_running_loop(), 0.01)
    before, failing, after = Pingable(), Pingable(fails=True), Pingable()
    for socket in (before, failing, after):
        heartbeat.add(socket)
    await eventually(lambda: min(before.pings, after.pings) >= 3)
    heartbeat.stop()
    assert failing.pings == 1
    assert "cannot ping a socket" in caplog.text
