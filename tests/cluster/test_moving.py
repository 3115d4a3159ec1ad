"""Shards move, and become more, while people work: nobody's socket closes, nothing is lost."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from actors.placement import Mode, Placement
from protocol.caller import Role
from protocol.ids import Address, Kind
from scripts.environment import ROOT, free_port
from scripts.issue_token import token_for
from serve_app import Settings
from storage.embedded import EmbeddedStore

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.cluster, pytest.mark.faults]  # a minute: not in every run
TIMEOUT_S = 120
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60"}
RESTAURANTS = 4
SHARDS_BEFORE, SHARDS_AFTER = 2, 4


class Cluster:
    """The process of `two_nodes.py`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.address = ""
        self.head = ""
        self.nodes: list[str] = []

    async def hear(self) -> Any:
        """What it says next; what Ray and Serve print in between does not matter."""
        assert self._process.stdout is not None
        async with asyncio.timeout(TIMEOUT_S):
            while line := await self._process.stdout.readline():
                if line[:1] in b'{"':
                    return json.loads(line)
        raise AssertionError("the cluster has ended")

    async def do(self, **what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        assert await self.hear() == "done"

    async def shards(self, *arguments: str) -> str:
        """What `python -m scripts.shards` prints."""
        asked = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scripts.shards", *arguments, cwd=ROOT,
            env={**os.environ, "RAY_ADDRESS": self.address}, stdout=subprocess.PIPE,
        )  # fmt: skip
        printed, _ = await asked.communicate()
        assert asked.returncode == 0, printed
        return printed.decode()

    def nodes_of(self, listed: str) -> set[str]:
        """The nodes on which there are shards."""
        return {row.split()[2] for row in listed.splitlines() if row[0].isdigit()}


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
        said = await cluster.hear()
        cluster.address, cluster.head, cluster.nodes = said["address"], said["head"], said["nodes"]
        yield cluster
    finally:
        started.stdin.close()
        async with asyncio.timeout(TIMEOUT_S):
            await started.communicate()


class Party:
    """One of a session changes its number of guests, the other looks on."""

    def __init__(self, session: int, restaurant: int) -> None:
        self.session = session
        self.restaurant = restaurant
        self.acknowledged = 0
        self.seen: list[int] = []
        self.waited_s: list[float] = []
        self.last = 0

    async def act(self, socket: ClientConnection, done: asyncio.Event) -> None:
        while not done.is_set():
            guests = 3 + self.acknowledged % 2
            asked_at = time.monotonic()
            wish = {"action": "update_guests_count", "guests_count": guests}
            await socket.send(json.dumps({**wish, "request_id": str(self.acknowledged)}))
            while (frame := json.loads(await socket.recv())).get("type") != "ack":
                assert "error" not in frame, frame
            self.waited_s.append(time.monotonic() - asked_at)
            self.acknowledged += 1
            await asyncio.sleep(0.01)

    async def look_on(self, socket: ClientConnection) -> None:
        async for raw in socket:
            frame = json.loads(raw)
            if "seq" in frame:
                self.seen.append(frame["seq"])


async def test_shards_move_and_grow_under_open_sockets(
    valkey: EmbeddedStore, tmp_path: Path
) -> None:
    port = free_port()
    async with two_nodes(valkey.url, port, tmp_path) as cluster, AsyncExitStack() as stack:
        parties = await _seated(port, token_for(Settings(data_dir=tmp_path), Role.ADMIN))
        before, after = Placement(Mode.SHARD, SHARDS_BEFORE), Placement(Mode.SHARD, SHARDS_AFTER)
        homes = [Address(Kind.RESTAURANT, each.restaurant, each.restaurant) for each in parties]
        assert any(before.host_of(home) != after.host_of(home) for home in homes)
        done = asyncio.Event()
        acting, looking = [], []
        for party in parties:
            url = f"ws://127.0.0.1:{port}/ws/tables/sessions/{party.session}/"
            actor, onlooker = [await stack.enter_async_context(connect(url)) for _ in range(2)]
            acting.append(asyncio.create_task(party.act(actor, done)))
            looking.append(asyncio.create_task(party.look_on(onlooker)))
        await _more(parties)
        _reset(parties)

        for node in cluster.nodes:  # wherever it lives, one of the two moves it
            listed = await cluster.shards("--move", "0", "--to", node)
            assert node in listed
            await _more(parties)
        _say("moved", parties)

        await cluster.do(move=0, to=cluster.head)
        async with asyncio.timeout(TIMEOUT_S):
            while not cluster.nodes_of(await cluster.shards()) <= set(cluster.nodes):
                await asyncio.sleep(1)
        await _more(parties)
        _say("left the head, which has no CPUs", parties)

        await cluster.do(user_config={"shards": SHARDS_AFTER, "pinned": {1: 1}})
        async with asyncio.timeout(TIMEOUT_S):
            while f"\n{SHARDS_AFTER - 1} " not in await cluster.shards():
                await asyncio.sleep(1)
        await _more(parties)
        _say("grown", parties)

        await cluster.do(drain=cluster.nodes[1])
        async with asyncio.timeout(TIMEOUT_S):
            while f"node {cluster.nodes[1]}: 0 shards" not in await cluster.shards():
                await asyncio.sleep(1)
        await _more(parties)
        _say("drained", parties)

        done.set()
        await asyncio.gather(*acting)
        for party in parties:
            async with asyncio.timeout(TIMEOUT_S):
                while party.seen[-1] - party.seen[0] < party.acknowledged:
                    await asyncio.sleep(0.05)
            assert party.seen == list(range(party.seen[0], party.seen[-1] + 1))
            assert party.seen[-1] - party.seen[0] == party.acknowledged
        assert not any(task.done() for task in looking), "a socket was closed"
        for task in looking:
            task.cancel()


async def _seated(port: int, token: str) -> list[Party]:
    """A party in each of some restaurants."""
    parties = []
    url, headers = f"http://127.0.0.1:{port}/api", {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:

        async def made(path: str, **body: Any) -> Any:
            answer = await http.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json()

        for number in range(RESTAURANTS):
            place = await made("/restaurants", name=f"R{number}", currency="EUR", timezone="UTC")
            restaurant = place["restaurant_id"]
            waiter = await made(f"/restaurants/{restaurant}/waiters", name="Ada")
            table = await made(
                f"/restaurants/{restaurant}/tables",
                number="1", zone="A", seats=4, waiter_id=waiter["waiter_id"],
            )  # fmt: skip
            session = await made(f"/tables/{table['table_id']}/sessions", guests_count=2)
            parties.append(Party(session["session_id"], restaurant))
    return parties


async def _more(parties: list[Party]) -> None:
    """Until each party has done something since."""
    goals = [party.acknowledged + 20 for party in parties]
    async with asyncio.timeout(TIMEOUT_S):
        while any(p.acknowledged < goal for p, goal in zip(parties, goals, strict=True)):
            await asyncio.sleep(0.05)


def _reset(parties: list[Party]) -> None:
    for party in parties:
        party.waited_s.clear()


def _say(what: str, parties: list[Party]) -> None:
    """What it was like for the parties; `pytest --log-cli-level INFO` shows it."""
    longest = ", ".join(f"{max(party.waited_s) * 1000:.0f}" for party in parties)
    log.info("%s: the longest wait of each party was %s ms", what, longest)
    _reset(parties)
