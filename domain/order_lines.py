"""The limits of an order's lines: number, length of the notes, and total.

Guests have narrower limits than staff, because anyone with a table's code can send any number of
orders. The notes of a session's guests are bounded in bytes, because they take memory in the store.
"""

from collections.abc import Iterable, Sequence

from domain.entity import Context
from domain.messages import OrderLine
from protocol import commands as c
from protocol.bounds import beyond
from protocol.errors import Code, Rejected
from protocol.values import MAX_MINOR_UNITS, format_money

MAX_GUEST_LINES = 40
"""Maximum number of lines in a guest's order."""
MAX_GUEST_NOTES_BYTES = 2_000
"""Maximum bytes of all notes in a guest's order, in UTF-8."""
MAX_SESSION_NOTES_BYTES = 64_000
"""Maximum bytes of the notes of all guests' orders in a session, including cancelled ones."""


def refusal(lines: Sequence[c.Line], context: Context) -> Rejected | None:
    """Why an order cannot have these lines; None if it can."""
    if not lines:
        return Rejected(Code.INVALID_MESSAGE, "items: an order has at least one.")
    if context.caller.is_staff:
        return None
    if any(isinstance(line, c.FreeLine) for line in lines):
        return Rejected(Code.FORBIDDEN, "Only staff may order in free text. Name a menu_item_id.")
    if len(lines) > MAX_GUEST_LINES:
        return beyond("items", "items", f"at most {MAX_GUEST_LINES} of them; place two orders")
    if notes_bytes(lines) > MAX_GUEST_NOTES_BYTES:
        return beyond("text", "items", f"their notes have at most {MAX_GUEST_NOTES_BYTES} bytes")
    return None


def notes_bytes(lines: Iterable[c.Line]) -> int:
    """Bytes of all notes in UTF-8."""
    return sum(len(line.notes.encode()) for line in lines)


def total_refusal(lines: Iterable[OrderLine], currency: str) -> Rejected | None:
    """Why an order cannot have the total of these lines; None if it can."""
    if sum(line.quantity * line.unit_price for line in lines) <= MAX_MINOR_UNITS:
        return None
    most = f"{format_money(MAX_MINOR_UNITS)} {currency}"
    return Rejected(
        Code.INVALID_MESSAGE,
        f"items: the total of an order is at most {most}. Place two orders.",
        {"field": "items", "max_total_amount": format_money(MAX_MINOR_UNITS)},
    )
