"""New orders one after another with placement `entity`: each starts an actor."""

import asyncio
import time
from statistics import median
from typing import Any

from load_tests.bench.restaurants import BenchRestaurant, api, create_restaurants
from load_tests.bench.servers import Server

ROUNDS = 3
ORDERS = 8
REFILL_TIMEOUT_S = 60.0
IDLE = "IDLE"
"""Ray's name for an idle worker process."""


async def new_orders(server: Server) -> dict[str, Any]:
    """Milliseconds of each order's POST, with a full pool of warm workers before each round, and
    the seconds until the pool was full again. Raises TimeoutError if it is not."""
    restaurant = (await create_restaurants(server, 1))[0]
    refills, took = [await _refilled(server)], []
    for _ in range(ROUNDS):
        took += await _order(server, restaurant)
        refills.append(await _refilled(server))
    return {
        "median_ms": median(took),
        "worst_ms": max(took),
        "each_ms": took,
        "refill_s": max(refills[1:]),
    }


async def _order(server: Server, restaurant: BenchRestaurant) -> list[float]:
    took = []
    async with api(server) as http:
        for _ in range(ORDERS):
            began = time.perf_counter()
            answer = await http.post(
                f"/sessions/{restaurant.sessions[0]}/orders",
                json={"items": [{"menu_item_id": restaurant.items[0]}]},
            )
            took.append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()
    return took


async def _refilled(server: Server) -> float:
    """Seconds until a round's workers are idle."""
    began = time.monotonic()
    async with asyncio.timeout(REFILL_TIMEOUT_S):
        while list(server.usage().names.values()).count(IDLE) < ORDERS:  # noqa: ASYNC110  # the state of other processes
            await asyncio.sleep(0.2)
    return time.monotonic() - began
