"""Measures the store memory of entities that never expire: a restaurant, a table and a waiter.

A month of sessions at one table of one waiter fills their lists. A restaurant's and a waiter's are
full long before; a table's holds everything within `retention_days`.
"""

import asyncio
import json
from typing import Any

from redis.asyncio import Redis

from load_tests.bench.host import LIFECYCLE, ORDERS_PER_SESSION, BenchHost, bench_host
from protocol import commands as c
from protocol.ids import Address, Kind
from protocol.statuses import PaymentMethod

SESSIONS = 120
"""Four per day and table for thirty days."""
PRICE = 2350
"""Price of an order, in minor units."""


async def measure() -> dict[str, Any]:
    """Bytes of store memory of all keys of a restaurant, a table and a waiter."""
    async with bench_host() as bench:
        [table] = await bench.open(1)
        home = Address(Kind.RESTAURANT, table.restaurant, table.restaurant)
        waiter = await bench.add_waiter(home)
        await bench.do([(table, c.ChangeTable(waiter_id=waiter.id))])
        for _ in range(SESSIONS):
            await _run_session(bench, table)
        return {
            "parties": SESSIONS,
            **{
                f"{kind.value}_bytes": await _memory(bench.url, kind)
                for kind in (Kind.RESTAURANT, Kind.TABLE, Kind.WAITER)
            },
        }


async def _run_session(bench: BenchHost, table: Address) -> None:
    """Open a session, place, serve and pay its orders, call a waiter, close it."""
    session = await bench.occupy(table)
    for _ in range(ORDERS_PER_SESSION):
        await bench.order_lifecycles([session], LIFECYCLE)
        paying = c.Pay(amount=PRICE, method=PaymentMethod.CARD)
        await bench.do([(bench.orders[-1], paying)])
    await bench.do([(session, c.CallWaiter()), (session, c.CloseSession())])


async def _memory(url: str, kind: Kind) -> int:
    async with Redis.from_url(url) as redis:
        keys = [key async for key in redis.scan_iter(f"rq:*:{kind.value}:*")]
        return sum([await redis.memory_usage(key, samples=0) or 0 for key in keys])


def main() -> None:
    print(json.dumps(asyncio.run(measure())))


if __name__ == "__main__":
    main()
