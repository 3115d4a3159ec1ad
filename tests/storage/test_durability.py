"""Durability of acknowledged writes, confirmed by real servers."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from storage.durability import Durability
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store, StoredEntity, StoreUnavailable
from tests.storage.commits import ORDER, commit_of
from tests.storage.servers import TIMEOUT_S, free_ports, valkey

ON_DISK = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
IN_MEMORY = ("--appendonly", "no", "--save", "")


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Any]:
    """Starts a server by name and arguments; returns its port and process id."""
    with ExitStack() as servers:

        def start(name: str, *arguments: str) -> tuple[int, int]:
            [port] = free_ports(1)
            process = servers.enter_context(valkey(tmp_path / name, port, *arguments))
            return port, process.pid

        yield start


def open_durable_store(port: int, durability: Durability) -> Store:
    url = f"redis://127.0.0.1:{port}"
    return open_store(url, retention_s=3600, timeout_s=1.0, durability=durability)


def calls_of(port: int, command: str) -> int:
    with redis.Redis(port=port) as client:
        stats: Any = client.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


async def claim_once_durable(store: Store) -> StoredEntity:
    """Claim again until the replica is synchronized."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            with suppress(StoreUnavailable):
                [loaded] = await store.claim([ORDER])
                return loaded


async def test_commits_do_not_wait_for_durability_by_default(start_server: Any) -> None:
    port, _ = start_server("one", *ON_DISK)
    store = open_durable_store(port, Durability.STORE)
    [claimed] = await store.claim([ORDER])
    await store.commit([commit_of(ORDER, claimed.fencing_token)])
    await store.close()
    assert calls_of(port, "evalsha") == 2
    assert (calls_of(port, "waitaof"), calls_of(port, "wait")) == (0, 0)


async def test_claims_and_commits_wait_for_the_disk_once_per_batch(start_server: Any) -> None:
    port, _ = start_server("one", *ON_DISK)
    store = open_durable_store(port, Durability.DISK)
    claimed = await store.claim([ORDER])
    assert calls_of(port, "waitaof") == 2, (
        "the script was unknown to the server, and sent with its text"
    )
    await store.claim([ORDER])
    assert calls_of(port, "waitaof") == 3
    assert await store.commit([commit_of(ORDER, claimed[0].fencing_token)]) == frozenset({2})
    await store.close()


async def test_a_token_is_registered_and_revoked_as_durably_as_a_commit(start_server: Any) -> None:
    port, _ = start_server("one", *ON_DISK)
    store = open_durable_store(port, Durability.DISK)
    await store.register_token(1, b"row")
    assert calls_of(port, "waitaof") == 1
    assert await store.remove_tokens([1]) == 1
    assert calls_of(port, "waitaof") == 2
    await store.close()


async def test_a_store_without_an_append_only_file_cannot_confirm_durability(
    start_server: Any,
) -> None:
    port, _ = start_server("one", *IN_MEMORY)
    store = open_durable_store(port, Durability.DISK)
    with pytest.raises(StoreUnavailable, match="appendonly"):
        await store.ping()
    with pytest.raises(StoreUnavailable, match="appendonly"):
        await store.claim([ORDER])
    await store.close()


async def test_a_write_without_a_replica_has_an_unknown_outcome(start_server: Any) -> None:
    """While the replica is suspended nothing is acknowledged, and acknowledged writes are kept."""
    port, _ = start_server("master", *ON_DISK)
    replica, pid = start_server("replica", *ON_DISK, "--replicaof", f"127.0.0.1 {port}")
    store = open_durable_store(port, Durability.REPLICA)
    claimed = await claim_once_durable(store)
    first = commit_of(ORDER, claimed.fencing_token, state={"a": b"1"})
    assert await store.commit([first]) == frozenset()
    os.kill(pid, signal.SIGSTOP)
    try:
        second = commit_of(ORDER, claimed.fencing_token, 2, state={"a": b"2"}, stored_version=1)
        with pytest.raises(StoreUnavailable, match="did not reach the replica"):
            await store.commit([second])
        with pytest.raises(StoreUnavailable, match="did not reach the replica"):
            await store.claim([ORDER])  # an unconfirmed state is not returned either
    finally:
        os.kill(pid, signal.SIGCONT)
    loaded = await claim_once_durable(store)
    assert loaded.state == {"a": b"2"}
    with redis.Redis(port=replica) as client:
        fields: Any = client.hgetall("rq:{2}:order:123")
    assert fields[b"s:a"] == b"2"
    await store.close()


def test_a_cluster_and_an_unknown_durability_are_refused() -> None:
    with pytest.raises(ValueError, match="Redis Cluster"):
        open_store("redis+cluster://127.0.0.1:1", retention_s=1, durability=Durability.DISK)
    with pytest.raises(ValueError, match="tape"):
        Durability("tape")


@pytest.mark.parametrize(("flushed", "expected"), [(False, "everysec"), (True, "always")])
def test_embedded_store_uses_the_configured_fsync(
    tmp_path: Path, flushed: bool, expected: str
) -> None:
    server = EmbeddedStore(tmp_path, flushed=flushed)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            setting: Any = client.config_get("appendfsync")
        assert setting == {"appendfsync": expected}
    finally:
        server.stop()
