"""Too many of anything: who is over a limit is told, and nobody else notices."""

import asyncio
from ipaddress import ip_network

import pytest

from gateway.limits import Occupancy
from gateway.settings import GatewaySettings, Limits
from tests.clients import Socket
from tests.gateway.conftest import SECRET, Gateway, Place, token
from tests.tally import Attempts

ADMIN = token("admin")


async def turned_away(socket: Socket) -> int | None:
    """The close code, after the error that says why."""
    assert (await socket.next())["code"] == "rate_limited"
    return await socket.closed()


def test_an_occupancy_counts_each_holder_alone() -> None:
    places = Occupancy(2, "seats")
    assert [places.enter("a"), places.enter("a"), places.enter("a")] == [True, True, False]
    assert places.enter("b")
    assert all(places.enter(None) for _ in range(10))
    places.leave("a")
    assert places.enter("a")
    for holder in ("a", "a", "b", None):
        places.leave(holder)
    assert places._held == {}


class TestAddresses:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(SECRET, limits=Limits(connections_per_address=3))

    @pytest.mark.attack("addresses")
    async def test_one_address_has_so_many_connections(
        self, gateway: Gateway, place: Place
    ) -> None:
        path, here = f"tables/{place.table}/", {"X-Forwarded-For": "203.0.113.7"}
        sockets = [await gateway.socket(path, ADMIN, additional_headers=here) for _ in range(3)]
        for socket in sockets:
            assert (await socket.next())["type"] == "table_status"
        lying = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        for headers in (here, lying):
            assert await turned_away(
                await gateway.socket(path, ADMIN, additional_headers=headers)
            ) == 4429  # fmt: skip
        elsewhere = {"X-Forwarded-For": "203.0.113.8"}
        other = await gateway.socket(path, ADMIN, additional_headers=elsewhere)
        assert (await other.next())["type"] == "table_status"
        await sockets[0].raw.close()
        await asyncio.sleep(0.1)
        again = await gateway.socket(path, ADMIN, additional_headers=here)
        assert (await again.next())["type"] == "table_status"

    @pytest.mark.attack("addresses")
    async def test_a_thousand_more_leave_nothing_behind(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        path, here = f"tables/{place.table}/", {"X-Forwarded-For": "203.0.113.7"}
        first = [await gateway.socket(path, ADMIN, additional_headers=here) for _ in range(3)]
        for socket in first:
            await socket.next()
        for _ in range(10):
            refused = await asyncio.gather(
                *(gateway.socket(path, ADMIN, additional_headers=here) for _ in range(100))
            )
            codes = await asyncio.gather(*(turned_away(socket) for socket in refused))
            for code in codes:
                attempts.refused(code == 4429, code)
        answer = await first[0].ask("occupy")
        assert answer["data"]["changed"]
        assert (await first[1].until("table_status"))["data"]["is_occupied"]


class TestUnnamedProxies:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(
            SECRET,
            limits=Limits(connections_per_address=1),
            trusted_proxies=(ip_network("192.0.2.0/24"),),
        )

    @pytest.mark.attack("addresses")
    async def test_a_header_of_anybody_is_not_believed(
        self, gateway: Gateway, place: Place
    ) -> None:
        path = f"tables/{place.table}/"
        first = await gateway.socket(path, ADMIN, additional_headers={"X-Forwarded-For": "1.1.1.1"})
        await first.next()
        other = await gateway.socket(path, ADMIN, additional_headers={"X-Forwarded-For": "2.2.2.2"})
        assert await turned_away(other) == 4429


class TestTokens:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(SECRET, limits=Limits(connections_per_token=2))

    @pytest.mark.attack("floods")
    async def test_one_token_has_so_many_connections(self, gateway: Gateway, place: Place) -> None:
        path, one = f"tables/{place.table}/", token("manager", restaurant_id=place.restaurant)
        for _ in range(2):
            await (await gateway.socket(path, one)).next()
        assert await turned_away(await gateway.socket(path, one)) == 4429
        other = token("manager", restaurant_id=place.restaurant, sub="another")
        assert (await (await gateway.socket(path, other)).next())["type"] == "table_status"


class TestSubscribers:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(SECRET, limits=Limits(max_subscribers=2))

    @pytest.mark.attack("floods")
    async def test_one_channel_has_so_many_listeners(self, gateway: Gateway, place: Place) -> None:
        path = f"tables/{place.table}/"
        first = await gateway.socket(path)
        for socket in (first, await gateway.socket(path)):
            await socket.next()
        assert await turned_away(await gateway.socket(path)) == 4429
        menu = await gateway.socket(f"restaurants/{place.restaurant}/menu/")
        assert (await menu.next())["type"] == "menu"
        await first.raw.close()
        await asyncio.sleep(0.1)
        assert (await (await gateway.socket(path)).next())["type"] == "table_status"
