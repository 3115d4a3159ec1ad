"""Measures the memory of a restaurant, a table and a waiter in the store; they never expire.

A month of parties at one table of one waiter fills their lists. A restaurant's and a waiter's are
full long before; a table's holds all that happened there within `retention_days`.
"""

import asyncio
import json
from typing import Any

from redis.asyncio import Redis

from load_tests.bench.host import LIFE, ORDERS_A_PARTY, Chain, chain
from protocol import commands as c
from protocol.ids import Address, Kind
from protocol.statuses import PaymentMethod

PARTIES = 120
"""Four a day and table for thirty days."""
PRICE = 2350
"""Of an order, in minor units."""


async def floor() -> dict[str, Any]:
    """Bytes in the store's memory of a restaurant, a table and a waiter, all their keys."""
    async with chain() as made:
        [table] = await made.open(1)
        home = Address(Kind.RESTAURANT, table.restaurant, table.restaurant)
        waiter = await made.hire(home)
        await made.do([(table, c.ChangeTable(waiter_id=waiter.id))])
        for _ in range(PARTIES):
            await _party(made, table)
        return {
            "parties": PARTIES,
            **{
                f"{kind.value}_bytes": await _memory(made.url, kind)
                for kind in (Kind.RESTAURANT, Kind.TABLE, Kind.WAITER)
            },
        }


async def _party(made: Chain, table: Address) -> None:
    """A party that calls a waiter, orders, is served, pays and leaves."""
    session = await made.seat(table)
    for _ in range(ORDERS_A_PARTY):
        await made.lives([session], LIFE)
        paying = c.Pay(amount=PRICE, method=PaymentMethod.CARD)
        await made.do([(made.orders[-1], paying)])
    await made.do([(session, c.CallWaiter()), (session, c.CloseSession())])


async def _memory(url: str, kind: Kind) -> int:
    async with Redis.from_url(url) as redis:
        keys = [key async for key in redis.scan_iter(f"rq:*:{kind.value}:*")]
        return sum([await redis.memory_usage(key, samples=0) or 0 for key in keys])


def main() -> None:
    print(json.dumps(asyncio.run(floor())))


if __name__ == "__main__":
    main()
