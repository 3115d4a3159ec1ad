"""Portions under contention, lost hosts and lost gateways, in each placement."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.entity import Inputs
from domain.menu.portions import RESERVED_S
from domain.menu.state import Menu
from domain.messages import PriceLines
from engine.messages import DeliverEffects, Done, Reply, Submit
from engine.placement import Mode, Placement
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind
from protocol.menu import MenuCategoryInput, MenuItemInput
from protocol.statuses import OrderStatus
from tests.engine.restaurant_driver import GUEST, LocalDriver
from tests.eventually import eventually

SOUP, TEA = 1, 2
ONE_SOUP = c.PlaceOrder(items=(c.MenuLine(menu_item_id=SOUP),))
ONE_TEA = c.PlaceOrder(items=(c.MenuLine(menu_item_id=TEA),))


class Gateway:
    """Places orders of menu items as a gateway does."""

    def __init__(self, driver: LocalDriver) -> None:
        self.driver = driver
        self.menu = driver.at(Kind.MENU, driver.restaurant)

    async def set_portions(self, soup: int) -> None:
        items = (
            MenuItemInput(name="Soup", price=500, portions=soup),
            MenuItemInput(name="Tea", price=250),
        )
        categories = (MenuCategoryInput(name="All", items=items),)
        await self.driver.do(self.menu, c.ReplaceMenu(categories=categories))

    async def prepare(
        self, to: Address, command: c.Command, caller: Caller = GUEST, request_id: str | None = None
    ) -> Submit | Rejected:
        """The message of a command, with its inputs."""
        inputs = self.driver.new_inputs(Kind.ORDER)
        message = self.driver.submit(
            to, command, caller=caller, request_id=request_id, inputs=inputs
        )
        priced = msgspec.structs.replace(message, inputs=Inputs(inputs.id, is_priced_by_host=True))
        if self.driver.placement.together:
            return priced
        pricing = PriceLines.of(command, message.request_ref)
        reply = await self.driver.post(Submit(self.menu, pricing, caller))
        if isinstance(reply, Rejected):
            return reply
        assert isinstance(reply, Done)
        collected = msgspec.convert(reply.result, Inputs)
        return msgspec.structs.replace(message, inputs=replace(collected, id=inputs.id))

    async def place(self, to: Address, command: c.Command, **how: Any) -> Reply:
        message = await self.prepare(to, command, **how)
        return message if isinstance(message, Rejected) else await self.driver.post(message)

    async def left(self) -> int:
        snapshot = await self.driver.snapshot(self.menu)
        portions: int = snapshot["categories"][0]["items"][0]["portions"]
        return portions

    async def until_left(self, count: int) -> None:
        """Wait until so many portions are left and no reservation is open."""

        async def check() -> bool:
            return await self.left() == count and not self.state.reservations

        await eventually(check)

    @property
    def state(self) -> Menu:
        entity = self.driver.hosts.entity(self.menu)
        assert entity is not None
        assert isinstance(entity.state, Menu)
        return entity.state


@pytest.fixture
def gateway(driver: LocalDriver) -> Gateway:
    return Gateway(driver)


async def test_one_of_many_guests_gets_the_last_portion(
    driver: LocalDriver, gateway: Gateway
) -> None:
    await gateway.set_portions(1)
    session = await driver.occupy()
    guests = [Caller(Role.GUEST, f"session:{n}") for n in range(6)]
    replies = await asyncio.gather(
        *(gateway.place(session, ONE_SOUP, caller=guest) for guest in guests)
    )
    refused = [each for each in replies if isinstance(each, Rejected)]
    assert len(refused) == 5
    for each in refused:
        assert each.code is Code.ITEM_UNAVAILABLE
        assert each.error == "Sold out: Soup. Choose something else."
        assert each.details["portions"] == [{"menu_item_id": SOUP, "left": 0}]
    assert len((await driver.snapshot(session))["orders"]) == 1
    await gateway.until_left(0)


async def test_a_cancelled_order_gives_its_portion_back(
    driver: LocalDriver, gateway: Gateway
) -> None:
    await gateway.set_portions(1)
    placed = await gateway.place(await driver.occupy(), ONE_SOUP)
    assert isinstance(placed, Done)
    await gateway.until_left(0)
    order = driver.at(Kind.ORDER, placed.result["order_id"])
    await driver.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED), caller=GUEST)
    await gateway.until_left(1)


async def test_a_refused_order_gives_its_portion_back_before_the_menu_asks(
    driver: LocalDriver, gateway: Gateway
) -> None:
    await gateway.set_portions(1)
    session = await driver.occupy()
    wrong = c.PlaceOrder(items=ONE_SOUP.items, expected_total=1)
    refused = await gateway.place(session, wrong)
    assert isinstance(refused, Rejected)
    assert refused.code is Code.PRICE_CHANGED
    await gateway.until_left(1)
    assert isinstance(await gateway.place(session, ONE_SOUP), Done)


async def test_a_repeated_order_takes_no_further_portion(
    driver: LocalDriver, gateway: Gateway
) -> None:
    await gateway.set_portions(3)
    session = await driver.occupy()
    first = await gateway.place(session, ONE_SOUP, request_id="a")
    for host in list(driver.hosts.hosts):
        driver.hosts.kill(host)
    again = await gateway.place(session, ONE_SOUP, request_id="a")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.result == first.result
    await gateway.until_left(2)


@pytest.mark.parametrize("placement", [Placement(Mode.ENTITY)], ids=["entity"])
async def test_a_reservation_without_an_order_is_void_after_a_minute(
    driver: LocalDriver, gateway: Gateway
) -> None:
    """In other placements a reservation is stored with its order, so there is none without."""
    await gateway.set_portions(1)
    session = await driver.occupy()
    lost = await gateway.prepare(session, ONE_SOUP, request_id="a")
    assert isinstance(lost, Submit)
    assert await gateway.left() == 0
    driver.hosts.kill(driver.placement.host_of(gateway.menu))
    driver.hosts.clock.ahead = timedelta(seconds=RESERVED_S)
    await gateway.until_left(1)
    late = await driver.post(lost)
    assert isinstance(late, Rejected)
    assert late.code is Code.UNAVAILABLE
    assert (await driver.snapshot(session))["orders"] == []
    again = await gateway.place(session, ONE_SOUP, request_id="a")
    assert isinstance(again, Done)
    await gateway.until_left(0)


async def test_an_order_without_counted_items_sends_nothing_to_the_menu(
    driver: LocalDriver, gateway: Gateway
) -> None:
    await gateway.set_portions(1)
    session = await driver.occupy()
    before, version = gateway.state, (await driver.snapshot(gateway.menu))["version"]
    driver.hosts.delivered.clear()
    placed = await gateway.place(session, ONE_TEA)
    assert isinstance(placed, Done)
    order = driver.at(Kind.ORDER, placed.result["order_id"])
    await driver.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED), caller=GUEST)
    await driver.until_idle()
    effects = [
        each
        for _, batch in driver.hosts.delivered
        for each in batch
        if isinstance(each, DeliverEffects) and each.to == gateway.menu
    ]
    assert effects == []
    assert (gateway.state, (await driver.snapshot(gateway.menu))["version"]) == (before, version)
