"""Shards are moved and added under load: no socket closes, no acknowledged command is lost."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from engine.placement import Mode, Placement
from protocol.caller import Role
from protocol.ids import Address, Kind
from scripts.environment import ROOT, free_port
from scripts.issue_token import token_for
from service_settings import Settings
from storage.embedded import EmbeddedStore
from tests.eventually import eventually

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.cluster, pytest.mark.faults]  # a minute: not in every run
TIMEOUT_S = 120
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60"}
RESTAURANTS = 4
SHARDS_BEFORE, SHARDS_AFTER = 2, 4


class Cluster:
    """A running `two_nodes.py`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.address = ""
        self.head = ""
        self.nodes: list[str] = []

    async def read(self) -> Any:
        """Next line of JSON of its output; other lines are skipped."""
        assert self._process.stdout is not None
        async with asyncio.timeout(TIMEOUT_S):
            while line := await self._process.stdout.readline():
                if line[:1] in b'{"':
                    return json.loads(line)
        raise AssertionError("the cluster has ended")

    async def do(self, **what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        assert await self.read() == "done"

    async def shards(self, *arguments: str) -> str:
        """Output of `restaurant-qr shards`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "restaurant_qr", "shards", *arguments, cwd=ROOT,
            env={**os.environ, "RAY_ADDRESS": self.address}, stdout=subprocess.PIPE,
        )  # fmt: skip
        printed, _ = await process.communicate()
        assert process.returncode == 0, printed
        return printed.decode()

    async def lists(self, text: str) -> bool:
        return text in await self.shards()

    async def has_shards(self, on: Callable[[set[str]], bool]) -> bool:
        """Whether the nodes with shards are as wanted."""
        rows = (await self.shards()).splitlines()
        return on({row.split()[2] for row in rows if row[0].isdigit()})


@asynccontextmanager
async def two_nodes(redis_url: str, port: int, directory: Path) -> AsyncIterator[Cluster]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.cluster.two_nodes", redis_url, str(port), str(directory),
        cwd=ROOT, env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert started.stdin is not None
    try:
        cluster = Cluster(started)
        first = await cluster.read()
        cluster.address, cluster.head, cluster.nodes = (
            first["address"],
            first["head"],
            first["nodes"],
        )
        yield cluster
    finally:
        started.stdin.close()
        async with asyncio.timeout(TIMEOUT_S):
            await started.communicate()


class MovingSession:
    """A session with one client that changes its number of guests and one that subscribes."""

    def __init__(self, session: int, restaurant: int) -> None:
        self.session = session
        self.restaurant = restaurant
        self.acknowledged = 0
        self.seen: list[int] = []
        self.waited_s: list[float] = []
        self.last = 0

    async def send_commands(self, socket: ClientConnection, done: asyncio.Event) -> None:
        while not done.is_set():
            guests = 3 + self.acknowledged % 2
            sent_at = time.monotonic()
            command = {"action": "update_guests_count", "guests_count": guests}
            await socket.send(json.dumps({**command, "request_id": str(self.acknowledged)}))
            while (frame := json.loads(await socket.recv())).get("type") != "ack":
                assert "error" not in frame, frame
            self.waited_s.append(time.monotonic() - sent_at)
            self.acknowledged += 1
            await asyncio.sleep(0.01)

    def has_seen_all(self) -> bool:
        return self.seen[-1] - self.seen[0] >= self.acknowledged

    async def watch(self, socket: ClientConnection) -> None:
        async for raw in socket:
            frame = json.loads(raw)
            if "seq" in frame:
                self.seen.append(frame["seq"])


async def test_shards_move_and_grow_under_open_sockets(
    valkey: EmbeddedStore, tmp_path: Path
) -> None:
    port = free_port()
    settings = Settings(data_dir=tmp_path, redis_url=valkey.url)
    async with two_nodes(valkey.url, port, tmp_path) as cluster, AsyncExitStack() as stack:
        sessions = await _open_sessions(port, token_for(settings, Role.ADMIN))
        before, after = Placement(Mode.SHARD, SHARDS_BEFORE), Placement(Mode.SHARD, SHARDS_AFTER)
        homes = [Address(Kind.RESTAURANT, each.restaurant, each.restaurant) for each in sessions]
        assert any(before.host_of(home) != after.host_of(home) for home in homes)
        done = asyncio.Event()
        sending, watching = [], []
        for session in sessions:
            url = f"ws://127.0.0.1:{port}/ws/tables/sessions/{session.session}/"
            sender, watcher = [await stack.enter_async_context(connect(url)) for _ in range(2)]
            watching.append(asyncio.create_task(session.watch(watcher)))
            await eventually(partial(len, session.seen), TIMEOUT_S)
            sending.append(asyncio.create_task(session.send_commands(sender, done)))
        await _wait_for_commands(sessions)
        _reset(sessions)

        for node in cluster.nodes:  # one of the two moves moves it
            listed = await cluster.shards("move", "0", "--to", node)
            assert node in listed
            await _wait_for_commands(sessions)
        _log_waits("moved", sessions)

        await cluster.do(move=0, to=cluster.head)
        await eventually(
            partial(cluster.has_shards, lambda nodes: nodes <= {*cluster.nodes}), TIMEOUT_S
        )
        await _wait_for_commands(sessions)
        _log_waits("evacuated from the head, which has no CPUs", sessions)

        await cluster.do(user_config={"shards": SHARDS_AFTER, "pinned": {1: 1}})
        await eventually(partial(cluster.lists, f"\n{SHARDS_AFTER - 1} "), TIMEOUT_S)
        await _wait_for_commands(sessions)
        _log_waits("grown", sessions)

        await cluster.do(drain=cluster.nodes[1])
        # An empty draining node ends, and is no longer listed.
        await eventually(
            partial(cluster.has_shards, lambda nodes: nodes == {cluster.nodes[0]}), TIMEOUT_S
        )
        await _wait_for_commands(sessions)
        _log_waits("drained", sessions)

        done.set()
        await asyncio.gather(*sending)
        for session in sessions:
            await eventually(session.has_seen_all, TIMEOUT_S)
            assert session.seen == list(range(session.seen[0], session.seen[-1] + 1))
            assert session.seen[-1] - session.seen[0] == session.acknowledged
        assert not any(task.done() for task in watching), "a socket was closed"
        for task in watching:
            task.cancel()


async def _open_sessions(port: int, token: str) -> list[MovingSession]:
    """A session in each of several new restaurants."""
    sessions = []
    url, headers = f"http://127.0.0.1:{port}/api", {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:

        async def create(path: str, **body: Any) -> Any:
            answer = await http.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json()

        for number in range(RESTAURANTS):
            place = await create("/restaurants", name=f"R{number}", currency="EUR", timezone="UTC")
            restaurant = place["restaurant_id"]
            waiter = await create(f"/restaurants/{restaurant}/waiters", name="Ada")
            table = await create(
                f"/restaurants/{restaurant}/tables",
                number="1", zone="A", seats=4, waiter_id=waiter["waiter_id"],
            )  # fmt: skip
            seated = await create(f"/tables/{table['table_id']}/sessions", guests_count=2)
            sessions.append(MovingSession(seated["session_id"], restaurant))
    return sessions


async def _wait_for_commands(sessions: list[MovingSession]) -> None:
    """Wait until each session has 20 more acknowledged commands."""
    goals = [session.acknowledged + 20 for session in sessions]
    await eventually(
        lambda: all(p.acknowledged >= goal for p, goal in zip(sessions, goals, strict=True)),
        TIMEOUT_S,
    )


def _reset(sessions: list[MovingSession]) -> None:
    for session in sessions:
        session.waited_s.clear()


def _log_waits(what: str, sessions: list[MovingSession]) -> None:
    """Log the longest wait of each session, which `pytest --log-cli-level INFO` shows."""
    longest = ", ".join(f"{max(session.waited_s) * 1000:.0f}" for session in sessions)
    log.info("%s: longest wait of each session: %s ms", what, longest)
    _reset(sessions)
