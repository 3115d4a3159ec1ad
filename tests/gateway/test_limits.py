"""Limits: clients over a limit get an error, and other clients are not affected."""

import asyncio
import os
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import pytest

from gateway.http.requests import MAX_UNAUTHENTICATED_BYTES
from gateway.limits import ConnectionQuota, KeyedRateLimiter, TokenBucket, message_cost
from gateway.settings import GatewaySettings, Limits
from gateway.websocket.endpoint import STAFF_SHARE
from tests.attack_report import Attempts
from tests.clients import Socket
from tests.eventually import eventually
from tests.gateway.conftest import KEYS, Gateway, Place, token

ADMIN = token("admin")


async def opens(gateway: Gateway, path: str, *args: Any, **options: Any) -> bool:
    """Whether a new socket gets its snapshot."""
    return "type" in await (await gateway.socket(path, *args, **options)).next()


async def rejected_with(socket: Socket) -> int | None:
    """Close code, after the error `rate_limited`."""
    assert (await socket.next())["code"] == "rate_limited"
    return await socket.closed()


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


def test_a_changed_rate_applies_to_new_keys() -> None:
    limits = Limits(messages_per_s=0.001, burst_messages=1)
    rates = KeyedRateLimiter(
        lambda: TokenBucket(limits.messages_per_s, limits.burst_messages), "requests", 2
    )
    assert [rates.take("a"), rates.take("a")] == [True, False]
    limits.burst_messages = 2
    assert [rates.take("b"), rates.take("b"), rates.take("b")] == [True, True, False]
    rates.refund("b")
    assert rates.take("b")
    assert not rates.take("a")
    rates.take("c")  # evicts b, the key created first
    assert rates.take("b")


