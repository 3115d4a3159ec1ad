"""The portions of a menu's counted items: reserved, sold, given back.

* Portions are reserved in the name of a request before its order is stored. The same request
  reserves nothing more.
* A reservation ends once, when its owner answers which portions were ordered. If the owner has not
  answered after RESERVED_S, the menu asks until it does.
"""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from domain.entity import UNCHANGED, Context, Decision, Effect, RequestRef, Timer
from domain.menu.state import Menu, PortionsReserved, PortionsReturned, ReservationEnded
from domain.messages import PriceLines
from domain.portions import (
    AskReservation,
    Portions,
    Reservation,
    ReservationAnswered,
    ReservationDue,
    excess,
    shortage,
)
from protocol.commands import Reserves
from protocol.errors import Rejected

RESERVED_S = 60
"""Seconds after which the menu asks whether there is an order for a reservation."""


def reserve(
    menu: Menu, message: PriceLines, wanted: Portions, context: Context, result: Mapping[str, Any]
) -> Decision | Rejected:
    """Reserve portions for the request of a message. `result` is that of the decision, without the
    reservation. Without a request, only check that there are enough."""
    request_ref = message.request_ref
    request = None if request_ref is None else _name(request_ref)
    known = next((each for each in menu.reservations.values() if each.request == request), None)
    if known is not None:
        return Decision(result={**result, "reservation": known})
    if request in menu.ordered.values():  # the owner has the result
        return Decision(result=result)
    available = _available(menu, wanted)
    short = excess(wanted, available)
    if short and message.reserves is not Reserves.AVAILABLE:
        items, left = menu.content.items(), menu.counted
        names = {item_id: items[item_id].name for item_id in short}
        return shortage({item_id: left[item_id] for item_id in short}, names, context.caller)
    if request_ref is None or request is None:
        return Decision(result=result)
    reservation = Reservation(menu.next_reservation, available, request_ref.target, request)
    return Decision(
        (PortionsReserved(reservation),),
        timers=(_timer(reservation.number, context),),
        result={**result, "reservation": reservation},
    )


def end(menu: Menu, answer: ReservationAnswered, context: Context) -> Decision:
    """End a reservation as its owner has answered."""
    reservation = menu.reservations.get(answer.number)
    if reservation is None or context.source != reservation.owner:
        return UNCHANGED
    ended = ReservationEnded(answer.number, excess(reservation.portions, answer.sold))
    return Decision((ended,), cancels=(_key(answer.number),))


def ask(menu: Menu, number: int, context: Context) -> Decision:
    """Ask the owner of a reservation that has not answered in time, and again later."""
    reservation = menu.reservations.get(number)
    if reservation is None:
        return UNCHANGED
    question = Effect(reservation.owner, AskReservation(number))
    return Decision(effects=(question,), timers=(_timer(number, context),))


def give_back(menu: Menu, portions: Portions) -> Decision:
    """Sell portions again that an order no longer takes, of items that are still counted."""
    counted = menu.counted
    back = {item_id: count for item_id, count in portions.items() if item_id in counted}
    return Decision((PortionsReturned(back),)) if back else UNCHANGED


def _available(menu: Menu, wanted: Portions) -> dict[int, int]:
    """As many of the wanted portions as are left."""
    left = menu.counted
    return {item_id: min(count, max(left[item_id], 0)) for item_id, count in wanted.items()}


def _name(ref: RequestRef) -> str:
    """A short name for a request, unique for its target, subject and request id."""
    name = f"{ref.target} {len(ref.subject)} {ref.subject} {ref.request_id}"
    return blake2b(name.encode(), digest_size=12).hexdigest()


def _key(number: int) -> str:
    return f"reservation-{number}"


def _timer(number: int, context: Context) -> Timer:
    due = context.now + timedelta(seconds=RESERVED_S)
    return Timer(_key(number), due, ReservationDue(number))
