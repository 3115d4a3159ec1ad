"""Limits of connections: sockets over a limit are closed with 4429, others are not affected."""

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest

from gateway.auth.client_address import ClientAddress, Locality
from gateway.limits import ConnectionQuota
from gateway.settings import GatewaySettings, Limits
from gateway.websocket.connection_limits import STAFF_SHARE, ConnectionLimits
from gateway.websocket.context import ConnectionContext
from tests.attack_report import Attempts
from tests.clients import Socket
from tests.eventually import eventually
from tests.gateway.conftest import KEYS, Gateway, Place, token


async def opens(gateway: Gateway, path: str, *args: Any, **options: Any) -> bool:
    """Whether a new socket gets its snapshot."""
    return "type" in await (await gateway.socket(path, *args, **options)).next()


async def rejected_with(socket: Socket) -> int | None:
    """Close code, after the error `rate_limited`."""
    assert (await socket.next())["code"] == "rate_limited"
    return await socket.closed()


async def open_session(gateway: Gateway, place: Place) -> tuple[str, str]:
    """Channel of a new session, and a token of its guests."""
    created = await gateway.post(f"/tables/{place.table}/sessions")
    guest = token("guest", restaurant_id=place.restaurant, session_id=created["session_id"])
    return f"tables/sessions/{created['session_id']}/", guest


def test_a_connection_quota_counts_each_key_separately() -> None:
    places = ConnectionQuota(2, "seats")
    assert [places.acquire("a"), places.acquire("a"), places.acquire("a")] == [True, True, False]
    assert places.acquire("b")
    assert all(places.acquire(None) for _ in range(10))
    places.release("a")
    assert places.acquire("a")
    for holder in ("a", "a", "b", None):
        places.release(holder)
    assert places._counts == {}


class TestCounts:
    """`ConnectionLimits` without a gateway."""

    SHARED = ClientAddress(Locality.KNOWN, "203.0.113.7")

    def admits(self, limits: ConnectionLimits, context: ConnectionContext, **how: Any) -> bool:
        limits.reserve(context)
        return limits.admit(context, how.pop("key", None), **how)

    def test_released_connections_make_room_whatever_they_had_acquired(self) -> None:
        limits = ConnectionLimits(Limits(max_connections=2, max_connections_per_ip=1))
        first, second = ConnectionContext(self.SHARED), ConnectionContext(self.SHARED)
        assert self.admits(limits, first, is_staff=False)
        assert not self.admits(limits, second, is_staff=False)
        limits.release(second)
        assert not self.admits(limits, second, is_staff=False)
        for _ in range(2):  # the second time changes nothing
            limits.release(first)
        assert self.admits(limits, second, is_staff=False)
        assert not self.admits(limits, first, is_staff=False)

    def test_staff_over_a_principals_limit_are_refused(self) -> None:
        limits = ConnectionLimits(Limits(max_connections_per_principal=1))
        first, second = ConnectionContext(self.SHARED), ConnectionContext(self.SHARED)
        assert self.admits(limits, first, key="waiter:1", is_staff=True)
        assert not self.admits(limits, second, key="waiter:1", is_staff=True)
        assert self.admits(limits, second, key="waiter:2", is_staff=True)


