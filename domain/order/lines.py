"""The limits of an order's lines: number, length of the notes, and total.

Guests have narrower limits than staff, because anyone with a table's code can send any number of
orders. The notes of a session's guests are bounded in bytes, because they take memory in the store.
"""

from collections.abc import Iterable, Sequence
from typing import cast

from domain.entity import Context
from domain.order.line import OrderLine
from protocol import commands as c
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.limits import limit_exceeded
from protocol.values import MAX_MINOR_UNITS, format_money

MAX_GUEST_LINES = 40
"""Maximum number of lines in a guest's order."""
MAX_GUEST_OPTIONS = 200
"""Maximum number of options in a guest's order: each takes memory in the store, like a line."""
MAX_GUEST_NOTES_BYTES = 2_000
"""Maximum bytes of all notes in a guest's order, in UTF-8."""
MAX_SESSION_NOTES_BYTES = 64_000
"""Maximum bytes of the notes of all guests' orders in a session, including cancelled ones."""


def _refusal(lines: Sequence[c.Line], context: Context) -> Rejected | None:
    """Why an order cannot have these lines; None if it can."""
    if not lines:
        return Rejected(Code.INVALID_MESSAGE, "items: an order has at least one.")
    if context.caller.is_staff:
        return None
    if any(isinstance(line, c.FreeLine) for line in lines):
        return Rejected(Code.FORBIDDEN, "Only staff may order in free text. Name a menu_item_id.")
    if len(lines) > MAX_GUEST_LINES:
        return limit_exceeded(
            "items", "items", f"at most {MAX_GUEST_LINES} of them; place two orders"
        )
    if sum(len(line.options) for line in lines if isinstance(line, c.MenuLine)) > MAX_GUEST_OPTIONS:
        return limit_exceeded(
            "items", "items", f"at most {MAX_GUEST_OPTIONS} options in all; place two orders"
        )
    if notes_bytes(lines) > MAX_GUEST_NOTES_BYTES:
        return limit_exceeded(
            "text", "items", f"their notes have at most {MAX_GUEST_NOTES_BYTES} bytes"
        )
    return None


def notes_bytes(lines: Iterable[c.Line]) -> int:
    """Bytes of all notes in UTF-8."""
    return sum(len(line.notes.encode()) for line in lines)


def total_of(lines: Iterable[OrderLine]) -> int:
    """The total of lines in minor units."""
    return sum(line.quantity * line.unit_price for line in lines)


def sold_lines(
    command: c.PlaceOrder | c.ReplaceItems | c.Quote, currency: str, context: Context
) -> tuple[OrderLine, ...] | Rejected:
    """The lines of an order as they are sold now, or why it cannot have them."""
    refused = _refusal(command.items, context)
    if refused is not None:
        return refused
    priced = iter(context.inputs.lines)
    lines = tuple(
        next(priced, None)
        if isinstance(line, c.MenuLine)
        else OrderLine(line.name, line.quantity, line.unit_price, line.notes)
        for line in command.items
    )
    if None in lines:  # a gateway of an earlier release has not asked the menu
        return UNAVAILABLE
    sold = cast(tuple[OrderLine, ...], lines)
    return _total_refusal(sold, currency, getattr(command, "expected_total", None)) or sold


def _total_refusal(
    lines: Iterable[OrderLine], currency: str, expected: int | None
) -> Rejected | None:
    """Why an order cannot have the total of these lines; None if it can. `expected` is the total
    that the caller has agreed to."""
    total = total_of(lines)
    if total > MAX_MINOR_UNITS:
        most = f"{format_money(MAX_MINOR_UNITS)} {currency}"
        return Rejected(
            Code.INVALID_MESSAGE,
            f"items: the total of an order is at most {most}. Place two orders.",
            {"field": "items", "max_total_amount": format_money(MAX_MINOR_UNITS)},
        )
    if expected is not None and expected != total:
        now = format_money(total)
        return Rejected(
            Code.PRICE_CHANGED,
            f"The total is {now} {currency} now. To agree, order again with a new request_id.",
            {"total_amount": now},
        )
    return None
