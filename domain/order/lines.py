"""The limits of an order's lines: their number, the size of their notes, and their total.

Guests have lower limits than staff, because anyone with a table's code can send any number of
orders. Notes are limited in bytes, because they use memory in the store.
"""

from collections.abc import Iterable, Sequence
from typing import cast

from domain.entity import Context
from domain.order import item as order_items
from domain.order.item import Item, Items
from domain.order.line import OrderLine
from protocol import commands as c
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.limits import limit_exceeded
from protocol.values import MAX_MINOR_UNITS, format_money

MAX_GUEST_LINES = 40
"""Maximum number of lines in a guest's order."""
MAX_GUEST_OPTIONS = 200
"""Maximum number of options in a guest's order. Like a line, each uses memory in the store."""
MAX_GUEST_NOTES_BYTES = 2_000
"""Maximum bytes of all notes in a guest's order, in UTF-8."""
MAX_SESSION_NOTES_BYTES = 64_000
"""Maximum bytes of the notes of all guests' orders in a session, including cancelled ones."""


def _refusal(lines: Sequence[c.Line], items: Items, context: Context) -> Rejected | None:
    """A refusal if an order with these items cannot have these lines, otherwise None."""
    if not lines:
        return Rejected(Code.INVALID_MESSAGE, "items: must have at least one element.")
    count = len(lines) + len(items)
    if count > c.MAX_LINES:
        return limit_exceeded("items", "items", f"at most {c.MAX_LINES} of them; place two orders")
    if context.caller.is_staff:
        return None
    if any(isinstance(line, c.FreeLine) for line in lines):
        return Rejected(
            Code.FORBIDDEN, "Only staff can order items by name. Send a menu_item_id instead."
        )
    if count > MAX_GUEST_LINES:
        return limit_exceeded(
            "items", "items", f"at most {MAX_GUEST_LINES} of them; place two orders"
        )
    options = sum(len(line.options) for line in lines if isinstance(line, c.MenuLine))
    if options + sum(len(item.options) for item in items) > MAX_GUEST_OPTIONS:
        return limit_exceeded(
            "items", "items", f"at most {MAX_GUEST_OPTIONS} options in all; place two orders"
        )
    if notes_bytes((*lines, *items)) > MAX_GUEST_NOTES_BYTES:
        return limit_exceeded(
            "text", "items", f"at most {MAX_GUEST_NOTES_BYTES} bytes of notes in all"
        )
    return None


def notes_bytes(lines: Iterable[c.Line | Item]) -> int:
    """The size of all notes in UTF-8, in bytes."""
    return sum(len(line.notes.encode()) for line in lines)


def total_of(lines: Iterable[OrderLine]) -> int:
    """The total of the lines, in minor units."""
    return sum(line.quantity * line.unit_price for line in lines)


def price_lines(
    command: c.PlaceOrder | c.ReplaceItems | c.AddItems | c.Quote,
    currency: str,
    context: Context,
    items: Items = (),
) -> tuple[OrderLine, ...] | Rejected:
    """The lines of a command with their current names and prices, or a refusal. `items` are those
    to which the lines are added."""
    refused = _refusal(command.items, items, context)
    if refused is not None:
        return refused
    priced = iter(context.inputs.lines)
    lines = tuple(
        next(priced, None)
        if isinstance(line, c.MenuLine)
        else OrderLine(line.name, line.quantity, line.unit_price, line.notes)
        for line in command.items
    )
    if None in lines:  # a gateway of an earlier release has not collected the prices
        return UNAVAILABLE
    result = cast(tuple[OrderLine, ...], lines)
    total, before = total_of(result), order_items.total_of(items)
    expected = getattr(command, "expected_total", None)
    return _total_refusal(total, before, currency, expected) or result


def _total_refusal(total: int, before: int, currency: str, expected: int | None) -> Rejected | None:
    """A refusal if an order with the total `before` cannot have lines of this total, otherwise
    None. `expected` is the total that the caller has agreed to."""
    if before + total > MAX_MINOR_UNITS:
        maximum = f"{format_money(MAX_MINOR_UNITS)} {currency}"
        return Rejected(
            Code.INVALID_MESSAGE,
            f"items: the total of an order is at most {maximum}. Place two orders.",
            {"field": "items", "max_total_amount": format_money(MAX_MINOR_UNITS)},
        )
    if expected is not None and expected != total:
        amount = format_money(total)
        return Rejected(
            Code.PRICE_CHANGED,
            f"The total is now {amount} {currency}. To accept it, send the order again with this "
            "expected_total and a new request_id.",
            {"total_amount": amount},
        )
    return None