class TestAddresses:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(max_connections_per_ip=3))

    @pytest.mark.attack("addresses")
    async def test_connections_over_the_address_limit_are_closed_with_4429(
        self, gateway: Gateway, place: Place
    ) -> None:
        path, guest = await open_session(gateway, place)
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        sockets = [
            await gateway.socket(path, guest, additional_headers=forwarded) for _ in range(3)
        ]
        for socket in sockets:
            assert (await socket.next())["type"] == "session_status"
        lying = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        for headers in (forwarded, lying):
            assert await rejected_with(
                await gateway.socket(path, guest, additional_headers=headers)
            ) == 4429  # fmt: skip
        elsewhere = {"X-Forwarded-For": "203.0.113.8"}
        other = await gateway.socket(path, guest, additional_headers=elsewhere)
        assert (await other.next())["type"] == "session_status"
        await sockets[0].raw.close()
        await eventually(lambda: opens(gateway, path, guest, additional_headers=forwarded))

    @pytest.mark.attack("addresses")
    async def test_a_thousand_rejected_connections_leave_the_accepted_ones_working(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        path, guest = await open_session(gateway, place)
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        first = [await gateway.socket(path, guest, additional_headers=forwarded) for _ in range(3)]
        for socket in first:
            await socket.next()
        for _ in range(10):
            refused = await asyncio.gather(
                *(gateway.socket(path, guest, additional_headers=forwarded) for _ in range(100))
            )
            codes = await asyncio.gather(*(rejected_with(socket) for socket in refused))
            for code in codes:
                attempts.refused(code == 4429, code)
        answer = await first[0].request("call_waiter", reason="bill")
        assert answer["data"]["changed"]
        assert (await first[1].until("session_update"))["data"]["calls"]

    @pytest.mark.attack("addresses")
    async def test_staff_can_connect_from_an_address_that_guests_have_filled(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        """A restaurant's guests and its kitchen may share one address."""
        path, guest = await open_session(gateway, place)
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        for _ in range(3):
            await (await gateway.socket(path, guest, additional_headers=forwarded)).next()
        refused = await rejected_with(
            await gateway.socket(path, guest, additional_headers=forwarded)
        )
        attempts.refused(refused == 4429, refused)
        forged = await gateway.socket(path, guest[:-3] + "xxx", additional_headers=forwarded)
        attempts.refused(await forged.closed() == 4401, "forged")
        for role in ("kitchen", "waiter"):
            staff = token(role, restaurant_id=place.restaurant, waiter_id=place.waiter)
            restaurant = f"restaurants/{place.restaurant}/"
            socket = await gateway.socket(restaurant, staff, additional_headers=forwarded)
            assert (await socket.next())["type"] == "restaurant_status", role
            await socket.raw.close()
        again = await rejected_with(await gateway.socket(path, guest, additional_headers=forwarded))
        attempts.refused(again == 4429, "connections of staff do not raise the address's limit")


class TestFullGateway:
    MOST = 40

    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(max_connections=self.MOST, max_subscribers=50))

    @pytest.mark.attack("floods")
    async def test_staff_can_connect_to_a_gateway_that_guests_have_filled(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        path, guest = await open_session(gateway, place)
        for _ in range(self.MOST):
            assert (await (await gateway.socket(path, guest)).next())["type"] == "session_status"
        refused = await rejected_with(await gateway.socket(path, guest))
        attempts.refused(refused == 4429, refused)
        kitchen = token("kitchen", restaurant_id=place.restaurant)
        restaurant = f"restaurants/{place.restaurant}/"
        for _ in range(int(self.MOST * STAFF_SHARE)):
            socket = await gateway.socket(restaurant, kitchen)
            assert (await socket.next())["type"] == "restaurant_status"
        assert await rejected_with(await gateway.socket(restaurant, kitchen)) == 4429


class TestUntrustedProxies:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(
            KEYS,
            limits=Limits(max_connections_per_ip=1),
            trusted_proxies=(ip_network("192.0.2.0/24"),),
        )

    @pytest.mark.attack("addresses")
    async def test_forwarded_header_of_an_untrusted_peer_is_ignored(
        self, gateway: Gateway, place: Place
    ) -> None:
        path, guest = await open_session(gateway, place)
        first = await gateway.socket(path, guest, additional_headers={"X-Forwarded-For": "1.1.1.1"})
        await first.next()
        other = await gateway.socket(path, guest, additional_headers={"X-Forwarded-For": "2.2.2.2"})
        assert await rejected_with(other) == 4429


class TestTokens:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(max_connections_per_principal=2))

    @pytest.mark.attack("floods")
    async def test_connections_over_the_token_limit_are_closed_with_4429(
        self, gateway: Gateway, place: Place
    ) -> None:
        path, one = f"tables/{place.table}/", token("manager", restaurant_id=place.restaurant)
        for _ in range(2):
            await (await gateway.socket(path, one)).next()
        assert await rejected_with(await gateway.socket(path, one)) == 4429
        other = token("manager", restaurant_id=place.restaurant, sub="another")
        assert (await (await gateway.socket(path, other)).next())["type"] == "table_status"

    @pytest.mark.attack("floods")
    async def test_joining_again_does_not_raise_a_guests_connection_limit(
        self, gateway: Gateway, place: Place
    ) -> None:
        found = await gateway.http.get(f"/api/tables/{place.table}/code")
        code = {"table_code": found.json()["table_code"]}
        joined = [await gateway.post("/sessions/join", code) for _ in range(3)]
        path = f"tables/sessions/{joined[0]['data']['id']}/"
        for each in joined[:2]:
            assert (await (await gateway.socket(path, each["token"])).next())["data"]
        assert await rejected_with(await gateway.socket(path, joined[2]["token"])) == 4429


class TestSubscribers:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(max_subscribers=2))

    @pytest.mark.attack("floods")
    async def test_subscribers_over_the_channel_limit_are_closed_with_4429(
        self, gateway: Gateway, place: Place
    ) -> None:
        path = f"tables/{place.table}/"
        first = await gateway.socket(path)
        for socket in (first, await gateway.socket(path)):
            await socket.next()
        assert await rejected_with(await gateway.socket(path)) == 4429
        waiter = token("waiter", restaurant_id=place.restaurant, waiter_id=place.waiter)
        for _ in range(2):
            accepted = await gateway.socket(path, waiter)
            assert (await accepted.next())["type"] == "table_status", "guests do not lock staff out"
            await accepted.raw.close()
        menu = await gateway.socket(f"restaurants/{place.restaurant}/menu/")
        assert (await menu.next())["type"] == "menu"
        await first.raw.close()
        await eventually(lambda: opens(gateway, path))
