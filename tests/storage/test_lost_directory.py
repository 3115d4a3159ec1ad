"""Ids and codes that were reserved before a store lost its last writes are found after creation."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from protocol.ids import Address, Kind
from storage.redis_store import open_store
from storage.store import EntityCommit, Store, StoreUnavailable, new_fencing_token
from tests.storage.commits import commit_of
from tests.storage.servers import TIMEOUT_S, cluster, free_ports, valkey

CODE = "ABC234"


class LosingServer:
    """A server that restarts from its last dump, without the writes since then."""

    def __init__(self, directory: Path) -> None:
        [self.port] = free_ports(1)
        self._directory = directory

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[redis.Redis]:
        with (
            valkey(self._directory, self.port, "--save", ""),
            redis.Redis(port=self.port) as client,
        ):
            yield client


def created(address: Address, **state: bytes) -> EntityCommit:
    return commit_of(address, new_fencing_token(), unclaimed=True, state={"a": b"1", **state})


async def commit_with_retry(store: Store, commit: EntityCommit) -> None:
    """Commit again if the connection to the ended server fails first."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            with suppress(StoreUnavailable):
                assert await store.commit([commit]) == frozenset()
                return


@pytest.mark.parametrize("kind", list(Kind))
async def test_an_id_registered_before_a_loss_is_found_when_it_is_created_after(
    tmp_path: Path, kind: Kind
) -> None:
    server = LosingServer(tmp_path)
    store = open_store(server.url, retention_s=3600)
    other = open_store(server.url, retention_s=3600)
    with server.running() as client:
        client.save()
        [first, *_, last] = (await store.reserve({kind: 3}))[kind]
        await store.register([Address(kind, id_, 2) for id_ in (first, last)])
    with server.running():
        await commit_with_retry(store, created(Address(kind, last, 2)))
        assert await other.restaurant_of([(kind, first), (kind, last)]) == [None, 2]
    await store.close()
    await other.close()


async def test_a_code_reserved_before_a_loss_leads_to_the_session_created_after(
    tmp_path: Path,
) -> None:
    server, session = LosingServer(tmp_path), Address(Kind.SESSION, 7, 2)
    store = open_store(server.url, retention_s=3600)
    with server.running() as client:
        client.save()
        assert await store.reserve_code(CODE, session)
    with server.running():
        await commit_with_retry(store, created(session, session_code=b'"ABC234"'))
        assert await store.session_of_code(CODE) == session
    await store.close()


async def test_a_created_session_does_not_take_the_code_of_another(store: Store) -> None:
    other = Address(Kind.SESSION, 8, 3)
    assert await store.reserve_code(CODE, other)
    await store.commit([created(Address(Kind.SESSION, 7, 2), session_code=b'"ABC234"')])
    assert await store.session_of_code(CODE) == other


async def test_only_a_creating_commit_writes_the_directory(
    store: Store, client: redis.Redis
) -> None:
    order = Address(Kind.ORDER, 123, 2)
    [claimed] = await store.claim([order])
    later = commit_of(order, claimed.fencing_token, 2, stored_version=1, state={"a": b"2"})
    refusal = commit_of(order, claimed.fencing_token, 0, results=[b'"r"'])
    await store.commit([later])
    await store.commit([refusal])
    assert client.keys("rq:dir:*") == []


async def test_a_cluster_writes_the_directory_entry_before_the_entity(tmp_path: Path) -> None:
    """Entry and entity are on different nodes: without the entry, the entity is not written."""
    order = Address(Kind.ORDER, 123, 2)
    with cluster(tmp_path) as ports:
        store = open_store(f"redis+cluster://127.0.0.1:{ports[0]}", retention_s=60)
        await store.commit([created(order)])
        assert await store.restaurant_of([(Kind.ORDER, 123)]) == [2]
        for port in ports:
            with redis.Redis(port=port) as client:
                for key in client.scan_iter("rq:dir:*"):
                    client.set(key, "no directory")
        another = Address(Kind.ORDER, 124, 2)
        with pytest.raises(StoreUnavailable):
            await store.commit([created(another)])
        assert await store.fencing_tokens([another]) == [None]
        await store.close()
