"""`python -m load_tests.bench [name …]`: the benchmarks by their names, see `BENCHES`.

Without names all of them, one after the other, some fifteen minutes; results go to
`docs/performance.json`, beside those of the benchmarks not asked for, and from there into
`docs/performance.md`.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import uvloop

from load_tests.bench import report
from load_tests.bench.broadcasts import broadcast, single
from load_tests.bench.chain import places
from load_tests.bench.first_screen import first_screen
from load_tests.bench.idle import idle
from load_tests.bench.lifecycles import TABLES, lives
from load_tests.bench.measure import cost_of, latencies
from load_tests.bench.pressure import burst, slow_reader, stopped_store
from load_tests.bench.rooms import rooms_of
from load_tests.bench.servers import ROOT, Server, limit, peer, product, stack, straight
from load_tests.bench.storm import storm

RESULTS = ROOT / "docs" / "performance.json"
IDLE = 9_800
"""Sockets that a machine can hold whose limit of open files is 20,000: HAProxy has two for each."""
PACED_CLIENTS = 16
SAMPLED_S = 15
PACES = (5, 15, 30)
"""Lives a second."""
SHARDS = 1
"""On two cores that the clients use, too, one host makes fuller batches than two."""

Start = Callable[[], AbstractContextManager[Server]]
Work = Callable[[Server], Coroutine[Any, Any, Any]]


def this() -> AbstractContextManager[Server]:
    return product(shards=SHARDS)


def this_straight() -> AbstractContextManager[Server]:
    return straight(shards=SHARDS)


STARTS: dict[str, Start] = {
    "this": this,
    "straight": this_straight,
    "peer": peer,
    "stack": stack,
    "limit": limit,
}
FULL = ("this", "straight", "peer")
"""Who has restaurants; the others are loops over sockets."""


def on(start: Start, work: Work) -> Any:
    with start() as server:
        try:
            return uvloop.run(work(server))
        except Exception as error:
            raise RuntimeError(f"with {server.name}: {type(error).__name__}: {error}") from error


def compared(work: Work, who: Iterable[str] = STARTS) -> dict[str, Any]:
    """The same of each, one after the other."""
    return {name: on(STARTS[name], work) for name in who}


async def _lives(server: Server, clients: int, seconds: float = 10) -> dict[str, Any]:
    made = await places(server, clients, TABLES)
    await lives(server, made, 3)
    with cost_of(server) as cost:
        told = await lives(server, made, seconds)
    return cost.each(told.done) | latencies(told.commands) | {"joins": latencies(told.joins)}


async def _all_lives(server: Server) -> dict[str, Any]:
    return {str(clients): await _lives(server, clients) for clients in (8, 32)}


async def _paced(server: Server) -> dict[str, Any]:
    """Lives at a given rate, beside what the server does while nothing happens."""
    made = await places(server, PACED_CLIENTS, TABLES)
    await lives(server, made, 3)
    with cost_of(server) as idle:
        await asyncio.sleep(10)
    rows = {}
    for rate in PACES:
        with cost_of(server) as cost:
            told = await lives(server, made, 20, PACED_CLIENTS / rate)
        rows[str(rate)] = cost.each(told.done) | latencies(told.commands)
    return {"idle_cores": idle.server_cpu_s / idle.wall_s, "paced": rows}


async def _rooms(server: Server) -> dict[str, Any]:
    """What a life and a delivery cost, by program, and of the two that are ours by room."""
    made = await places(server, 32, TABLES)
    await lives(server, made, 3)
    programs = {name: pid for pid, name in server.usage().names.items()}
    pids = programs["ServeReplica"], programs["ShardActor"]

    async def sampled(work: Coroutine[Any, Any, Any]) -> dict[str, Any]:
        busy = asyncio.create_task(work)
        gateway, host = await asyncio.gather(*(rooms_of(pid, SAMPLED_S) for pid in pids))
        await busy
        return {"gateway": gateway, "host": host}

    with cost_of(server) as cost:
        told = await lives(server, made, 10)
    life = cost.each(told.done) | await sampled(lives(server, made, SAMPLED_S + 1))
    delivery = await broadcast(server, 1000, 1, 6)
    delivery |= await sampled(broadcast(server, 1000, 1, SAMPLED_S))
    return {"life": life, "delivery": delivery}


async def _broadcasts(server: Server) -> dict[str, Any]:
    return {
        f"{size}/{window}": await broadcast(server, size, window, 6)
        for size, window in ((200, 1), (1000, 1), (1000, 4))
    }


async def _pressure(server: Server) -> dict[str, Any]:
    return {
        "burst": await burst(server),
        "slow reader": await slow_reader(server, 20, 8),
        "stopped store": await stopped_store(server, 5),
    }


def _start() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        took = []
        for _ in range(3):
            with product(data_dir=directory) as server:
                took.append(server.started_s)
    return {"first_s": took[0], "warm_s": min(took[1:]), "worst_warm_s": max(took[1:])}


def _entity() -> dict[str, Any]:
    def start() -> AbstractContextManager[Server]:
        return product(placement="entity")

    async def work(server: Server) -> dict[str, Any]:
        before = sum(server.memory().values())
        actors = _actors(server)
        row = await _lives(server, 1, 10)
        grown = sum(server.memory().values()) - before
        return row | {"memory_each": grown / max(1, _actors(server) - actors)}

    return dict(on(start, work))


def _actors(server: Server) -> int:
    names = ("OrderActor", "TableActor", "SessionActor", "WaiterActor", "RestaurantActor")
    return sum(name in names for name in server.usage().names.values())


def _host(job: str) -> Any:
    """In a process of its own, whose memory is the host's."""
    return _alone("load_tests.bench.host", job)


def _alone(*module: str) -> Any:
    """The JSON that a program of the bench prints."""
    done = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


BENCHES: dict[str, Callable[[], Any]] = {
    "start": _start,
    "first_screen": first_screen,
    "lives": lambda: compared(_all_lives, FULL),
    "rooms": lambda: on(this, _rooms),
    "paced": lambda: on(this, _paced),
    "single": lambda: compared(lambda s: single(s, 200), FULL),
    "broadcast": lambda: compared(_broadcasts),
    "idle": lambda: compared(lambda s: idle(s, IDLE)),
    "storm": lambda: on(lambda: product(shards=SHARDS, gateways=2), lambda s: storm(s, 4000)),
    "pressure": lambda: on(this, _pressure),
    "entity": _entity,
    "entities": lambda: _host("entities"),
    "growth": lambda: _host("growth"),
    "kept": lambda: _host("kept"),
    "floor": lambda: _alone("load_tests.bench.floor"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="which; none: all")
    wanted = parser.parse_args().names or list(BENCHES)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for name in wanted:
        print(f"{name} ...", flush=True)
        try:
            results[name] = BENCHES[name]()
        except Exception as error:
            failed.append(name)
            print(f"{name} failed: {error or type(error).__name__}", flush=True)
            continue
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    report.write(results, Path(ROOT / "docs"))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
