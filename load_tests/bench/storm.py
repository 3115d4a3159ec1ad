"""A gateway is killed: its sockets come back and resume, while the other gateway's go on.

Sockets listen to sessions whose numbers of guests keep changing, over HTTP. Each knows the last
`seq` it saw and reconnects with it, after a random moment, as the protocol's clients do.
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

from load_tests.bench.chain import places
from load_tests.bench.measure import latencies
from load_tests.bench.servers import Server, token
from load_tests.bench.usage import usage
from load_tests.bench.wire import Socket, open_socket

RESTAURANTS = 10
CHANGES_PER_S = 20
LONGEST_WAIT_S = 2.0
BEFORE_S, AFTER_S = 3.0, 15.0


class Listener:
    """One socket that comes back; `missing` counts events that never came, or came twice."""

    def __init__(self, server: Server, session: int) -> None:
        self._path = server.ws(f"tables/sessions/{session}/")
        self._token = token()
        self.session = session
        self.seq = -1
        self.version = 0
        self.epoch = ""
        self.wrong = 0
        self.snapshots = 0
        self.heard: dict[int, float] = {}
        self.lost_at: float | None = None
        self.back_at: float | None = None
        self.greeted = asyncio.Event()
        self.task = asyncio.create_task(self._hold())

    def _take(self, text: bytes) -> None:
        frame = orjson.loads(text)
        seq = frame["seq"]
        if "epoch" in frame:
            self.snapshots += 1
            self.epoch = frame["epoch"]
        elif seq != self.seq + 1:
            self.wrong += 1
        self.seq = seq
        self.greeted.set()
        self.version = frame["data"]["version"]
        self.heard[self.version] = time.monotonic()
        if self.lost_at is not None and self.back_at is None:
            self.back_at = time.monotonic()

    async def _hold(self) -> None:
        while True:
            resume = f"?since={self.seq}&epoch={self.epoch}" if self.epoch else ""
            try:
                socket: Socket = await open_socket(self._path + resume, self._take, self._token)
            except Exception:
                await asyncio.sleep(random.uniform(0.1, LONGEST_WAIT_S))
                continue
            await socket.closed
            if self.lost_at is None:
                self.lost_at = time.monotonic()
            await asyncio.sleep(random.uniform(0, LONGEST_WAIT_S))


async def storm(server: Server, size: int) -> dict[str, Any]:
    """`size` sockets over two gateways, one of which is killed."""
    listeners = []
    sessions = [place.sessions[0] for place in await places(server, RESTAURANTS)]
    for number in range(size):
        listeners.append(Listener(server, sessions[number % RESTAURANTS]))
        if number % 50 == 0:
            await asyncio.sleep(0.05)
    await asyncio.gather(*(listener.greeted.wait() for listener in listeners))
    told: dict[tuple[int, int], float] = {}
    changing = asyncio.create_task(_change(server, sessions, told))
    await asyncio.sleep(BEFORE_S)
    gateways = [pid for pid, name in usage(server.mark).names.items() if name == "ServeReplica"]
    killed_at = time.monotonic()
    os.kill(gateways[0], signal.SIGKILL)
    await asyncio.sleep(AFTER_S)
    changing.cancel()
    await asyncio.gather(changing, return_exceptions=True)
    await asyncio.sleep(2.0)
    result = _result(listeners, told, killed_at)
    for listener in listeners:
        listener.task.cancel()
    return result


async def _change(server: Server, sessions: list[int], told: dict[tuple[int, int], float]) -> None:
    """Change one session after the other, from outside; a lost answer is asked for again."""
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
                    told[session, answer.json()["version"]] = sent
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
            await asyncio.sleep(max(0.0, sent + 1 / CHANGES_PER_S - time.monotonic()))


def _result(
    listeners: list[Listener], told: dict[tuple[int, int], float], killed_at: float
) -> dict[str, Any]:
    last: dict[int, int] = {}
    for session, version in told:
        last[session] = max(version, last.get(session, 0))
    lost = [each for each in listeners if each.lost_at is not None]
    others = [
        each.heard[version] - sent
        for each in listeners
        if each.lost_at is None
        for (session, version), sent in told.items()
        if session == each.session and version in each.heard and sent > killed_at
    ]
    return {
        "sockets": len(listeners),
        "cut": len(lost),
        "all_back_s": max((each.back_at or 1e9) - killed_at for each in lost),
        "not_resumed": sum(each.snapshots - 1 for each in listeners),
        "lost_or_doubled": sum(each.wrong for each in listeners),
        "behind": sum(each.version < last[each.session] for each in listeners),
        "others": latencies(others),
    }
