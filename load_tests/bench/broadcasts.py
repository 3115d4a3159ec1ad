"""Benchmarks of changes delivered to many sockets, and of single commands on an idle machine."""

import time
from typing import Any

from load_tests.bench.measure import cost_of, latencies
from load_tests.bench.restaurants import BenchRestaurant, create_restaurants
from load_tests.bench.servers import Server
from load_tests.bench.socket_group import (
    SocketGroup,
    measure_pipelined,
    measure_sequential,
    open_group,
)

WARM_UP = 20


SLICE_S = 3.0
COMMANDS = 40
"""Commands in a slice of single commands."""


async def broadcast(server: Server, size: int, window: int, seconds: float) -> dict[str, Any]:
    """Cost of deliveries to a new group of that size."""
    group = await warm_group(server, size)
    row = await deliveries(server, group, window, seconds)
    group.close()
    return row


async def deliveries(
    server: Server, group: SocketGroup, window: int, seconds: float = SLICE_S
) -> dict[str, Any]:
    """Cost of deliveries to a group."""
    until = time.monotonic() + seconds
    with cost_of(server) as cost:
        took = await measure_pipelined(group, lambda: time.monotonic() < until, window)
    return cost.each(len(took) * group.size) | latencies(took)


async def single(server: Server, group: SocketGroup) -> dict[str, Any]:
    """Cost and latency of one command every 50 ms, from sending to the last receipt."""
    with cost_of(server) as cost:
        took = await measure_sequential(group, _times(COMMANDS), 0.05)
    return cost.each(len(took)) | latencies(took)


async def warm_group(server: Server, size: int) -> SocketGroup:
    """A group that has had its first deliveries."""
    group = await open_group(server, await _restaurant(server), size)
    await measure_pipelined(group, _times(WARM_UP), 1)
    return group


async def _restaurant(server: Server) -> BenchRestaurant | None:
    return None if server.is_bare else (await create_restaurants(server, 1))[0]


def _times(count: int) -> Any:
    left = iter(range(count))
    return lambda: next(left, None) is not None
