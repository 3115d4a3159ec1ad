"""Status of a real store: whether it accepts writes, the cause if not, and its gauges."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis
from redis.exceptions import ResponseError

from scripts import preflight
from service_settings import Settings
from storage import keys
from storage.durability import Durability
from storage.failures import Cause, cause_of
from storage.redis_store import open_store
from storage.store import Store, StoreUnavailable
from tests.command_line import refusal
from tests.storage.servers import cluster, free_ports, valkey, wait_until


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    [port] = free_ports(1)
    with valkey(tmp_path / "data", port, "--save", "", "--appendonly", "no"):
        yield port


@asynccontextmanager
async def open_checked_store(
    url: str, failed: list[Cause], timeout_s: float = 5.0
) -> AsyncIterator[Store]:
    store = open_store(
        url,
        retention_s=1,
        timeout_s=timeout_s,
        on_failure=lambda cause, error: failed.append(cause),
    )
    yield store
    await store.close()


def fill(client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)


def make_replica(client: redis.Redis) -> None:
    client.replicaof("127.0.0.1", "1")


def require_replica(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", 1)


def require_password(client: redis.Redis) -> None:
    client.config_set("requirepass", "another")


def fail_dump(client: redis.Redis) -> None:
    """Make a snapshot fail, after which Redis refuses writes, as with a full disk."""
    shutil.rmtree(str(client.config_get("dir")["dir"]))
    client.config_set("save", "3600 1")
    client.set("changed", 1)
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")


REFUSALS = [
    pytest.param(fill, Cause.OUT_OF_MEMORY, id="full"),
    pytest.param(make_replica, Cause.READ_ONLY, id="replica"),
    pytest.param(require_replica, Cause.NO_REPLICA, id="without a replica"),
    pytest.param(fail_dump, Cause.DISK, id="disk full"),
    pytest.param(require_password, Cause.DENIED, id="another password"),
]


@pytest.mark.parametrize(("break_store", "cause"), REFUSALS)
async def test_the_check_of_a_store_that_refuses_writes_fails_with_its_cause(
    port: int, break_store: Callable[[redis.Redis], None], cause: Cause
) -> None:
    failed: list[Cause] = []
    with redis.Redis(port=port) as client:
        break_store(client)
    async with open_checked_store(f"redis://127.0.0.1:{port}", failed) as store:
        with pytest.raises(StoreUnavailable):
            await store.check()
        assert failed == [cause]


async def test_the_check_of_a_stopped_store_fails_with_connection(tmp_path: Path) -> None:
    failed: list[Cause] = []
    [port] = free_ports(1)
    async with open_checked_store(f"redis://127.0.0.1:{port}", failed) as store:
        with pytest.raises(StoreUnavailable):
            await store.ping()
    assert failed == [Cause.CONNECTION]


async def test_the_check_of_a_hung_store_fails_with_timeout(tmp_path: Path) -> None:
    failed: list[Cause] = []
    [port] = free_ports(1)
    with valkey(tmp_path, port, "--save", "") as process:
        async with open_checked_store(f"redis://127.0.0.1:{port}", failed, timeout_s=0.3) as store:
            os.kill(process.pid, signal.SIGSTOP)
            with pytest.raises(StoreUnavailable):
                await store.check()
            os.kill(process.pid, signal.SIGCONT)
    assert failed == [Cause.TIMEOUT]


def test_an_error_without_a_known_cause_is_counted_as_other() -> None:
    assert cause_of(ResponseError("WRONGTYPE Operation against a key")) is Cause.OTHER


async def test_the_check_returns_the_status_of_the_store(port: int, tmp_path: Path) -> None:
    with redis.Redis(port=port) as client:
        client.config_set("maxmemory", 4 * client.info("memory")["used_memory"])
        async with open_checked_store(f"redis://127.0.0.1:{port}", []) as store:
            alone = await store.check()
            assert 0.2 < alone.memory_used < 0.5
            assert (alone.replicas, alone.replica_lag_bytes, alone.backed_up_at) == (0, 0, 0)
            assert abs(alone.clock - time.time()) < 5
            [other] = free_ports(1)
            with valkey(tmp_path / "replica", other, "--replicaof", "127.0.0.1", str(port)):
                wait_until(lambda: client.info("replication").get("connected_slaves"))
                assert (await store.check()).replicas == 1


async def test_the_check_returns_the_lag_of_a_replica(port: int, tmp_path: Path) -> None:
    [other] = free_ports(1)
    follower = ("--replicaof", "127.0.0.1", str(port), "--save", "")
    with (
        redis.Redis(port=port) as client,
        valkey(tmp_path / "replica", other, *follower) as process,
    ):
        wait_until(lambda: client.info("replication").get("slave0", {}).get("state") == "online")
        os.kill(process.pid, signal.SIGSTOP)
        client.set("much", "x" * 100_000)
        async with open_checked_store(f"redis://127.0.0.1:{port}", []) as store:
            assert (await store.check()).replica_lag_bytes >= 100_000


async def test_the_check_writes_on_every_server_of_a_cluster(tmp_path: Path) -> None:
    failed: list[Cause] = []
    with cluster(tmp_path) as ports:
        async with open_checked_store(f"redis+cluster://127.0.0.1:{ports[0]}", failed) as store:
            await store.check()
            for port in ports:
                with redis.Redis(port=port) as client:
                    assert client.keys(keys.probe(0)[:-1] + "*"), "a server was not checked"
            with redis.Redis(port=ports[2]) as client:
                client.config_set("maxmemory", 1)
            with pytest.raises(StoreUnavailable):
                await store.check()
    assert failed == [Cause.OUT_OF_MEMORY]


async def test_the_check_returns_the_status_of_a_cluster_of_one_server(tmp_path: Path) -> None:
    with cluster(tmp_path, masters=1) as [port]:
        async with open_checked_store(f"redis+cluster://127.0.0.1:{port}", []) as store:
            found = await store.check()
    assert 0 < found.memory_used < 1
    assert abs(found.clock - time.time()) < 5


async def test_the_check_of_a_durable_store_without_its_replica_fails(port: int) -> None:
    store = open_store(
        f"redis://127.0.0.1:{port}", retention_s=1, timeout_s=0.5, durability=Durability.REPLICA
    )
    with pytest.raises(StoreUnavailable):
        await store.check()
    await store.close()


async def test_the_check_returns_the_time_of_a_recorded_backup(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"redis://127.0.0.1:{port}"
    monkeypatch.setenv("RESTAURANT_QR_REDIS_URL", url)
    assert await asyncio.to_thread(refusal, "backup", "--record") == ""
    async with open_checked_store(url, []) as store:
        assert abs((await store.check()).backed_up_at - time.time()) < 5


def test_a_backup_of_an_external_store_is_recorded_only_with_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(tmp_path))
    assert "RESTAURANT_QR_REDIS_URL" in refusal("backup", "--record")


def test_preflight_refuses_a_store_that_refuses_writes(port: int, tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{port}"
    settings = Settings(data_dir=tmp_path / "own", port=free_ports(1)[0], redis_url=url)
    preflight.check(settings)
    with redis.Redis(port=port) as client:
        fill(client)
    with pytest.raises(preflight.PreflightError, match=r"takes no writes .*maxmemory"):
        preflight.check(settings)
