"""The rules of a menu: replace it, change an item, look up prices.

A restaurant creates its menu. One of an earlier release contained it, and hands it over when it is
first used.
"""

from typing import Any

from domain.copy import replace
from domain.entity import UNCHANGED, Behaviour, Context, Decision, Redirect
from domain.menu.pricing import price_lines, unknown_item
from domain.menu.replacement import replaced
from domain.menu.state import (
    Menu,
    MenuChanged,
    MenuContent,
    MenuCreated,
    MenuItemChanged,
    evolve,
)
from domain.menu.views import publish, snapshot
from domain.messages import CreateMenu, PriceLines
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Kind


def decide(menu: Menu | None, command: Any, context: Context) -> Decision | Rejected | Redirect:
    if isinstance(command, CreateMenu):
        return UNCHANGED if menu is not None else _create(command, context)
    if menu is None:
        return Rejected(Code.NOT_FOUND, f"There is no menu {context.address.id}.")
    match command:
        case c.ReplaceMenu():
            return _replace(menu.content, command)
        case c.ChangeMenuItem():
            return _change_item(menu.content, command)
        case PriceLines(lines):
            sold = price_lines(menu.content, lines)
            return sold if isinstance(sold, Rejected) else Decision(result={"lines": sold})
    return Rejected(Code.UNKNOWN_ACTION, "A menu does not do that.")


def _create(message: CreateMenu, context: Context) -> Decision:
    menu = Menu(
        context.address.id,
        message.restaurant_name,
        message.currency,
        message.timezone,
        message.content,
    )
    return Decision((MenuCreated(menu),))


def _replace(content: MenuContent, command: c.ReplaceMenu) -> Decision | Rejected:
    """Replace the content: parts without an id are new, the others keep theirs."""
    after = replaced(content, command)
    if isinstance(after, Rejected):
        return after
    if after == content:
        return UNCHANGED
    after = replace(after, version=content.version + 1)
    return Decision((MenuChanged(after),), result={"menu_version": after.version})


def _change_item(content: MenuContent, command: c.ChangeMenuItem) -> Decision | Rejected:
    """Change the price or availability of one item."""
    item = content.items().get(command.item_id)
    if item is None:
        return unknown_item(command.item_id)
    wanted = replace(
        item,
        available=item.available if command.available is None else command.available,
        price=item.price if command.price is None else command.price,
    )
    if wanted == item:
        return UNCHANGED
    version = content.version + 1
    return Decision((MenuItemChanged(wanted, version),), result={"menu_version": version})


MENU: Behaviour[Menu] = Behaviour(
    Kind.MENU, Menu, decide, evolve, publish, snapshot, lambda menu: False
)
