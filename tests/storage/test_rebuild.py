"""The directory is rebuilt from the entities, which do not change."""

import json
from pathlib import Path

import pytest
import redis

from protocol.ids import Address, Kind
from restaurant_qr.exits import Exit
from storage.connect import connect, disconnect
from storage.rebuild import Rebuilt, rebuild_directory
from storage.redis_store import open_store
from storage.store import Store, new_fencing_token
from tests.command_line import refusal, restaurant_qr
from tests.storage.commits import commit_of, dump_all
from tests.storage.conftest import RETENTION_S
from tests.storage.servers import cluster

CODE = "ABC234"
SESSION = Address(Kind.SESSION, 7, 2)
CREATED = [*(Address(Kind.ORDER, n, n % 9 + 1) for n in range(1, 1200)), SESSION]
WANTED = [(each.kind, each.id) for each in CREATED]


async def create(store: Store) -> None:
    state = {"session_code": b'"ABC234"'}
    commits = [
        commit_of(each, new_fencing_token(), unclaimed=True, state=state) for each in CREATED
    ]
    assert await store.commit(commits) == frozenset()


async def rebuild(url: str) -> Rebuilt:
    client = connect(url, 5.0)
    try:
        return await rebuild_directory(client, RETENTION_S)
    finally:
        await disconnect(client)


async def test_a_lost_directory_is_rebuilt(
    store: Store, redis_url: str, client: redis.Redis
) -> None:
    await create(store)
    await store.claim([Address(Kind.ORDER, 2000, 2)])  # claimed but not stored
    before = dump_all(client)
    for key in (*client.scan_iter("rq:dir:*"), f"rq:code:{CODE}"):
        client.delete(key)
    done = await rebuild(redis_url)
    assert done == Rebuilt(len(CREATED), len(CREATED), 1, [Kind.SESSION, Kind.ORDER], [])
    assert await store.restaurant_of(WANTED) == [each.restaurant for each in CREATED]
    assert await store.restaurant_of([(Kind.ORDER, 2000)]) == [None]
    assert await store.session_of_code(CODE) == SESSION
    assert (await store.reserve({Kind.ORDER: 1}))[Kind.ORDER].start >= 1200
    kept = dump_all(client)
    assert {key: kept[key] for key in before if b"code" not in key} == {
        key: value for key, value in before.items() if b"code" not in key
    }


async def test_a_rebuild_does_not_change_a_complete_directory(
    store: Store, redis_url: str, client: redis.Redis
) -> None:
    await store.reserve({Kind.ORDER: 1200, Kind.SESSION: 7})
    await create(store)
    before = {key: client.dump(key) for key in client.scan_iter()}
    assert await rebuild(redis_url) == Rebuilt(len(CREATED), 0, 0, [], [])
    assert {key: client.dump(key) for key in client.scan_iter()} == before


async def test_a_rebuild_reports_and_keeps_an_id_of_two_restaurants(
    store: Store, redis_url: str
) -> None:
    orders = [Address(Kind.ORDER, 1, 2), Address(Kind.ORDER, 1, 3)]
    for each in orders:
        await store.commit(
            [commit_of(each, new_fencing_token(), unclaimed=True, state={"a": b"1"})]
        )
    assert (await rebuild(redis_url)).conflicts == [orders[1]]
    assert await store.restaurant_of([(Kind.ORDER, 1)]) == [2]


async def test_the_directory_of_a_cluster_is_rebuilt_from_all_nodes(tmp_path: Path) -> None:
    with cluster(tmp_path) as ports:
        url = f"redis+cluster://127.0.0.1:{ports[0]}"
        store = open_store(url, retention_s=60)
        await create(store)
        for port in ports:
            with redis.Redis(port=port) as client:
                for key in client.scan_iter("rq:dir:*"):
                    client.delete(key)
        done = await rebuild(url)
        assert (done.entries_added, done.conflicts) == (len(CREATED), [])
        assert await store.restaurant_of(WANTED) == [each.restaurant for each in CREATED]
        await store.close()


def test_the_rebuild_command_reports_what_it_wrote(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTAURANT_QR_REDIS_URL", redis_url)
    client.hset("rq:{2}:order:5", mapping={"version": 1, "s:a": "1"})
    result = restaurant_qr("repair", "--directory")
    assert result.exit_code == Exit.DONE
    assert "1 entities: 1 directory entries and 0 session codes" in result.stdout
    assert client.hget("rq:dir:order:0", "5") == b"2"


def test_the_rebuild_command_fails_if_no_store_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(tmp_path))
    assert "no store runs" in refusal("repair", "--directory")


def test_the_rebuild_command_exits_with_1_if_an_id_belongs_to_two_restaurants(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTAURANT_QR_REDIS_URL", redis_url)
    for restaurant in (2, 3):
        client.hset(f"rq:{{{restaurant}}}:order:5", mapping={"version": 1, "s:a": "1"})
    result = restaurant_qr("repair", "--directory", "--json")
    assert result.exit_code == Exit.FAILED
    [conflict] = json.loads(result.stdout)["conflicts"]
    assert (conflict["kind"], conflict["id"]) == ("order", 5)
