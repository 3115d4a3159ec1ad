"""What ordinary and ill-meant use leaves in the store, in bytes of its memory."""

from dataclasses import replace
from typing import Any

import orjson
import redis

from domain.order_lines import MAX_GUEST_LINES, MAX_GUEST_NOTES_BYTES, MAX_SESSION_NOTES_BYTES
from domain.session import MOST_ORDERS
from protocol import commands as c
from protocol.ids import Address, Channel, Kind
from protocol.statuses import OrderStatus
from storage import keys
from storage.commit import BRIEF_S
from storage.embedded import EmbeddedStore
from tests.actors.chain import GUEST, LocalChain

CANCEL = c.UpdateStatus(status=OrderStatus.CANCELLED)
DISHES = 200


def memory(valkey: EmbeddedStore, part: str = "") -> int:
    """Bytes of all keys whose name has this part."""
    with redis.Redis.from_url(valkey.url) as client:
        sizes: Any = [client.memory_usage(key, samples=0) for key in client.keys(f"*{part}*")]
    return sum(sizes)


def menu(dishes: int) -> c.ReplaceMenu:
    items = tuple(
        c.MenuItemInput(name=f"Dish {number}", price=1250, description="x" * 80)
        for number in range(dishes)
    )
    return c.ReplaceMenu(categories=(c.MenuCategoryInput(name="All", items=items),))


async def worst_order(chain: LocalChain, session: Address, notes: int) -> Address:
    """The most that a guest may order at once, with so many bytes of notes."""
    each = notes // 4
    items = tuple(
        c.MenuLine(menu_item_id=number + 1, notes="x" * each if number < 4 else "")
        for number in range(MAX_GUEST_LINES)
    )
    prices = {number + 1: (f"Dish {number}", 1250) for number in range(MAX_GUEST_LINES)}
    supplies = replace(chain.fresh(Kind.ORDER), prices=prices)
    order = c.PlaceOrder(items=items)
    done = await chain.do(session, order, caller=GUEST, supplies=supplies)
    return chain.at(Kind.ORDER, done.result["order_id"])


async def test_a_guest_who_orders_and_cancels_at_the_limit_stores_little_per_order(
    chain: LocalChain, valkey: EmbeddedStore
) -> None:
    session = await chain.occupy()
    before = memory(valkey)
    with_notes = MAX_SESSION_NOTES_BYTES // MAX_GUEST_NOTES_BYTES
    orders = []
    for number in range(MOST_ORDERS):
        notes = MAX_GUEST_NOTES_BYTES if number < with_notes else 0
        orders.append(await worst_order(chain, session, notes))
        await chain.do(orders[-1], CANCEL, caller=GUEST)
    each = (memory(valkey) - before) / MOST_ORDERS
    assert each < 25_000, f"{each:,.0f} bytes an order"
    with redis.Redis.from_url(valkey.url) as client:
        for order in orders:
            assert 0 < int(client.ttl(keys.entity(order))) <= BRIEF_S


async def test_marking_an_item_sold_out_stores_the_menu_at_most_as_often_as_its_journal_holds(
    chain: LocalChain, valkey: EmbeddedStore
) -> None:
    await chain.do(chain.home, menu(DISHES))
    state = memory(valkey, ":restaurant:")
    for number in range(50):
        sold_out = c.ChangeMenuItem(item_id=number + 1, available=False)
        await chain.do(chain.home, sold_out)
    grown = memory(valkey, ":restaurant:") - state
    one = len(orjson.dumps(await chain.see(chain.home, Channel.MENU)))
    assert grown < 3 * one, f"{grown:,} bytes after 50 changes of one item"
