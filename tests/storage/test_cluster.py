"""A cluster of three nodes: keys of a script share a slot, and restaurants are on all nodes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from protocol.ids import Address, Channel, Kind, Topic
from storage.redis_store import open_store
from storage.store import Store
from tests.storage.commits import commit_of, event, frame
from tests.storage.servers import cluster

ORDERS = [Address(Kind.ORDER, number, number % 12 + 1) for number in range(1, 25)]
TABLES = [Address(Kind.TABLE, number, number % 12 + 1) for number in range(1, 25)]
ALL = [*ORDERS, *TABLES]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    with cluster(Path(tmp_path_factory.mktemp("cluster"))) as ports:
        yield ports


@pytest.fixture
async def store(ports: list[int]) -> AsyncIterator[Store]:
    store = open_store(f"redis+cluster://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}", retention_s=60)
    yield store
    await store.close()
    for port in ports:
        with redis.Redis(port=port) as client:
            client.flushall()


async def test_commits_of_restaurants_on_all_nodes_go_in_one_call(
    store: Store, ports: list[int]
) -> None:
    claims = await store.claim(ALL)
    commits = [
        commit_of(
            address, claim.fencing_token, is_final=number % 2 == 0, state={"a": b"1", "b": None},
            history=[b"1"], results=[b'"r"'], outbox={"e:1": b"{}", "t:late": b"{}"}, due=9.5,
            **event(1, address.kind.value),
        )
        for number, (address, claim) in enumerate(zip(ALL, claims, strict=True))
    ]  # fmt: skip
    assert await store.commit(commits) == frozenset()
    for port in ports:
        with redis.Redis(port=port) as client:
            assert client.dbsize(), "restaurants are spread over all nodes"
    loaded = await store.claim(ALL)
    assert [(each.state, each.results) for each in loaded] == [({"a": b"1"}, [b'"r"'])] * len(ALL)

    reads = [(Topic(address, Channel.ORDER), 0, 1) for address in ORDERS]
    assert await store.journal(reads) == [[frame(1)]] * len(ORDERS)
    assert await store.history(TABLES[0], limit=5) == [(0, b"1")]
    assert set(await store.overdue(range(1, 13), 10.0, 999)) == set(ALL)
    await store.acknowledge_outbox([(address, ["e:1", "t:late"], None) for address in ALL])
    assert await store.overdue(range(1, 13), 10.0, 999) == []


async def test_a_fenced_restaurant_does_not_block_commits_on_other_nodes(store: Store) -> None:
    claims = await store.claim(ORDERS)
    await store.claim(ORDERS[:1])
    commits = [
        commit_of(address, claim.fencing_token, state={"a": b"1"})
        for address, claim in zip(ORDERS, claims, strict=True)
    ]
    fenced = ORDERS[0].restaurant
    assert await store.commit(commits) == {fenced}
    for address, loaded in zip(ORDERS, await store.claim(ORDERS), strict=True):
        assert loaded.exists == (address.restaurant != fenced)


async def test_the_directory_works_across_nodes(store: Store) -> None:
    assert await store.reserve({Kind.RESTAURANT: 2, Kind.ORDER: 3}) == {
        Kind.RESTAURANT: range(1, 3),
        Kind.ORDER: range(1, 4),
    }
    await store.register([Address(Kind.RESTAURANT, 1, 1), Address(Kind.RESTAURANT, 2, 2), *ORDERS])
    assert await store.restaurants() == [1, 2]
    wanted = [(address.kind, address.id) for address in ORDERS]
    assert await store.restaurant_of(wanted) == [address.restaurant for address in ORDERS]
    session = Address(Kind.SESSION, 7, 2)
    assert await store.reserve_code("ABC234", session)
    assert await store.session_of_code("ABC234") == session
    assert await store.idempotent_id("waiter:10", "key", 5) == 5
    assert await store.idempotent_id("waiter:10", "key", 6) == 5
    assert await store.lease("sweep", "a", 9)
    assert not await store.lease("sweep", "b", 9)
    assert await store.consume_guess("203.0.113.9", 1, every_s=6.0, burst=1)
    assert not await store.consume_guess("203.0.113.9", 1, every_s=6.0, burst=1)
    await store.ping()


async def test_commits_follow_a_restaurant_to_another_node(store: Store, ports: list[int]) -> None:
    """The store follows a redirection, and no command is executed twice."""
    [address] = [order for order in ORDERS if order.restaurant == 5][:1]
    [claimed] = await store.claim([address])
    await store.commit([commit_of(address, claimed.fencing_token, history=[b"1"])])
    _move("{5}", ports)
    commit = commit_of(address, claimed.fencing_token, 2, history=[b"2"])
    assert await store.commit([commit]) == frozenset()
    assert await store.history(address, limit=9) == [(0, b"1"), (1, b"2")]


async def test_tokens_are_registered_in_a_redis_cluster(store: Store) -> None:
    assert (await store.credentials()).token_epoch == ""
    await store.register_token(7, b"row")
    assert await store.lists_tokens([7, 8]) == [True, False]
    assert await store.remove_tokens([7]) == 1


def _move(tag: str, ports: list[int]) -> None:
    """Move a slot and its keys to another node."""
    clients = [redis.Redis(port=port) for port in ports]
    slot = int(str(clients[0].execute_command("CLUSTER KEYSLOT", tag)))
    ids = [client.execute_command("CLUSTER MYID").decode() for client in clients]
    here = next(
        client for client in clients if client.execute_command("CLUSTER COUNTKEYSINSLOT", slot)
    )
    there = clients[(clients.index(here) + 1) % len(clients)]
    source, target = ids[clients.index(here)], ids[clients.index(there)]
    there.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", source)
    here.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", target)
    keys = here.execute_command("CLUSTER GETKEYSINSLOT", slot, 1000)
    port = ports[clients.index(there)]
    here.execute_command("MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", *keys)
    for client in (there, here):
        client.execute_command("CLUSTER SETSLOT", slot, "NODE", target)
    for client in clients:
        client.close()
