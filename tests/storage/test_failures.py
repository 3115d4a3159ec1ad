"""An unavailable, slow or restarted store raises StoreUnavailable and never commits twice."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import redis

from protocol.ids import Channel, Kind, Topic
from storage.commands import Commands
from storage.embedded import EmbeddedStore
from storage.redis_store import RedisStore, open_store
from storage.store import Store, StoreUnavailable
from tests.storage.commits import (
    ORDER,
    SESSION,
    commit_of,
    dump_all,
    event,
    frame,
    without_fencing_token,
)
from tests.storage.conftest import LIMITS


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def store(
    server: EmbeddedStore, open_commands: Callable[[str, float], Commands]
) -> AsyncIterator[Store]:
    store = RedisStore(open_commands(server.url, 1.0), LIMITS)
    yield store
    await store.close()


async def test_a_killed_store_is_unavailable_and_restarts_with_its_data(
    server: EmbeddedStore, store: Store, tmp_path: Path
) -> None:
    [claimed] = await store.claim([ORDER])
    commit = commit_of(
        ORDER, claimed.fencing_token, state={"a": b"1"}, results=[b'"r"'], outbox={"e:1": b"{}"},
        due=1.0, **event(1),
    )  # fmt: skip
    await store.commit([commit])
    [before] = await store.claim([ORDER])
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    with pytest.raises(StoreUnavailable):
        await store.commit([commit_of(ORDER, before.fencing_token, 2, state={"a": b"2"})])
    with pytest.raises(StoreUnavailable):
        await store.ping()
    server.stop()
    again = EmbeddedStore(tmp_path)
    again.start()
    try:
        [after] = await store.claim([ORDER])
        assert after.epoch != before.epoch, "the server may have lost published events"
        assert after.last_effect > before.last_effect
        as_before = after._replace(epoch=before.epoch, last_effect=before.last_effect)
        assert without_fencing_token(as_before) == without_fencing_token(before)
        assert await store.journal([(Topic(ORDER, Channel.ORDER), 0, 1)]) == [[frame(1)]]
        assert await store.overdue([2], 2.0, 10) == [ORDER]
        changed = commit_of(ORDER, after.fencing_token, 2, state={"a": b"2"})
        assert await store.commit([changed]) == frozenset()
    finally:
        again.stop()


async def test_every_call_raises_store_unavailable_if_the_server_is_down(
    server: EmbeddedStore, store: Store
) -> None:
    server.stop()
    calls = [
        store.claim([ORDER]),
        store.commit([commit_of(ORDER, 1)]),
        store.acknowledge_outbox([(ORDER, ["e:1"], None)]),
        store.journal([(Topic(ORDER, Channel.ORDER), 0, 1)]),
        store.history(ORDER, limit=1),
        store.restaurant_of([(Kind.ORDER, 1)]),
        store.restaurants(),
        store.reserve({Kind.ORDER: 1}),
        store.register([ORDER]),
        store.reserve_code("ABC234", SESSION),
        store.session_of_code("ABC234"),
        store.idempotent_id("waiter:10", "key", 1),
        store.overdue([1], 1.0, 1),
        store.lease("sweep", "a", 1.0),
        store.consume_guess("203.0.113.9", 1, every_s=6.0, burst=20),
        store.ping(),
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * len(calls)


async def test_a_commit_that_timed_out_is_sent_once_and_fenced_by_the_next_claim(
    server: EmbeddedStore, store: Store
) -> None:
    """The server may execute a timed-out commit before or after the next claim."""
    [claimed] = await store.claim([ORDER])
    os.kill(server.pid, signal.SIGSTOP)
    started = asyncio.get_running_loop().time()
    with pytest.raises(StoreUnavailable):
        await store.commit(
            [commit_of(ORDER, claimed.fencing_token, history=[b"1"], state={"a": b"1"})]
        )
    assert asyncio.get_running_loop().time() - started < 4
    os.kill(server.pid, signal.SIGCONT)
    [loaded] = await store.claim([ORDER])
    late = await store.history(ORDER, limit=9)
    assert [raw for _, raw in late] in ([], [b"1"])
    assert await store.commit([commit_of(ORDER, claimed.fencing_token, 2, history=[b"2"])]) == {2}
    assert await store.history(ORDER, limit=9) == late
    assert await store.commit([commit_of(ORDER, loaded.fencing_token, 2)]) == frozenset()


async def test_the_reply_of_a_cancelled_call_is_not_given_to_the_next(
    server: EmbeddedStore, store: Store
) -> None:
    await store.reserve({Kind.ORDER: 1})
    os.kill(server.pid, signal.SIGSTOP)
    abandoned = asyncio.create_task(store.reserve({Kind.ORDER: 5}))
    await asyncio.sleep(0.05)  # lets the call be sent in most runs; the test is valid if it was not
    abandoned.cancel()
    os.kill(server.pid, signal.SIGCONT)
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    assert await store.idempotent_id("waiter:10", "key", 77) == 77
    [ids] = (await store.reserve({Kind.ORDER: 1})).values()
    assert ids in (range(2, 3), range(7, 8))


async def test_calls_above_the_connection_limit_wait_for_each_other(server: EmbeddedStore) -> None:
    store = open_store(server.url, retention_s=3600, timeout_s=30)
    answers = await asyncio.gather(*(store.reserve({Kind.ORDER: 1}) for _ in range(400)))
    assert {ids[Kind.ORDER].start for ids in answers} == set(range(1, 401))
    await store.close()


async def test_scripts_are_resent_to_a_server_that_lost_them(
    server: EmbeddedStore, store: Store
) -> None:
    [claimed] = await store.claim([ORDER])
    for version in range(1, 4):
        with redis.Redis.from_url(server.url) as client:
            client.script_flush()
        commit = commit_of(ORDER, claimed.fencing_token, version, history=[b"%d" % version])
        assert await store.commit([commit]) == frozenset()
    assert await store.history(ORDER, limit=9) == [(0, b"1"), (1, b"2"), (2, b"3")]


async def test_a_store_out_of_memory_refuses_writes_and_keeps_its_data(
    server: EmbeddedStore, store: Store
) -> None:
    [claimed] = await store.claim([ORDER])
    await store.commit([commit_of(ORDER, claimed.fencing_token, state={"a": b"1"})])
    with redis.Redis.from_url(server.url) as client:
        before = dump_all(client)
        client.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            await store.commit(
                [commit_of(ORDER, claimed.fencing_token, 2, state={"a": b"2"}, **event(1))]
            )
        client.config_set("maxmemory", 0)
        assert dump_all(client) == before


async def test_a_wrong_password_raises_store_unavailable(
    server: EmbeddedStore, tmp_path: Path
) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.config_set("requirepass", "right")
    wrong = open_store(server.url.replace("unix://", "unix://:wrong@"), retention_s=1)
    with pytest.raises(StoreUnavailable) as error:
        await wrong.ping()
    assert "wrong@" not in str(error.value)
    right = open_store(server.url.replace("unix://", "unix://:right@"), retention_s=1)
    await right.ping()
    await wrong.close()
    await right.close()
