"""A gateway that reaches neither the store nor the head sends its clients to others."""

import asyncio

import pytest

from actors.placement import Placement
from storage.redis_store import RedisStore
from storage.store import StoreUnavailable
from tests.gateway.conftest import Gateway, Place
from tests.local_hosts import LocalHosts

RESTART = 1012
SOME_LOOKS_S = 0.5


class Cut:
    """What is lost on the way from now on: questions to the store, to the head."""

    def __init__(self) -> None:
        self.from_store = self.from_head = False


@pytest.fixture(autouse=True)
def cut(monkeypatch: pytest.MonkeyPatch) -> Cut:
    cut = Cut()
    ping, look = RedisStore.ping, LocalHosts.look

    async def pinged(store: RedisStore) -> None:
        if cut.from_store:
            raise StoreUnavailable("cut")
        await ping(store)

    async def looked(hosts: LocalHosts) -> Placement:
        if cut.from_head:
            await asyncio.Event().wait()
        return await look(hosts)

    monkeypatch.setattr(RedisStore, "ping", pinged)
    monkeypatch.setattr(LocalHosts, "look", looked)
    monkeypatch.setattr("gateway.isolation.PERIOD_S", 0.02)
    monkeypatch.setattr("actors.whereabouts.PATIENCE_S", 0.1)
    return cut


async def test_clients_of_a_gateway_that_is_cut_off_are_sent_away(
    gateway: Gateway, place: Place, cut: Cut
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    await socket.next()
    cut.from_store = cut.from_head = True
    assert await socket.closed() == RESTART
    later = await gateway.socket(f"tables/{place.table}/")
    assert (await later.next())["code"] == "unavailable"
    assert await later.closed() == RESTART
    answer = await gateway.http.get(f"/api/tables/{place.table}")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    joining = await gateway.http.post("/api/sessions/join", json={"session_code": "ABC234"})
    assert joining.status_code == 503
    cut.from_store = cut.from_head = False
    async with asyncio.timeout(10):
        while (await gateway.http.get(f"/api/tables/{place.table}")).status_code != 200:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("away", ["from_store", "from_head"])
async def test_those_of_one_that_misses_what_all_miss_stay(
    gateway: Gateway, place: Place, cut: Cut, away: str
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    await socket.next()
    setattr(cut, away, True)
    await asyncio.sleep(SOME_LOOKS_S)
    assert (await socket.ask("occupy", guests_count=2))["type"] == "ack"
