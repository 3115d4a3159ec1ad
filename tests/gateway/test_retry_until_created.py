"""Release of a table whose session is still being created."""

import pytest

from protocol.errors import UNAVAILABLE, Code, Rejected
from tests.gateway.test_command_dispatch import RedirectingTable


async def test_a_release_waits_for_a_session_that_is_being_created(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its table names it: it is being opened, and the same request will be granted later."""
    monkeypatch.setattr("gateway.backend.host_client.CREATION_BACKOFF_S", ())
    table = RedirectingTable(
        redirects=1, session=Rejected(Code.NOT_FOUND, "There is no session 7.")
    )
    assert await table.release() == UNAVAILABLE


async def test_a_release_returns_the_refusal_of_its_session() -> None:
    refused = Rejected(Code.UNSETTLED, "There are open orders.")
    assert await RedirectingTable(redirects=1, session=refused).release() == refused
