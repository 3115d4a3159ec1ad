"""Limits of requests and messages: clients over a limit get an error, others are not affected."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.http.requests import MAX_UNAUTHENTICATED_BYTES
from gateway.limits import KeyedRateLimiter, TokenBucket, message_cost
from gateway.settings import GatewaySettings, Limits
from tests.attack_report import Attempts
from tests.gateway.conftest import KEYS, Gateway, Place, token

ADMIN = token("admin")


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
