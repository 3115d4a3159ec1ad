"""The client's CPU of one commit, sent alone: the pipelined connection beside redis-py's pool.

    .venv/bin/python -m load_tests.bench.store

Both take turns of a fraction of a second in one process against one embedded store, so that the
noise of the machine falls on both. Prints medians, and the median of the paired ratios. The store's
own CPU is that of the commit script, from the server's statistics.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import redis
import uvloop

from protocol.ids import Address, Kind
from storage.commands import Commands, PooledCommands, commands_to
from storage.commit import Limits
from storage.connect import connect
from storage.embedded import EmbeddedStore
from storage.redis_store import RedisStore
from storage.store import EntityCommit, new_fencing_token

CYCLES = 15
COMMITS = 400
ORDER = Address(Kind.ORDER, 123, 2)


def commit_of(owner: int, version: int) -> EntityCommit:
    """A commit like that of an order's change of status, with two journals and the history."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    event = (b'{"type":"StatusChanged","at":"%s"}' % now.encode()).ljust(250)
    frames = {"order": [event], "items": [event]}
    return EntityCommit(
        ORDER, owner, next_fencing_token=owner, unclaimed=False, stored_version=1, version=version,
        epoch="e1", state={"status": b'"ready"', "ready_at": b'"2026-03-01T12:00:00Z"'},
        journal=frames, seqs=dict.fromkeys(frames, version), history=[event],
        history_length=version, audit=[], audit_length=0, refusals="", results=[event],
        dropped_results=[event], outbox={},
        cleared=[], last_effect=version, seen={}, due=None, is_final=False, was_final=False,
        now=time.time(),
    )  # fmt: skip


class StoreBenchClient:
    """A store over one implementation of `Commands`."""

    def __init__(self, commands: Commands) -> None:
        self.store = RedisStore(commands, Limits(86_400))
        self.cpu_us: list[float] = []
        self._version = 1

    async def slice(self) -> None:
        """Commit one after another, as a host does for single commands."""
        [claimed] = await self.store.claim([ORDER])
        commits = [commit_of(claimed.fencing_token, self._version + n) for n in range(COMMITS)]
        self._version += COMMITS
        began = time.process_time()
        for commit in commits:
            await self.store.commit([commit])
        self.cpu_us.append((time.process_time() - began) / COMMITS * 1e6)


async def measure(url: str) -> None:
    pipelined = StoreBenchClient(commands_to(url, 30.0))
    pooled = StoreBenchClient(PooledCommands(connect(url, 30.0)))
    await pipelined.store.commit([commit_of(new_fencing_token(), 1)])
    for client in (pipelined, pooled) * CYCLES:
        await client.slice()
    ratios = [a / b for a, b in zip(pipelined.cpu_us[1:], pooled.cpu_us[1:], strict=True)]
    for name, client in (("pipelined", pipelined), ("redis-py", pooled)):
        print(f"{name}: {statistics.median(client.cpu_us[1:]):.0f} us of client CPU a commit")
        await client.store.close()
    print(f"ratio: {statistics.median(ratios):.2f}, median of {len(ratios)} pairs")
    with redis.Redis.from_url(url) as plain:
        stats: Any = plain.info("commandstats")
    print(f"store: {stats['cmdstat_evalsha']['usec_per_call']:.0f} us of its CPU a call")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rqr-bench-") as directory:
        server = EmbeddedStore(Path(directory))
        server.start()
        try:
            uvloop.run(measure(server.url))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
