"""Redirects of commands, and identity of requests."""

import pytest

from domain.entity import Redirect
from engine.messages import Done, Message, Reply, Submit
from engine.placement import Placement
from engine.placement_watcher import PlacementWatcher
from gateway.backend import command_dispatch
from gateway.backend.command_dispatch import CommandDispatcher, request_ref_of
from gateway.backend.host_client import HostClient
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from tests.gateway.scripted_hosts import ScriptedHosts

TABLE = Address(Kind.TABLE, 5, 1)
SESSION = Address(Kind.SESSION, 7, 1)
CALLER = Caller(Role.WAITER, "waiter:10")
CLOSED = Done(True, 3, {})
RELEASED = Done(True, 9, {})


class RedirectingTable:
    """A table that redirects `redirects` releases to its session and accepts the next one."""

    def __init__(self, redirects: int, session: Reply = CLOSED) -> None:
        self.hosts = ScriptedHosts(self._reply)
        self.dispatcher = CommandDispatcher(HostClient(self.hosts, PlacementWatcher(Placement())))
        self.session = session
        self._left = redirects

    def _reply(self, message: Message) -> Reply:
        assert isinstance(message, Submit)
        if message.to == SESSION:
            return self.session
        if self._left:
            self._left -= 1
            return Redirect(SESSION, c.CloseSession())
        return RELEASED

    async def release(self) -> Reply:
        reply: Reply = await self.dispatcher.submit(TABLE, c.Release(request_id="r"), CALLER)
        return reply

    @property
    def sent(self) -> list[Submit]:
        return [m for batch in self.hosts.batches for m in batch if isinstance(m, Submit)]


async def test_a_redirect_is_followed_and_the_command_sent_again() -> None:
    table = RedirectingTable(redirects=1)
    assert await table.release() == RELEASED
    assert [message.to for message in table.sent] == [TABLE, SESSION, TABLE]
    assert [message.followed for message in table.sent] == [None, None, SESSION]
    assert len({message.request_ref for message in table.sent}) == 1


async def test_a_redirected_command_is_retried_until_its_effect_arrives() -> None:
    table = RedirectingTable(redirects=4)
    assert await table.release() == RELEASED


async def test_a_refusal_by_the_redirect_target_is_returned() -> None:
    refusal = Rejected(Code.UNSETTLED, "There is an open balance.")
    table = RedirectingTable(redirects=1, session=refusal)
    assert await table.release() == refusal
    assert [message.to for message in table.sent] == [TABLE, SESSION]


async def test_a_redirect_that_never_resolves_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_dispatch, "REDIRECT_TIMEOUT_S", 0.1)
    assert await RedirectingTable(redirects=10**6).release() is UNAVAILABLE


def test_equal_commands_have_equal_digests_and_others_differ() -> None:
    first = request_ref_of(TABLE, c.Occupy(request_id="r", guests_count=2), CALLER)
    assert request_ref_of(TABLE, c.Occupy(request_id="r", guests_count=2), CALLER) == first
    other = request_ref_of(TABLE, c.Occupy(request_id="r", guests_count=3), CALLER)
    assert other.request_id == first.request_id
    assert other.digest != first.digest


def test_a_request_without_an_id_gets_a_unique_one() -> None:
    one, two = (request_ref_of(TABLE, c.Occupy(), CALLER) for _ in range(2))
    assert one.request_id != two.request_id
    assert one.digest == two.digest == ""
