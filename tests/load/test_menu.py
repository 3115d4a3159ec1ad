"""Orders of a load test's guests: valid options with their total, and invalid options."""

from random import Random
from typing import Any

from orjson import dumps

from domain.menu.pricing import price_lines
from domain.menu.replacement import replaced
from domain.menu.state import Menu, MenuContent
from domain.menu.views import snapshot
from domain.order.lines import total_of
from load_tests.menu import MENU, GuestMenu
from protocol import commands as c
from protocol.codec import parse_body
from protocol.errors import Code, Rejected
from protocol.ids import Channel
from protocol.values import parse_money


def content() -> MenuContent:
    command = parse_body(c.ReplaceMenu, dumps(MENU))
    assert isinstance(command, c.ReplaceMenu)
    after = replaced(MenuContent(), command)
    assert isinstance(after, MenuContent)
    return after


def priced_order(menu: MenuContent, order: dict[str, Any]) -> Any:
    command = parse_body(c.PlaceOrder, dumps(order))
    assert isinstance(command, c.PlaceOrder)
    return price_lines(menu, [line for line in command.items if isinstance(line, c.MenuLine)])


def test_orders_have_valid_options_and_their_total() -> None:
    menu, random = content(), Random(1)
    data: Any = snapshot(Menu(1, "Aurora", "EUR", "Europe/Rome", menu), Channel.MENU)[1]
    guest = GuestMenu(data)
    for _ in range(200):
        order = guest.order(random)
        lines = priced_order(menu, order)
        assert not isinstance(lines, Rejected), lines
        if "expected_total" in order:
            assert total_of(lines) == parse_money(order["expected_total"])


def test_an_invalid_order_is_refused_for_its_options() -> None:
    menu, random = content(), Random(1)
    data: Any = snapshot(Menu(1, "Aurora", "EUR", "Europe/Rome", menu), Channel.MENU)[1]
    orders = (GuestMenu(data).invalid_order(random) for _ in range(500))
    refused = [priced_order(menu, order) for order in orders if order is not None]
    assert {each.code for each in refused} == {Code.INVALID_OPTIONS}