def test_a_costly_message_is_accepted_and_delays_the_next() -> None:
    bucket = TokenBucket(0.001, 3)
    assert [bucket.take(2), bucket.take(17), bucket.take(), bucket.take(0)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert [message_cost(0), message_cost(4095), message_cost(4096), message_cost(64 * 1024)] == [
        1,
        1,
        2,
        17,
    ]


async def open_session(gateway: Gateway, place: Place) -> tuple[str, str]:
    """Channel of a new session, and a token of its guests."""
    created = await gateway.post(f"/tables/{place.table}/sessions")
    guest = token("guest", restaurant_id=place.restaurant, session_id=created["session_id"])
    return f"tables/sessions/{created['session_id']}/", guest


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


class TestRequests:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(messages_per_s=0.001, burst_messages=3))

    @pytest.mark.attack("floods")
    async def test_requests_over_the_callers_rate_get_429(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        path = f"/api/tables/{place.table}"

        async def status(role: str, **claims: int) -> int:
            bearer = token(role, restaurant_id=place.restaurant, sub=os.urandom(4).hex(), **claims)
            headers = {"Authorization": f"Bearer {bearer}"}
            answer = await gateway.http.get(path, headers=headers)
            assert ("Retry-After" in answer.headers) == (answer.status_code == 429)
            return answer.status_code

        assert [await status("waiter", waiter_id=1) for _ in range(3)] == [200] * 3
        for _ in range(10):
            attempts.refused(await status("waiter", waiter_id=1) == 429, "waiter")
        assert await status("waiter", waiter_id=2) == 200
        for _ in range(3):
            await status("guest", session_id=7)
        for _ in range(10):  # each with a token of its own, as joining again would give it
            attempts.refused(await status("guest", session_id=7) == 429, "guest")
        assert await status("guest", session_id=8) == 401
        assert [(await gateway.http.get(path)).status_code for _ in range(10)] == [200] * 10

    @pytest.mark.attack("floods")
    async def test_joins_over_the_tables_rate_get_rate_limited(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        found = await gateway.http.get(f"/api/tables/{place.table}/code")
        code = {"table_code": found.json()["table_code"]}
        joined = [await gateway.http.post("/api/sessions/join", json=code) for _ in range(13)]
        assert [answer.status_code for answer in joined[:3]] == [200] * 3
        for answer in joined[3:]:
            attempts.refused(answer.json()["code"] == "rate_limited", answer.text)


class TestMessagesOfAToken:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(messages_per_s_per_token=4, burst_messages=100))

    @pytest.mark.attack("floods")
    async def test_message_rate_is_shared_by_a_callers_connections(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        path = f"tables/{place.table}"
        bearer = token("waiter", restaurant_id=place.restaurant, waiter_id=place.waiter)
        sockets = [await gateway.socket(path, bearer) for _ in range(10)]
        sockets += [await gateway.socket(path, ADMIN), await gateway.socket(path)]
        received = []
        for socket in sockets:
            await socket.next()
        for socket in sockets:
            await socket.send("get_status")
            received.append((await socket.next()).get("code"))
        assert received[:8] == [None] * 8, "a burst of two seconds"
        for code in received[8:10]:
            attempts.refused(code == "rate_limited", code)
        assert received[10:] == [None, None], "another token, and an anonymous caller"


class TestLargeMessages:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(messages_per_s=0.001, burst_messages=20))

    @pytest.mark.attack("floods")
    async def test_large_messages_consume_more_of_the_rate(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        path = f"tables/{place.table}"
        large = '{"action":"get_status"}'.ljust(60_000)  # counts as fifteen
        socket, other = await gateway.socket(path), await gateway.socket(path)
        for each in (socket, other):
            await each.next()
        received = []
        for _ in range(5):
            await socket.raw.send(large)
            received.append(await socket.next())
        assert [each.get("type") for each in received[:2]] == ["table_status"] * 2
        for answer in received[2:]:
            attempts.refused(answer.get("code") == "rate_limited", answer)
        for _ in range(11):
            await socket.raw.send(large)
        async with asyncio.timeout(5):
            assert await socket.closed() == 4429, (
                "large messages reach the limit sooner than small ones"
            )
        for _ in range(20):
            await other.raw.send('{"action":"get_status"}')
            assert (await other.next())["type"] == "table_status"

    @pytest.mark.attack("floods")
    async def test_large_bodies_consume_more_of_the_rate(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        bearer = token("manager", restaurant_id=place.restaurant)
        headers = {"Authorization": f"Bearer {bearer}"}
        body = b"{}".ljust(90_000)  # counts as twenty-two
        path = f"/api/tables/{place.table}"
        first = await gateway.http.patch(path, content=body, headers=headers)
        assert first.status_code == 200, first.text
        for _ in range(10):
            answer = await gateway.http.patch(path, content=b"{}", headers=headers)
            attempts.refused(answer.status_code == 429, answer.text)


class TestUnauthenticated:
    """Requests without a token or with an invalid one."""

    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(messages_per_s=0.001, burst_messages=3))

    @pytest.mark.attack("oversized")
    @pytest.mark.parametrize("path", ["sessions/join", "devices/sign-in"])
    async def test_an_unauthenticated_body_over_the_limit_gets_413(
        self, gateway: Gateway, place: Place, attempts: Attempts, path: str
    ) -> None:
        for size in (MAX_UNAUTHENTICATED_BYTES, MAX_UNAUTHENTICATED_BYTES + 1, 900_000):
            content = b'{"table_code":1}'.ljust(size)
            answer = await gateway.http.post(f"/api/{path}", content=content)
            expected = 422 if size <= MAX_UNAUTHENTICATED_BYTES else 413
            attempts.refused(answer.status_code == expected, answer.text)

    @pytest.mark.attack("floods")
    @pytest.mark.parametrize("path", ["sessions/join", "devices/sign-in"])
    async def test_anonymous_requests_are_limited_per_address(
        self, gateway: Gateway, place: Place, attempts: Attempts, path: str
    ) -> None:
        async def status(where: str) -> int:
            headers = {"X-Forwarded-For": where}
            answer = await gateway.http.post(f"/api/{path}", content=b"{", headers=headers)
            return answer.status_code

        assert [await status("203.0.113.7") for _ in range(3)] == [400] * 3
        for _ in range(10):
            attempts.refused(await status("203.0.113.7") == 429, path)
        assert await status("203.0.113.8") == 400
        other = {"sessions/join": "devices/sign-in", "devices/sign-in": "sessions/join"}[path]
        headers = {"X-Forwarded-For": "203.0.113.7"}
        answer = await gateway.http.post(f"/api/{other}", content=b"{", headers=headers)
        assert answer.status_code == 400, "joins and sign-ins are counted separately"

    @pytest.mark.attack("floods")
    async def test_invalid_tokens_are_limited_per_address_and_valid_ones_still_accepted(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        async def status(bearer: str, where: str = "203.0.113.7") -> int:
            headers = {"Authorization": f"Bearer {bearer}", "X-Forwarded-For": where}
            answer = await gateway.http.get(f"/api/tables/{place.table}", headers=headers)
            return answer.status_code

        assert [await status("bad") for _ in range(3)] == [401] * 3
        for _ in range(10):
            attempts.refused(await status("bad") == 429, "bad")
        assert await status("bad", "203.0.113.8") == 401
        assert await status(ADMIN) == 200
        code = (await gateway.http.get(f"/api/tables/{place.table}/code")).json()["table_code"]
        headers = {"X-Forwarded-For": "203.0.113.7"}
        await gateway.post("/sessions/join", {"table_code": code}, headers=headers)


class TestMessages:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        limits = Limits(max_message_bytes=300, max_string_chars=40, max_items=2, body_timeout_s=0.2)
        return GatewaySettings(KEYS, limits=limits)

    async def test_a_message_over_a_set_limit_is_refused_with_the_limit(
        self, gateway: Gateway, place: Place
    ) -> None:
        session = await gateway.post(f"/tables/{place.table}/sessions")
        path = f"/sessions/{session['session_id']}"
        socket = await gateway.socket(f"tables{path}/", ADMIN)
        await socket.next()
        line = {"menu_item_id": 1}
        noted = line | {"notes": "n" * 41}
        deep: Any = line
        for _ in range(17):
            deep = {"notes": deep}
        refused: dict[str, dict[str, Any]] = {
            "items.0.notes: at most 40 characters.": {"items": [noted]},
            f"items.0.{'.'.join(['notes'] * 14)}: at most 16 nested objects and lists.": {
                "items": [deep]
            },
            "items: at most 2 lines. Place several orders.": {"items": [line] * 3},
        }
        for why, request in refused.items():
            answer = await socket.request("place_order", **request)
            assert answer["error"] == why
            response = await gateway.http.post(f"/api{path}/orders", json=request)
            assert response.json()["error"] == why
        assert (await socket.request("place_order", items=[line] * 2))["data"]["changed"]
        await socket.send("place_order", items=[line | {"notes": "n" * 300}])
        assert await socket.closed() == 1009

    async def test_a_body_that_takes_too_long_is_refused(
        self, gateway: Gateway, place: Place
    ) -> None:
        async def slowly() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(1)  # longer than the time-out of bodies

        answer = await gateway.http.post(f"/api/tables/{place.table}/sessions", content=slowly())
        assert answer.json()["error"] == "The body did not arrive within 0.2 s."
