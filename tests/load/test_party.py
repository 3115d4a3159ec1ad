"""The end of a session of load-test guests, at a fake service."""

from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from load_tests.channels import Channel
from load_tests.commands import ChannelClosed, Reply
from load_tests.counters import Counters
from load_tests.party import LoadParty

REFUSED = ChannelClosed("closed with 4401")
RESULTS: dict[str, dict[str, Any]] = {
    "occupy": {"session_id": 1},
    "place_order": {"order_id": 1},
    "call_waiter": {"call_id": "call-1"},
    "update_status": {},
}


class Socket:
    """A channel on which commands succeed until a given step, at which it is closed."""

    def __init__(self, channel: Channel, closed_at: str) -> None:
        self._name = channel.name
        self._closed_at = closed_at
        self.state: dict[str, Any] = {
            "id": 1,
            "status": "delivered",
            "categories": [
                {"items": [{"id": n, "available": True, "price": "1.00"} for n in range(1, 5)]}
            ],
        }

    def request(self, action: str, **fields: Any) -> Reply:
        self._fail_at(f"{self._name}: {fields.get('reason', action)}")
        return Reply(RESULTS[action], 0.0, once=True)

    def wait_until(self, condition: object, seconds: float) -> None:
        self._fail_at(f"{self._name}: wait")

    def _fail_at(self, step: str) -> None:
        if step == self._closed_at:
            raise REFUSED


class Service:
    """HTTP requests of guests: the state of their session, and its close."""

    def __init__(self, session: str) -> None:
        self._session = session
        self.forced = 0

    def get(self, name: str, path: str, token: str) -> dict[str, Any]:
        assert (path, token) == ("/sessions/1", "manager")
        return {"status": self._session}

    def send(self, *about: object) -> None:
        self.forced += 1


def run_party(
    closed_at: str, session: str
) -> tuple[Counters, list[tuple[str, Exception]], Service]:
    """Run guests whose socket is closed with 4401 at a step, with a session in this state."""
    counters, service = Counters(), Service(session)
    failures: list[tuple[str, Exception]] = []
    nothing = SimpleNamespace(placing=id, not_placed=id, placed=lambda *_: None)
    user: Any = SimpleNamespace(
        random=Random(1),
        recorder=SimpleNamespace(
            counters=counters, ledger=nothing, failure=lambda *about: failures.append(about)
        ),
        world=SimpleNamespace(open_parties=0, max_wait_s=1.0, api=service, abort=id),
        restaurant=SimpleNamespace(id=2, take_table=lambda _: (5, 10), give_back=id),
        token=lambda role, **ids: role,
        subscribe=lambda channel, id_, token: Socket(channel, closed_at),
        close_client=id,
        think=id,
        caused=lambda *_: None,
    )
    user.random.random = lambda: 0.99  # no menu over HTTP, one order, no cancellation
    LoadParty(user).run()
    return counters, failures, service


@pytest.mark.parametrize("closed_at", ["session: wait", "session: bill"])
def test_a_refusal_after_the_end_of_the_session_is_no_failure(closed_at: str) -> None:
    counters, failures, service = run_party(closed_at, "closed")
    assert not failures
    assert counters.counts["settled"] == 1
    assert service.forced == 0


@pytest.mark.parametrize("closed_at", ["session: wait", "session: bill"])
def test_a_refusal_while_the_session_is_open_is_a_failure(closed_at: str) -> None:
    counters, failures, service = run_party(closed_at, "open")
    assert failures == [("a party", REFUSED)]
    assert counters.counts["settled"] == 0
    assert service.forced == 1


def test_a_refusal_before_the_call_for_the_bill_is_a_failure() -> None:
    _, failures, service = run_party("order: wait", "closed")
    assert failures == [("a party", REFUSED)]
    assert service.forced == 1
