"""What the lines of an order may be: who orders what, how many, how long, and for how much.

Guests have narrower limits than staff, because whoever has a table's code can send any number of
orders: the notes of a session's guests are bounded in bytes, as all that they cost the store is.
"""

from collections.abc import Iterable, Sequence

from domain.entity import Context
from domain.messages import OrderLine
from protocol import commands as c
from protocol.bounds import beyond
from protocol.errors import Code, Rejected
from protocol.values import MAX_MINOR_UNITS, format_money

MAX_GUEST_LINES = 40
"""Lines of one order of a guest."""
MAX_GUEST_NOTES_BYTES = 2_000
"""Notes of one order of a guest, in UTF-8."""
MAX_SESSION_NOTES_BYTES = 64_000
"""Notes of all orders that the guests of one session place, cancelled ones included."""


def refusal(lines: Sequence[c.Line], context: Context) -> Rejected | None:
    """Why an order may not have these lines, or None if it may."""
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
    """Why an order may not cost what these lines come to, or None if it may."""
    if sum(line.quantity * line.unit_price for line in lines) <= MAX_MINOR_UNITS:
        return None
    most = f"{format_money(MAX_MINOR_UNITS)} {currency}"
    return Rejected(
        Code.INVALID_MESSAGE,
        f"items: an order costs at most {most}. Place two orders.",
        {"field": "items", "max_total_amount": format_money(MAX_MINOR_UNITS)},
    )
