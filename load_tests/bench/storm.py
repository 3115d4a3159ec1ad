"""A gateway is killed: its sockets reconnect and resume, while the other gateway's keep working.

Sockets subscribe to sessions whose number of guests keeps changing, over HTTP. Each reconnects with
its last `seq` after a random pause, as the protocol's clients do.
"""

import asyncio
import itertools
import os
import random
import signal
import time
from typing import Any

import httpx
import orjson

from load_tests.bench.measure import latencies
from load_tests.bench.restaurants import create_restaurants
from load_tests.bench.servers import Server, token
from load_tests.bench.usage import usage
from load_tests.bench.wire import Socket, open_socket
from load_tests.channels import SESSION
from load_tests.stream_checker import ProtocolViolation, StreamChecker

RESTAURANTS = 10
CHANGES_PER_S = 20
MAX_PAUSE_S = 2.0
BEFORE_S, AFTER_S = 3.0, 15.0


class StormClient:
    """A socket that reconnects; `wrong` counts events that are lost or repeated."""

    def __init__(self, server: Server, session: int) -> None:
        self._path = server.ws(f"tables/sessions/{session}/")
        self._token = token()
        self.session = session
        self.checker = StreamChecker(SESSION)
        self.version = 0
        self.wrong = 0
        self.received_at: dict[int, float] = {}
        self.lost_at: float | None = None
        self.reconnected_at: float | None = None
        self.has_snapshot = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    def _on_frame(self, text: bytes) -> None:
        frame = orjson.loads(text)
        try:
            self.checker.check(frame)
        except ProtocolViolation:
            self.wrong += 1
        self.has_snapshot.set()
        self.version = frame["data"]["version"]
        self.received_at[self.version] = time.monotonic()
        if self.lost_at is not None and self.reconnected_at is None:
            self.reconnected_at = time.monotonic()

    async def _run(self) -> None:
        while True:
            path = self._path + self.checker.resume
            try:
                socket: Socket = await open_socket(path, self._on_frame, self._token)
            except Exception:
                await asyncio.sleep(random.uniform(0.1, MAX_PAUSE_S))
                continue
            await socket.closed
            if self.lost_at is None:
                self.lost_at = time.monotonic()
            await asyncio.sleep(random.uniform(0, MAX_PAUSE_S))


async def storm(server: Server, size: int) -> dict[str, Any]:
    """`size` sockets over two gateways, one of which is killed."""
    clients = []
    sessions = [
        restaurant.sessions[0] for restaurant in await create_restaurants(server, RESTAURANTS)
    ]
    for number in range(size):
        clients.append(StormClient(server, sessions[number % RESTAURANTS]))
        if number % 50 == 0:
            await asyncio.sleep(0.05)
    await asyncio.gather(*(client.has_snapshot.wait() for client in clients))
    sent_at: dict[tuple[int, int], float] = {}
    changing = asyncio.create_task(_change(server, sessions, sent_at))
    await asyncio.sleep(BEFORE_S)
    gateways = [pid for pid, name in usage(server.mark).names.items() if name == "ServeReplica"]
    killed_at = time.monotonic()
    os.kill(gateways[0], signal.SIGKILL)
    await asyncio.sleep(AFTER_S)
    changing.cancel()
    await asyncio.gather(changing, return_exceptions=True)
    await asyncio.sleep(2.0)
    result = _result(clients, sent_at, killed_at)
    for client in clients:
        client.task.cancel()
    return result


async def _change(
    server: Server, sessions: list[int], sent_at: dict[tuple[int, int], float]
) -> None:
    """Change one session after another over HTTP; a request without a response is repeated."""
    headers = {"Authorization": f"Bearer {token()}"}
    async with httpx.AsyncClient(base_url=server.api, headers=headers, timeout=30) as http:
        for turn in itertools.count():
            session = sessions[turn % len(sessions)]
            while True:
                sent = time.monotonic()
                try:
                    body = {"guests_count": turn // len(sessions) % 40 + 3}
                    answer = await http.patch(f"/sessions/{session}", json=body)
                    answer.raise_for_status()
                    sent_at[session, answer.json()["version"]] = sent
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
            await asyncio.sleep(max(0.0, sent + 1 / CHANGES_PER_S - time.monotonic()))


def _result(
    clients: list[StormClient], sent_at: dict[tuple[int, int], float], killed_at: float
) -> dict[str, Any]:
    last: dict[int, int] = {}
    for session, version in sent_at:
        last[session] = max(version, last.get(session, 0))
    lost = [each for each in clients if each.lost_at is not None]
    others = [
        each.received_at[version] - sent
        for each in clients
        if each.lost_at is None
        for (session, version), sent in sent_at.items()
        if session == each.session and version in each.received_at and sent > killed_at
    ]
    return {
        "sockets": len(clients),
        "cut": len(lost),
        "all_back_s": max((each.reconnected_at or 1e9) - killed_at for each in lost),
        "not_resumed": sum(each.checker.replaced for each in clients),
        "lost_or_doubled": sum(each.wrong for each in clients),
        "behind": sum(each.version < last[each.session] for each in clients),
        "others": latencies(others),
    }
