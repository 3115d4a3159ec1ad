"""Changes told to many sockets, and single commands on a machine that is otherwise idle."""

import time
from typing import Any

from load_tests.bench.chain import Place, places
from load_tests.bench.crowd import gathered, in_flight, one_at_a_time
from load_tests.bench.measure import cost_of, latencies
from load_tests.bench.servers import Server

WARM_UP = 20


async def broadcast(server: Server, size: int, window: int, seconds: float) -> dict[str, Any]:
    """Deliveries to `size` sockets, with `window` changes under way."""
    crowd = await gathered(server, await _place(server), size)
    await in_flight(crowd, _times(WARM_UP), window)
    until = time.monotonic() + seconds
    with cost_of(server) as cost:
        took = await in_flight(crowd, lambda: time.monotonic() < until, window)
    crowd.close()
    return cost.each(len(took) * size) | latencies(took)


async def single(server: Server, commands: int) -> dict[str, Any]:
    """One command every 50 ms to ten subscribers: from sending to the last one's receipt."""
    crowd = await gathered(server, await _place(server), 10)
    await one_at_a_time(crowd, _times(WARM_UP), 0.05)
    with cost_of(server) as cost:
        took = await one_at_a_time(crowd, _times(commands), 0.05)
    crowd.close()
    return cost.each(len(took)) | latencies(took)


async def _place(server: Server) -> Place | None:
    return None if server.is_bare else (await places(server, 1))[0]


def _times(count: int) -> Any:
    left = iter(range(count))
    return lambda: next(left, None) is not None
