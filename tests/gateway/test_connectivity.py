"""A gateway that reaches neither the store nor the head closes its sockets for another gateway."""

import asyncio

import pytest

from engine.placement import Placement
from storage.redis_store import RedisStore
from storage.store import StoreUnavailable
from tests.eventually import eventually
from tests.gateway.conftest import Gateway, Place
from tests.local_hosts import LocalHosts

RESTART = 1012


class Cut:
    """Cut connections, and the number of checks since."""

    def __init__(self) -> None:
        self.from_store = self.from_head = False
        self.checks = 0


@pytest.fixture(autouse=True)
def cut(monkeypatch: pytest.MonkeyPatch) -> Cut:
    cut = Cut()
    ping, fetch_placement = RedisStore.ping, LocalHosts.fetch_placement

    async def ping_unless_cut(store: RedisStore) -> None:
        cut.checks += 1
        if cut.from_store:
            raise StoreUnavailable("cut")
        await ping(store)

    async def fetch_unless_cut(hosts: LocalHosts) -> Placement:
        if cut.from_head:
            await asyncio.Event().wait()
        return await fetch_placement(hosts)

    monkeypatch.setattr(RedisStore, "ping", ping_unless_cut)
    monkeypatch.setattr(LocalHosts, "fetch_placement", fetch_unless_cut)
    monkeypatch.setattr("gateway.backend.connectivity.PERIOD_S", 0.02)
    monkeypatch.setattr("engine.placement_watcher.FETCH_TIMEOUT_S", 0.1)
    return cut


async def test_a_partitioned_gateway_closes_its_sockets_with_1012(
    gateway: Gateway, place: Place, cut: Cut
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    await socket.next()
    cut.from_store = cut.from_head = True
    assert await socket.closed() == RESTART
    later = await gateway.socket(f"tables/{place.table}/")
    assert (await later.next())["code"] == "unavailable"
    assert await later.closed() == RESTART
    response = await gateway.http.get(f"/api/tables/{place.table}")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    joining = await gateway.http.post("/api/sessions/join", json={"session_code": "ABC234"})
    assert joining.status_code == 503
    cut.from_store = cut.from_head = False

    async def is_available() -> bool:
        return (await gateway.http.get(f"/api/tables/{place.table}")).status_code == 200

    await eventually(is_available)


@pytest.mark.parametrize("unreachable", ["from_store", "from_head"])
async def test_sockets_stay_open_if_only_store_or_head_is_unreachable(
    gateway: Gateway, place: Place, cut: Cut, unreachable: str
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    await socket.next()
    setattr(cut, unreachable, True)
    checks = cut.checks
    await eventually(lambda: cut.checks > checks + 5)
    assert (await socket.request("occupy", guests_count=2))["type"] == "ack"
