"""Costs of entities on one host: memory, CPU time and stored bytes."""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from engine.messages import Read, View
from load_tests.bench.host import LIFECYCLE, ORDERS_PER_SESSION, TIMEOUT_S, BenchHost, bench_host
from load_tests.bench.measure import latencies
from protocol.ids import Address, Channel

LIVE = 50_000


async def entities(count: int) -> dict[str, Any]:
    """Memory of many live entities, and latency of reading one that is not in memory."""
    async with bench_host() as bench:
        tables = await bench.open(500)
        await bench.run_sessions(tables)
        start, before = bench.host.entities, _resident()
        while bench.host.entities < start + count:
            await bench.run_sessions(tables)
        live = bench.host.entities - start
        each = (_resident() - before) / live
        took = []
        for order in bench.orders[:: max(1, len(bench.orders) // 1000)]:
            bench.host._residents.forget(order)
            began = time.perf_counter()
            [reply] = await bench.mailbox.deliver([Read(order, Channel.ORDER)])
            took.append(time.perf_counter() - began)
            assert isinstance(reply, View)
        return {"live": live, "bytes_each": each, **latencies(took)}


async def growth() -> list[dict[str, Any]]:
    """CPU of a command in host and store as restaurants and stored orders grow."""
    rows = []
    async with bench_host() as bench:
        tables: list[Address] = []
        for restaurants in (32, 100, 1000):
            tables += await bench.open(restaurants - len(tables))
            rows.append(await _row(bench, tables, restaurants=restaurants))
        for stored in (10_000, 30_000, 100_000):
            while len(bench.orders) < stored:
                await bench.run_sessions(tables, served=False)
                for address in bench.orders[-ORDERS_PER_SESSION * len(tables) :]:
                    bench.host._residents.forget(address)  # as after idle eviction
            rows.append(await _row(bench, tables, restaurants=len(tables)))
    return rows


async def stored_bytes(rounds: int) -> dict[str, Any]:
    """Mean bytes of store memory and of store traffic, and of an event."""
    async with bench_host() as bench:
        empty = await bench.store_usage()
        tables = await bench.open(200)
        opened = await bench.store_usage()
        for _ in range(rounds):
            await bench.run_sessions(tables)
        full = await bench.store_usage()
        sessions, orders = len(bench.sessions), len(bench.orders)
        frames = await bench.frames(bench.orders[-200:], Channel.ORDER)
        frames += await bench.frames(bench.sessions[-200:], Channel.SESSION)
        return {
            "parties": sessions,
            "orders": orders,
            "restaurant_bytes": (opened.memory - empty.memory) / len(tables),
            "party_bytes": (full.memory - opened.memory) / sessions,
            "party_sent_bytes": (full.received - opened.received) / sessions,
            "frame_bytes": sum(map(len, frames)) / len(frames),
        }


async def _row(bench: BenchHost, tables: list[Address], restaurants: int) -> dict[str, Any]:
    """CPU of a command in sessions at thirty-two tables at a time, taken from all in turn."""
    rounds = 20
    drawn = [
        [tables[(32 * turn + place) % len(tables)] for place in range(32)] for turn in range(rounds)
    ]
    await bench.run_sessions(drawn[0])
    stored = len(bench.orders)
    before = bench.cpu_s
    for some in drawn:
        await bench.run_sessions(some)
    commands = rounds * 32 * (2 + ORDERS_PER_SESSION * (1 + len(LIFECYCLE)))
    return {
        "restaurants": restaurants,
        "stored_orders": stored,
        "command_us": (bench.cpu_s - before) / commands * 1e6,
    }


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    jobs: dict[str, Callable[[], Awaitable[Any]]]
    jobs = {"entities": lambda: entities(LIVE), "growth": growth, "kept": lambda: stored_bytes(20)}
    job = jobs[sys.argv[1]]()
    print(json.dumps(uvloop.run(asyncio.wait_for(job, TIMEOUT_S))))


if __name__ == "__main__":
    main()
