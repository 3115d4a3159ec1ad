"""Effects are delivered until they are acknowledged, then cleared from the store."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from domain.messages import GuestsChanged
from engine import outbox as outbox_module
from engine.messages import ACCEPTED, DeliverEffects, Moved, Reply
from engine.metrics import HANDLER_ERRORS
from engine.outbox import Outbox
from engine.outbox_entries import OutboxEffect
from engine.placement import Mode, Placement
from engine.streams import HostUnavailable
from protocol.caller import SYSTEM
from protocol.ids import Address, Kind
from storage.store import StoreUnavailable
from tests.eventually import eventually

SESSION = Address(Kind.SESSION, 7, 1)
TABLE = Address(Kind.TABLE, 5, 1)
PLACEMENT = Placement(Mode.SHARD, shards=1)
OLD, NEW = "shard:0", "shard:0#1"
DUE = 1234.5


class Hosts:
    """Records deliveries. Each uses up one of `failures`, which is raised or returned as the reply;
    after that, effects are accepted. `unavailable` hosts never answer."""

    def __init__(self) -> None:
        self.failures: list[Exception | Reply] = []
        self.unavailable: set[str] = set()
        self.attempts: list[str] = []
        self.delivered: list[tuple[str, list[int]]] = []

    async def deliver(self, host: str, batch: Sequence[DeliverEffects]) -> list[Reply]:
        self.attempts.append(host)
        if host in self.unavailable:
            raise HostUnavailable(host)
        failure = self.failures.pop(0) if self.failures else ACCEPTED
        if isinstance(failure, Exception):
            raise failure
        if failure is ACCEPTED:
            self.delivered += [(host, [number for number, *_ in m.messages]) for m in batch]
        return [failure] * len(batch)


class RecordingStore:
    """A store that records what is cleared, and raises each of `failures` once."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.entries: list[tuple[Address, list[str], float | None]] = []

    async def acknowledge_outbox(
        self, entries: list[tuple[Address, list[str], float | None]]
    ) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.entries += entries


@pytest.fixture
def hosts() -> Hosts:
    return Hosts()


@pytest.fixture
def cleared() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def refreshed() -> list[int]:
    """The generations that the outbox has fetched."""
    return []


@pytest.fixture
async def outbox(
    hosts: Any, cleared: Any, refreshed: list[int], monkeypatch: pytest.MonkeyPatch
) -> Any:
    monkeypatch.setattr(outbox_module, "FIRST_PAUSE_S", 0.001)
    HANDLER_ERRORS.drain()

    async def refresh(generation: int) -> None:
        refreshed.append(generation)

    outbox = Outbox(hosts, cleared, PLACEMENT, lambda source: DUE, refresh)
    yield outbox
    outbox.close()


@pytest.fixture
def calls() -> list[str]:
    return []


def effect(number: int) -> OutboxEffect:
    return OutboxEffect(TABLE, number, GuestsChanged(SESSION.id, number), SYSTEM)


def record(calls: list[str], name: str) -> Callable[[], None]:
    return lambda: calls.append(name)


async def test_an_acknowledged_effect_runs_its_callbacks_and_is_cleared(
    outbox: Outbox, cleared: RecordingStore, calls: list[str]
) -> None:
    outbox.deliver(SESSION, [effect(1)])
    outbox.on_ack(SESSION, effect(1), record(calls, "first"))
    outbox.on_ack(SESSION, effect(1), record(calls, "second"))
    assert calls == []
    assert outbox.has_pending(SESSION)
    await eventually(lambda: cleared.entries)
    assert calls == ["first", "second"]
    assert cleared.entries == [(SESSION, [effect(1).name], DUE)]
    assert not outbox.has_pending(SESSION)
    assert len(outbox) == 0


async def test_a_callback_for_an_acknowledged_effect_runs_at_once(
    outbox: Outbox, calls: list[str]
) -> None:
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: not outbox.has_pending(SESSION))
    outbox.on_ack(SESSION, effect(1), record(calls, "late"))
    assert calls == ["late"]


