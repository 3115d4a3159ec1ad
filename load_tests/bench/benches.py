"""The benchmarks by name (`BENCHES`): `./restaurant-qr bench`.

Results go to `docs/performance.json`, next to those of benchmarks that were not run, and from there
into `docs/performance.md`.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import uvloop

from load_tests.bench import report
from load_tests.bench.broadcasts import SLICE_S, broadcast, deliveries, single, warm_group
from load_tests.bench.first_screen import first_screen
from load_tests.bench.idle import idle
from load_tests.bench.lifecycles import TABLES, LifecycleClients, run_lifecycles
from load_tests.bench.measure import cost_of, latencies
from load_tests.bench.menus import menus
from load_tests.bench.new_orders import new_orders
from load_tests.bench.paired import Slice, paired
from load_tests.bench.pressure import burst, slow_reader, stopped_store
from load_tests.bench.profile import sample_categories
from load_tests.bench.restaurants import create_restaurants
from load_tests.bench.servers import ROOT, Server, limit, peer, product
from load_tests.bench.storm import storm
from restaurant_qr.progress import Progress

RESULTS = ROOT / "docs" / "performance.json"
IDLE = 9_800
"""Sockets that each end can hold on a machine whose limit of open files is 20,000."""
IDLE_S = 15.0
ANSWERS = "The application is running"
PACED_CLIENTS = 16
SAMPLED_S = 15
PACES = (5, 15, 30)
"""Order lifecycles a second."""
SHARDS = 1
"""On two cores shared with the clients, one host makes fuller batches than two."""

LONE_TABLES = 80
"""Tables of a single, fast client, so that no session exceeds a realistic number of orders."""

Start = Callable[[], AbstractContextManager[Server]]
Work = Callable[[Server], Coroutine[Any, Any, Any]]


def this() -> AbstractContextManager[Server]:
    return product(shards=SHARDS)


STARTS: dict[str, Start] = {
    "this": this,
    "peer": peer,
    "orm": lambda: peer("--orm"),
    "limit": limit,
}
FULL = ("this", "peer", "orm")
"""Servers with restaurants; `limit` only loops over sockets."""


def on(start: Start, work: Work) -> Any:
    with start() as server:
        try:
            return uvloop.run(work(server))
        except Exception as error:
            raise RuntimeError(f"with {server.name}: {type(error).__name__}: {error}") from error


def each_server(work: Work, who: Iterable[str]) -> dict[str, Any]:
    """Results of the same work on each server, one after another."""
    return {name: on(STARTS[name], work) for name in who}


async def _lifecycles(server: Server, clients: int, seconds: float = 10) -> dict[str, Any]:
    restaurants = await create_restaurants(server, clients, TABLES)
    await run_lifecycles(server, restaurants, 3)
    with cost_of(server) as cost:
        stats = await run_lifecycles(server, restaurants, seconds)
    return cost.each(stats.done) | latencies(stats.commands) | {"joins": latencies(stats.joins)}


async def _lifecycle_slices(server: Server) -> dict[str, Slice]:
    slices: dict[str, Slice] = {}
    for clients, tables in ((1, LONE_TABLES), (8, TABLES), (32, TABLES)):
        lifecycle_clients = LifecycleClients(
            server, await create_restaurants(server, clients, tables)
        )
        await lifecycle_clients.start()
        slices[str(clients)] = partial(lifecycle_clients.run, SLICE_S)
    return slices


async def _broadcast_slices(server: Server) -> dict[str, Slice]:
    few, many = [await warm_group(server, size) for size in (200, 1000)]
    return {
        "200/1": partial(deliveries, server, few, 1),
        "1000/1": partial(deliveries, server, many, 1),
        "1000/4": partial(deliveries, server, many, 4),
    }


async def _single_slices(server: Server) -> dict[str, Slice]:
    return {"10": partial(single, server, await warm_group(server, 10))}


async def _paced(server: Server) -> dict[str, Any]:
    """Cost of order lifecycles at given rates, and of the idle server."""
    restaurants = await create_restaurants(server, PACED_CLIENTS, TABLES)
    await run_lifecycles(server, restaurants, 3)
    with cost_of(server) as idle:
        await asyncio.sleep(10)
    rows = {}
    for rate in PACES:
        with cost_of(server) as cost:
            stats = await run_lifecycles(server, restaurants, 20, PACED_CLIENTS / rate)
        rows[str(rate)] = cost.each(stats.done) | latencies(stats.commands)
    return {"idle_cores": idle.server_cpu_s / idle.wall_s, "paced": rows}


async def _profile(server: Server) -> dict[str, Any]:
    """Cost of a lifecycle and of a delivery: by program, and of gateway and host by category."""
    restaurants = await create_restaurants(server, 32, TABLES)
    await run_lifecycles(server, restaurants, 3)
    programs = {name: pid for pid, name in server.usage().names.items()}
    pids = programs["ServeReplica"], programs["ShardActor"]

    async def sampled(work: Coroutine[Any, Any, Any]) -> dict[str, Any]:
        busy = asyncio.create_task(work)
        gateway, host = await asyncio.gather(*(sample_categories(pid, SAMPLED_S) for pid in pids))
        await busy
        return {"gateway": gateway, "host": host}

    with cost_of(server) as cost:
        stats = await run_lifecycles(server, restaurants, 10)
    lifecycle = cost.each(stats.done) | await sampled(
        run_lifecycles(server, restaurants, SAMPLED_S + 1)
    )
    delivery = await broadcast(server, 1000, 1, 6)
    delivery |= await sampled(broadcast(server, 1000, 1, SAMPLED_S))
    return {"life": lifecycle, "delivery": delivery}


async def _pressure(server: Server) -> dict[str, Any]:
    return {
        "burst": await burst(server),
        "slow reader": await slow_reader(server, 20, 8),
        "stopped store": await stopped_store(server, 5),
    }


def _start() -> dict[str, Any]:
    return {"all of it": _started(), "DASHBOARD=0": _started("--no-dashboard")}


def _started(*options: str) -> dict[str, Any]:
    took, held = [], {}
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for _ in range(3):
            with product(data_dir=directory, options=options, ready=ANSWERS) as server:
                took.append(server.started_s)
                time.sleep(IDLE_S)  # part of the measurement: the start's own work is done by then
                held = server.memory()
    seconds = {"first_s": took[0], "warm_s": min(took[1:]), "worst_warm_s": max(took[1:])}
    return seconds | {"memory": sum(held.values()), "by_program": held}


def _entity() -> dict[str, Any]:
    def start() -> AbstractContextManager[Server]:
        return product(placement="entity")

    async def work(server: Server) -> dict[str, Any]:
        before = sum(server.memory().values())
        actors = _actors(server)
        row = await _lifecycles(server, 1, 10)
        grown = sum(server.memory().values()) - before
        return row | {"memory_each": grown / max(1, _actors(server) - actors)}

    return dict(on(start, work))


def _actors(server: Server) -> int:
    names = ("OrderActor", "TableActor", "SessionActor", "WaiterActor", "RestaurantActor")
    return sum(name in names for name in server.usage().names.values())


def _host(job: str) -> Any:
    """Run a host benchmark in its own process, whose memory is the host's."""
    return _alone("load_tests.bench.entity_costs", job)


