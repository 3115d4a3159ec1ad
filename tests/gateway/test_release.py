"""Releasing a table whose session is still on its way."""

import pytest

from protocol.errors import UNAVAILABLE, Code, Rejected
from tests.gateway.test_requests import Floor


async def test_a_session_that_is_not_there_yet_is_no_reason_to_give_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its table names it: it is being opened, and the same request will be granted later."""
    monkeypatch.setattr("gateway.links.CREATION_PAUSES_S", ())
    floor = Floor(after=1, session=Rejected(Code.NOT_FOUND, "There is no session 7."))
    assert await floor.release() == UNAVAILABLE


async def test_a_session_that_refuses_is_the_answer() -> None:
    refused = Rejected(Code.UNSETTLED, "There are open orders.")
    assert await Floor(after=1, session=refused).release() == refused
