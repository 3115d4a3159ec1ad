"""Redirects, and what makes two requests the same one."""

import pytest

from actors.messages import Done, Message, Reply, Submit
from actors.placement import Placement
from actors.whereabouts import Whereabouts
from domain.entity import Redirect
from gateway import requests as requests_
from gateway.links import Links
from gateway.requests import Requests, origin_of
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


class Floor:
    """A table that sends its caller to its session until it has heard `after` times of its end."""

    def __init__(self, after: int, session: Reply = CLOSED) -> None:
        self.hosts = ScriptedHosts(self._reply)
        self.requests = Requests(Links(self.hosts, Whereabouts(Placement()), "g1"))
        self.session = session
        self._left = after

    def _reply(self, message: Message) -> Reply:
        assert isinstance(message, Submit)
        if message.to == SESSION:
            return self.session
        if self._left:
            self._left -= 1
            return Redirect(SESSION, c.CloseSession())
        return RELEASED

    async def release(self) -> Reply:
        reply: Reply = await self.requests.submit(TABLE, c.Release(request_id="r"), CALLER)
        return reply

    @property
    def sent(self) -> list[Submit]:
        return [m for batch in self.hosts.batches for m in batch if isinstance(m, Submit)]


async def test_a_redirect_goes_elsewhere_first_and_then_asks_again() -> None:
    floor = Floor(after=1)
    assert await floor.release() == RELEASED
    assert [message.to for message in floor.sent] == [TABLE, SESSION, TABLE]
    assert [message.followed for message in floor.sent] == [None, None, SESSION]
    assert len({message.origin for message in floor.sent}) == 1


async def test_a_table_that_has_not_heard_yet_is_asked_again() -> None:
    floor = Floor(after=4)
    assert await floor.release() == RELEASED


async def test_a_refusal_elsewhere_is_the_answer() -> None:
    refusal = Rejected(Code.UNSETTLED, "There is an open balance.")
    floor = Floor(after=1, session=refusal)
    assert await floor.release() == refusal
    assert [message.to for message in floor.sent] == [TABLE, SESSION]


async def test_a_table_that_never_hears_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_, "REDIRECT_PATIENCE_S", 0.1)
    assert await Floor(after=10**6).release() is UNAVAILABLE


def test_the_same_body_has_the_same_digest_and_another_has_not() -> None:
    first = origin_of(TABLE, c.Occupy(request_id="r", guests_count=2), CALLER)
    assert origin_of(TABLE, c.Occupy(request_id="r", guests_count=2), CALLER) == first
    other = origin_of(TABLE, c.Occupy(request_id="r", guests_count=3), CALLER)
    assert other.request_id == first.request_id
    assert other.digest != first.digest


def test_a_request_without_an_id_is_given_its_own() -> None:
    one, two = (origin_of(TABLE, c.Occupy(), CALLER) for _ in range(2))
    assert one.request_id != two.request_id
    assert one.digest == two.digest == ""