def _alone(*module: str) -> Any:
    """JSON output of a benchmark's program."""
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
    "lifecycle": lambda: paired({who: STARTS[who] for who in FULL}, _lifecycle_slices),
    "profile": lambda: on(this, _profile),
    "paced": lambda: on(this, _paced),
    "single": lambda: paired({who: STARTS[who] for who in FULL}, _single_slices),
    "broadcast": lambda: paired(STARTS, _broadcast_slices),
    "idle": lambda: each_server(lambda s: idle(s, IDLE), ("this", "peer", "limit")),
    "storm": lambda: on(lambda: product(shards=SHARDS, gateways=2), lambda s: storm(s, 4000)),
    "pressure": lambda: on(this, _pressure),
    "menus": lambda: on(this, menus),
    "entity": _entity,
    "new_orders": lambda: on(lambda: product(placement="entity"), new_orders),
    "entities": lambda: _host("entities"),
    "growth": lambda: _host("growth"),
    "kept": lambda: _host("kept"),
    "permanent_entities": lambda: _alone("load_tests.bench.permanent_entities"),
}


def measure(names: list[str], progress: Progress) -> tuple[dict[str, Any], list[str]]:
    """All stored results including those of these benchmarks, and the names of failed ones."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for number, name in enumerate(names):
        progress.at(number, name)
        try:
            results[name] = BENCHES[name]()
            results["machine"] = report.machine()
        except Exception as error:
            failed.append(name)
            progress.say(f"{name} failed: {error or type(error).__name__}")
            continue
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    progress.at(len(names), "done")
    report.write(results, RESULTS.parent)
    return results, failed
