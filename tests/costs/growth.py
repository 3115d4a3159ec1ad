"""Costs of the same operation with many and with few entities: (many, few)."""

from domain.session.rules import MAX_ORDERS
from engine.messages import Read, View
from protocol.ids import Channel
from tests.costs.counting import Instructions
from tests.costs.measured_service import MeasuredService
from tests.costs.paths import BATCH, counted


async def late_in_batch(action: str) -> tuple[float, float]:
    """Per command: those after the fourth of a batch, and the second to fourth."""
    first, some, all_ = [
        (await counted(await MeasuredService.open(BATCH + 1), action, size)).total
        for size in (1, 4, BATCH)
    ]
    return (all_ - some) / (BATCH - 4), (some - first) / 3


async def with_2000_entities(action: str) -> tuple[float, float]:
    """A command with 2,000 entities in memory, and with at most 10."""
    few, many = [
        (await counted(await MeasuredService.open(restaurants), action, 1)).total
        for restaurants in (2, 500)
    ]
    return many, few


async def long_session(action: str) -> tuple[float, float]:
    """A session with 200 orders, the maximum, and with one."""
    few, many = [await _at_table_with_orders(action, orders) for orders in (1, MAX_ORDERS)]
    return many, few


async def _at_table_with_orders(action: str, orders: int) -> float:
    service = await MeasuredService.open(1)
    service.sessions *= orders
    await service.batch("update_status", orders)
    service.sessions = service.sessions[:1] * 2
    return (await counted(service, action, 1)).total


async def full_restaurant() -> tuple[float, float]:
    """A command of a restaurant with 250 open orders and notifications, and with 4."""
    few, many = [
        (await counted(await MeasuredService.open(1, tables), "update_status", 1)).total
        for tables in (4, 250)
    ]
    return many, few


async def snapshots_of_a_full_restaurant() -> tuple[float, float]:
    """A snapshot of a restaurant with 250 orders after a change, and with 4."""
    few, many = [await _snapshots_after_a_change(tables) for tables in (4, 250)]
    return many, few


async def _snapshots_after_a_change(tables: int) -> float:
    service = await MeasuredService.open(1, tables)
    changes = await service.batch("update_status", tables)
    with Instructions() as taken:
        for change in changes[:3]:
            await service.do([change])
            taken.reset()
            for channel in (Channel.RESTAURANT, Channel.NOTIFICATIONS):
                view = await service.gateway.client.send(Read(service.restaurants[0], channel))
                assert isinstance(view, View)
    return taken.total
