"""Limits of request bodies by role, and their cost to the rate limit before they are read."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.http.requests import MAX_UNAUTHENTICATED_BYTES
from gateway.limits import message_cost
from gateway.settings import GatewaySettings, Limits
from tests.attack_report import Attempts
from tests.gateway.conftest import KEYS, Gateway, Place, token

GUESTS_BYTES = Limits().max_guest_body_bytes
STAFF_BYTES = Limits().max_body_bytes
BODY = b'{"reason":"bill"}'


async def open_session(gateway: Gateway, place: Place) -> int:
    return int((await gateway.post(f"/tables/{place.table}/sessions"))["session_id"])


@pytest.mark.attack("oversized")
@pytest.mark.parametrize("role", ["guest", "anonymous"])
async def test_the_body_limit_of_guests_is_lower_than_that_of_staff(
    gateway: Gateway, place: Place, attempts: Attempts, role: str
) -> None:
    session = await open_session(gateway, place)
    path = f"/api/sessions/{session}/calls"
    guest = {"Authorization": f"Bearer {token('guest', session_id=session)}"}
    headers = guest if role == "guest" else {}
    async with httpx.AsyncClient(base_url=gateway.http.base_url, headers=headers) as caller:
        for size in (GUESTS_BYTES + 1, STAFF_BYTES):
            response = await caller.post(path, content=BODY.ljust(size))
            attempts.refused(response.status_code == 413, response.text)
        seen = (await gateway.http.get(f"/api/sessions/{session}")).json()["data"]
        assert seen["calls"] == []
        accepted = await caller.post(path, content=BODY.ljust(GUESTS_BYTES))
        assert accepted.status_code == 200, accepted.text
    manager = token("manager", restaurant_id=place.restaurant)
    staff = await gateway.http.post(
        path, content=BODY.ljust(STAFF_BYTES), headers={"Authorization": f"Bearer {manager}"}
    )
    assert staff.status_code == 200, staff.text


@pytest.mark.attack("oversized")
@pytest.mark.parametrize(
    ("sender", "length"),
    [
        pytest.param("guest", GUESTS_BYTES + 1, id="guest"),
        pytest.param("guest", 10**14, id="guest_absurd"),
        pytest.param("manager", STAFF_BYTES + 1, id="manager"),
        pytest.param("unauthenticated", MAX_UNAUTHENTICATED_BYTES + 1, id="unauthenticated"),
    ],
)
async def test_a_body_declared_too_long_is_refused_before_it_is_sent(
    gateway: Gateway, place: Place, attempts: Attempts, sender: str, length: int
) -> None:
    session = await open_session(gateway, place)
    path = "/api/sessions/join" if sender == "unauthenticated" else f"/api/sessions/{session}/calls"
    bearer = None
    if sender != "unauthenticated":
        bearer = token(sender, restaurant_id=place.restaurant, session_id=session)
    reader, writer = await head_sent(gateway, path, length, bearer)
    async with asyncio.timeout(5):
        response = await reader.readuntil(b"\r\n")
    writer.transport.abort()
    attempts.refused(b" 413 " in response, response)


class TestCharging:
    AT_ONCE = 5

    @pytest.fixture
    def settings(self) -> GatewaySettings:
        burst = self.AT_ONCE * message_cost(GUESTS_BYTES)
        return GatewaySettings(
            KEYS, limits=Limits(messages_per_s=0.001, burst_messages=burst, body_timeout_s=60)
        )

    @pytest.mark.attack("floods")
    async def test_declared_bodies_are_charged_before_they_are_sent(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        """Otherwise many unfinished bodies would be held in memory until they time out."""
        session = await open_session(gateway, place)
        bearer = token("guest", session_id=session)
        path = f"/api/sessions/{session}/calls"
        sent = [
            await head_sent(gateway, path, GUESTS_BYTES, bearer) for _ in range(2 * self.AT_ONCE)
        ]
        responses = [asyncio.create_task(reader.readuntil(b"\r\n")) for reader, _ in sent]
        done: set[asyncio.Task[bytes]] = set()
        async with asyncio.timeout(20):
            while len(done) < self.AT_ONCE:
                done, _ = await asyncio.wait(responses, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0.01)
        for response in done:
            attempts.refused(b" 429 " in response.result(), response.result())
        assert len(done) == self.AT_ONCE, "the others wait for their bodies"
        for response in responses:
            response.cancel()
        for _, writer in sent:
            writer.transport.abort()

    @pytest.mark.attack("floods")
    async def test_bodies_without_a_declared_length_are_charged_as_they_arrive(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        session = await open_session(gateway, place)
        headers = {"Authorization": f"Bearer {token('guest', session_id=session)}"}

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield b" " * (GUESTS_BYTES // 4)

        statuses = [
            (
                await gateway.http.post(
                    f"/api/sessions/{session}/calls", content=chunks(), headers=headers
                )
            ).status_code
            for _ in range(self.AT_ONCE + 3)
        ]
        assert set(statuses[: self.AT_ONCE]) == {200}
        for status in statuses[self.AT_ONCE :]:
            attempts.refused(status == 429, status)


async def head_sent(
    gateway: Gateway, path: str, length: int, bearer: str | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which only a request's head was sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}"]
    if bearer is not None:
        head.append(f"Authorization: Bearer {bearer}")
    writer.write("\r\n".join([*head, "", ""]).encode())
    return reader, writer
