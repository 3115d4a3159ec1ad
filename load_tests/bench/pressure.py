"""Overload: a burst on one entity, a socket that does not read, a stopped store.

Each measures the responses to the senders, the latency of another restaurant's commands meanwhile,
and the peak memory of gateway and host.
"""

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import orjson

from load_tests.bench.measure import latencies
from load_tests.bench.restaurants import BenchRestaurant, api, create_restaurants
from load_tests.bench.servers import Server, token
from load_tests.bench.socket_group import SocketGroup
from load_tests.bench.usage import memory, usage
from load_tests.bench.wire import open_socket

WATCHED = ("ServeReplica", "ShardActor")
TIMEOUT_S = 60.0


async def burst(server: Server, commands: int = 50_000, sockets: int = 250) -> dict[str, Any]:
    """All commands at once on one session, over as many sockets as the limits require.

    They request the current state: otherwise each would also publish an event to all sockets.
    """
    busy, other = await create_restaurants(server, 2)
    answers: Counter[str] = Counter()
    done = asyncio.Event()

    def on_frame(text: bytes) -> None:
        if text.startswith((b'{"type":"ack"', b'{"error"')):
            frame = orjson.loads(text)
            answers[frame.get("code", "ack")] += 1
            if answers.total() == commands:
                done.set()

    url = server.ws(f"tables/sessions/{busy.sessions[0]}/")
    opened = [await open_socket(url, on_frame, token()) for _ in range(sockets)]

    async def send() -> None:
        for number in range(commands // sockets):
            for index, one in enumerate(opened):
                body = {"action": "update_guests_count", "guests_count": 2}
                one.send(orjson.dumps(body | {"request_id": f"b{index}-{number}"}))
            await asyncio.sleep(0)
        await done.wait()

    result = await _with_other_commands(server, other, send())
    for one in opened:
        one.cut()
    return result | {"answers": dict(answers)}


async def slow_reader(server: Server, size: int, seconds: float) -> dict[str, Any]:
    """One of `size` sockets stops reading; its frames are queued until it is closed. Each menu
    update has 100 kB, since the system's own buffers take megabytes."""
    watched, other = await create_restaurants(server, 2)
    home = f"/restaurants/{watched.id}/menu"
    url = server.ws(f"{home.lstrip('/')}/")
    items = [{"name": "Soup", "description": "x" * 450, "price": "1.00"} for _ in range(200)]
    async with api(server) as http:
        menu = await http.put(home, json={"categories": [{"name": "All", "items": items}]})
        item = f"{home}/items/{menu.json()['data']['categories'][0]['items'][0]['id']}"
        group = SocketGroup(size)
        await group.open(url, has_snapshot=True)
        slow = await open_socket(url, lambda text: None, token())
        reading = slow.transport.underlying_transport
        reading.pause_reading()
        until = time.monotonic() + seconds

        async def change_menu() -> None:
            for number in itertools.count():
                if time.monotonic() > until:
                    return
                changed = await http.patch(item, json={"price": f"{number % 90 + 2}.00"})
                changed.raise_for_status()
                await group.wait_received((number + 1) * size)

        result = await _with_other_commands(server, other, change_menu())
    reading.resume_reading()
    await asyncio.wait({slow.closed}, timeout=5)
    code = slow.closed.result() if slow.closed.done() else None
    group.close()
    return result | {"closed_with": code}


async def stopped_store(server: Server, seconds: float) -> dict[str, Any]:
    """The store is stopped for a while and then continues."""
    (other,) = await create_restaurants(server, 1)
    (store,) = (p for p, name in usage(server.mark).names.items() if name == "valkey-server")

    async def stop() -> None:
        await asyncio.sleep(0.5)
        os.kill(store, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(store, signal.SIGCONT)
        await asyncio.sleep(3.0)

    return await _with_other_commands(server, other, stop())


async def _with_other_commands(
    server: Server, other: BenchRestaurant, work: Awaitable[Any]
) -> dict[str, Any]:
    """Do the work while another restaurant gets one command every 50 ms."""
    took: list[float] = []
    answers: Counter[str] = Counter()
    waiting: dict[str, float] = {}

    def on_frame(text: bytes) -> None:
        frame = orjson.loads(text)
        sent = waiting.pop(frame.get("request_id", ""), None)
        if sent is not None:
            answers[frame.get("code", "ack")] += 1
            took.append(time.perf_counter() - sent)

    url = server.ws(f"tables/sessions/{other.sessions[0]}/")
    caller = await open_socket(url, on_frame, token())
    most = before = _memory_held(server)
    working = asyncio.ensure_future(work)
    began = time.perf_counter()
    number = 0
    while not working.done() and time.perf_counter() - began < TIMEOUT_S:
        number += 1
        name = f"c{number}"
        waiting[name] = time.perf_counter()
        body = {
            "action": "update_guests_count",
            "guests_count": number % 40 + 1,
            "request_id": name,
        }
        caller.send(orjson.dumps(body))
        if number % 10 == 0:
            most = max(most, _memory_held(server))
        await asyncio.sleep(0.05)
    spent = time.perf_counter() - began
    await working
    await asyncio.sleep(0.5)
    caller.cut()
    return {
        "seconds": spent,
        "others": latencies(took),
        "others_answers": dict(answers),
        "others_unanswered": len(waiting),
        "memory_before": before,
        "memory_most": max(most, _memory_held(server)),
    }


def _memory_held(server: Server) -> int:
    held = memory(server.mark)
    return sum(held.get(name, 0) for name in WATCHED)
