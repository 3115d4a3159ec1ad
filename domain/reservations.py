"""The answers of sessions and orders to reservations of portions.

An entity answers in the commit that stores the order, or that refuses it. If its menu asks, it
answers again, or voids a reservation that has not been used. It never uses one that it has
answered, however late a command with it arrives.
"""

from collections.abc import Iterable

from domain.entity import Context, Decision, Effect
from domain.order.line import OrderLine
from domain.portions import (
    AnsweredReservations,
    Portions,
    ReservationAnswered,
    ReservationVoided,
    excess,
    shortage,
)
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import Address, Kind


def menu_of(entity: Address) -> Address:
    """The menu of an entity's restaurant."""
    return Address(Kind.MENU, entity.restaurant, entity.restaurant)


def reservation_refusal(
    answers: AnsweredReservations,
    needed: Portions,
    lines: Iterable[OrderLine],
    context: Context,
) -> Rejected | None:
    """A refusal if the command's reservation does not cover the portions that it needs, otherwise
    None. UNAVAILABLE if there is none that can be used: a repeated command makes a new one."""
    if not needed:
        return None
    reservation = context.inputs.reservation
    if reservation is None or answers.find(reservation.number) is not None:
        return UNAVAILABLE
    short = excess(needed, reservation.portions)
    if not short:
        return None
    names = {item_id: line.name for line in lines for item_id in line.portions_of}
    left = {item_id: reservation.portions.get(item_id, 0) for item_id in short}
    return shortage(left, names, context.caller)


def answer_with(sold: Portions, context: Context) -> ReservationAnswered | None:
    """The answer of a command that is accepted; None if it has no reservation."""
    reservation = context.inputs.reservation
    return None if reservation is None else ReservationAnswered(reservation.number, sold)


def answer_effects(entity: Address, answer: ReservationAnswered | None) -> tuple[Effect, ...]:
    return () if answer is None else (Effect(menu_of(entity), answer),)


def answer_menu(answers: AnsweredReservations | None, number: int, context: Context) -> Decision:
    """Answer whether there is an order for a reservation. If there is none, the reservation is
    void. `answers` is None if the entity does not exist."""
    sold = None if answers is None else answers.find(number)
    voided = answers is not None and sold is None
    events = (ReservationVoided(number),) if voided else ()
    answer = ReservationAnswered(number, sold or {})
    return Decision(events, answer_effects(context.address, answer))
