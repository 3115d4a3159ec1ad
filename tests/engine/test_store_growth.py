"""Memory in the store after ordinary and abusive use."""

from dataclasses import replace
from typing import Any

import orjson
import redis

from domain.order.line import OrderLine
from domain.order.lines import MAX_GUEST_LINES, MAX_GUEST_NOTES_BYTES, MAX_SESSION_NOTES_BYTES
from domain.session.rules import MAX_ORDERS
from protocol import commands as c
from protocol.ids import Address, Kind
from protocol.menu import MenuCategoryInput, MenuItemInput
from protocol.statuses import OrderStatus
from storage import keys
from storage.commit import SHORT_RETENTION_S
from storage.embedded import EmbeddedStore
from tests.engine.restaurant_driver import GUEST, LocalDriver

CANCEL = c.UpdateStatus(status=OrderStatus.CANCELLED)
DISHES = 200


def memory(valkey: EmbeddedStore, part: str = "") -> int:
    """Bytes of all keys whose name has this part."""
    with redis.Redis.from_url(valkey.url) as client:
        sizes: Any = [client.memory_usage(key, samples=0) for key in client.keys(f"*{part}*")]
    return sum(sizes)


def menu(dishes: int) -> c.ReplaceMenu:
    items = tuple(
        MenuItemInput(name=f"Dish {number}", price=1250, description="x" * 80)
        for number in range(dishes)
    )
    return c.ReplaceMenu(categories=(MenuCategoryInput(name="All", items=items),))


async def largest_order(driver: LocalDriver, session: Address, notes: int) -> Address:
    """The largest order of a guest, with so many bytes of notes."""
    each = notes // 4
    items = tuple(
        c.MenuLine(menu_item_id=number + 1, notes="x" * each if number < 4 else "")
        for number in range(MAX_GUEST_LINES)
    )
    lines = tuple(
        OrderLine(f"Dish {number}", 1, 1250, line.notes, line.menu_item_id)
        for number, line in enumerate(items)
    )
    inputs = replace(driver.new_inputs(Kind.ORDER), lines=lines)
    order = c.PlaceOrder(items=items)
    done = await driver.do(session, order, caller=GUEST, inputs=inputs)
    return driver.at(Kind.ORDER, done.result["order_id"])


async def test_orders_that_a_guest_places_and_cancels_at_the_limit_stay_small(
    driver: LocalDriver, valkey: EmbeddedStore
) -> None:
    session = await driver.occupy()
    before = memory(valkey)
    with_notes = MAX_SESSION_NOTES_BYTES // MAX_GUEST_NOTES_BYTES
    orders = []
    for number in range(MAX_ORDERS):
        notes = MAX_GUEST_NOTES_BYTES if number < with_notes else 0
        orders.append(await largest_order(driver, session, notes))
        await driver.do(orders[-1], CANCEL, caller=GUEST)
    each = (memory(valkey) - before) / MAX_ORDERS
    assert each < 25_000, f"{each:,.0f} bytes an order"
    with redis.Redis.from_url(valkey.url) as client:
        for order in orders:
            assert 0 < int(client.ttl(keys.entity(order))) <= SHORT_RETENTION_S


async def test_fifty_menu_changes_grow_the_store_by_less_than_three_menus(
    driver: LocalDriver, valkey: EmbeddedStore
) -> None:
    here = driver.at(Kind.MENU, driver.restaurant)
    await driver.do(here, menu(DISHES))
    state = memory(valkey, ":menu:")
    for number in range(50):
        sold_out = c.ChangeMenuItem(item_id=number + 1, available=False)
        await driver.do(here, sold_out)
    grown = memory(valkey, ":menu:") - state
    one = len(orjson.dumps(await driver.snapshot(here)))
    assert grown < 3 * one, f"{grown:,} bytes after 50 changes of one item"
