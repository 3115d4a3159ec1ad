"""Idle sockets: rate of accepting them, and memory of each."""

import asyncio
import time
from typing import Any

from load_tests.bench.measure import cost_of
from load_tests.bench.restaurants import create_restaurants
from load_tests.bench.servers import Server
from load_tests.bench.socket_group import SocketGroup

WARM_UP = 200
SETTLE_S = 3.0


async def idle(server: Server, size: int) -> dict[str, Any]:
    """Rate, CPU and memory, over all processes, of `size` sockets on one session."""
    path = "broadcast"
    if not server.is_bare:
        path = f"tables/sessions/{(await create_restaurants(server, 1))[0].sessions[0]}/"
    has_snapshot = not server.is_bare
    warm = SocketGroup(WARM_UP)
    await warm.open(server.ws(path), has_snapshot)
    warm.close()
    await asyncio.sleep(SETTLE_S)
    before = server.memory()
    group = SocketGroup(size)
    began = time.perf_counter()
    with cost_of(server) as cost:
        await group.open(server.ws(path), has_snapshot)
    opening_s = time.perf_counter() - began
    await asyncio.sleep(SETTLE_S)
    after = server.memory()
    each = {name: (held - before.get(name, 0)) / size for name, held in after.items()}
    group.close()
    await asyncio.sleep(SETTLE_S)
    return {
        "sockets": size,
        "accepted_per_s": size / opening_s,
        "bytes_each": sum(each.values()),
        "by_program": {name: value for name, value in each.items() if abs(value) > 200},
        "server_us": cost.server_cpu_s / size * 1e6,
    }
