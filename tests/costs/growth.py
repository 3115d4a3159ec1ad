"""The same command where there is much of something and where there is little: (many, few)."""

from tests.costs.chain import Chain
from tests.costs.paths import BATCH, counted


async def later_in_a_batch(action: str) -> tuple[float, float]:
    """A command of the batch's end, and one of its second to fourth."""
    first, some, all_ = [
        (await counted(await Chain.open(BATCH + 1), action, size)).total for size in (1, 4, BATCH)
    ]
    return (all_ - some) / (BATCH - 4), (some - first) / 3


async def beside_2000_entities(action: str) -> tuple[float, float]:
    """Restaurants of waiter, table, session and maybe an order: 10 entities at most, or 2,000."""
    few, many = [
        (await counted(await Chain.open(restaurants), action, 1)).total for restaurants in (2, 500)
    ]
    return many, few


async def full_restaurant() -> tuple[float, float]:
    """One restaurant of 250 open orders, each with its notifications, and one of 4."""
    few, many = [
        (await counted(await Chain.open(1, tables), "update_status", 1)).total
        for tables in (4, 250)
    ]
    return many, few
