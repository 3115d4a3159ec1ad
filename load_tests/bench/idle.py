"""Sockets that only listen: how fast they are taken, and what each costs in memory."""

import asyncio
import time
from typing import Any

from load_tests.bench.chain import places
from load_tests.bench.crowd import Crowd
from load_tests.bench.measure import cost_of
from load_tests.bench.servers import Server

WARM_UP = 200
SETTLE_S = 3.0


async def idle(server: Server, size: int) -> dict[str, Any]:
    """Open `size` sockets on as many sessions as a restaurant has; bytes each, all processes."""
    path = "broadcast"
    if not server.is_bare:
        path = f"tables/sessions/{(await places(server, 1))[0].sessions[0]}/"
    greeted = not server.is_bare
    warm = Crowd(WARM_UP)
    await warm.open(server.ws(path), greeted)
    warm.close()
    await asyncio.sleep(SETTLE_S)
    before = server.memory()
    crowd = Crowd(size)
    began = time.perf_counter()
    with cost_of(server) as cost:
        await crowd.open(server.ws(path), greeted)
    took = time.perf_counter() - began
    await asyncio.sleep(SETTLE_S)
    after = server.memory()
    each = {name: (held - before.get(name, 0)) / size for name, held in after.items()}
    crowd.close()
    await asyncio.sleep(SETTLE_S)
    return {
        "sockets": size,
        "accepted_per_s": size / took,
        "bytes_each": sum(each.values()),
        "by_program": {name: value for name, value in each.items() if abs(value) > 200},
        "server_us": cost.server_cpu_s / size * 1e6,
    }