async def test_effects_are_delivered_once_and_oldest_first(outbox: Outbox, hosts: Hosts) -> None:
    outbox.deliver(SESSION, [effect(2), effect(1)])
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: not outbox.has_pending(SESSION))
    assert hosts.delivered == [(OLD, [1, 2])]


async def test_effects_wait_for_a_host_that_does_not_answer(outbox: Outbox, hosts: Hosts) -> None:
    hosts.failures = [HostUnavailable("by the test")] * 3
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: not outbox.has_pending(SESSION))
    assert len(hosts.attempts) == 4
    assert hosts.delivered == [(OLD, [1])]
    assert HANDLER_ERRORS.drain() == {}


async def test_delivery_survives_an_unexpected_exception(outbox: Outbox, hosts: Hosts) -> None:
    hosts.failures = [KeyError("a bug, by the test")]
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: not outbox.has_pending(SESSION))
    assert hosts.delivered == [(OLD, [1])]
    assert sum(HANDLER_ERRORS.drain().values()) == 1


async def test_a_callback_that_raises_does_not_stop_later_deliveries(
    outbox: Outbox, hosts: Hosts
) -> None:
    def fail() -> None:
        raise ArithmeticError("a bug, by the test")

    outbox.deliver(SESSION, [effect(1)])
    outbox.on_ack(SESSION, effect(1), fail)
    await eventually(lambda: not outbox.has_pending(SESSION))
    outbox.deliver(SESSION, [effect(2)])
    await eventually(lambda: not outbox.has_pending(SESSION))
    assert hosts.delivered == [(OLD, [1]), (OLD, [2])]
    assert sum(HANDLER_ERRORS.drain().values()) == 1


async def test_redirected_effects_are_delivered_to_the_new_host(
    outbox: Outbox, hosts: Hosts
) -> None:
    hosts.unavailable.add(OLD)
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: OLD in hosts.attempts)
    outbox.redirect(PLACEMENT.moved(0))
    await eventually(lambda: not outbox.has_pending(SESSION))
    assert hosts.delivered == [(NEW, [1])]


async def test_a_moved_reply_refreshes_the_placement_before_the_next_delivery(
    outbox: Outbox, hosts: Hosts, refreshed: list[int]
) -> None:
    hosts.failures = [Moved(5)]
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: not outbox.has_pending(SESSION))
    assert refreshed == [5]
    assert len(hosts.attempts) == 2
    assert hosts.delivered == [(OLD, [1])]


async def test_clear_updates_the_index_of_an_entity_without_effects(
    outbox: Outbox, cleared: RecordingStore
) -> None:
    outbox.schedule_sync(SESSION)
    await eventually(lambda: cleared.entries)
    assert cleared.entries == [(SESSION, [], DUE)]


@pytest.mark.parametrize(
    ("error", "counted"), [(StoreUnavailable("by the test"), 0), (KeyError("a bug"), 1)], ids=repr
)
async def test_later_effects_are_cleared_after_a_failed_clear(
    outbox: Outbox, cleared: RecordingStore, error: Exception, counted: int
) -> None:
    cleared.failures = [error]
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: not cleared.failures)
    outbox.deliver(SESSION, [effect(2)])
    await eventually(lambda: cleared.entries)
    assert cleared.entries == [(SESSION, [effect(2).name], DUE)]
    assert sum(HANDLER_ERRORS.drain().values()) == counted


async def test_a_closed_outbox_delivers_nothing_more(outbox: Outbox, hosts: Hosts) -> None:
    hosts.unavailable.add(OLD)
    outbox.deliver(SESSION, [effect(1)])
    await eventually(lambda: hosts.attempts)
    workers = [worker._task for worker in outbox._workers.values()]
    outbox.close()
    await eventually(lambda: all(task.done() for task in workers))
    assert hosts.delivered == []
    assert outbox.has_pending(SESSION)
