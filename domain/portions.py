"""Portions of menu items that are counted: what lines take, reservations, and their answers.

A menu reserves portions before the order that takes them is stored. The entity that stores the
order, a session or the order itself, answers once whether it did. The rules of the answer are in
`reservations.py`, those of the menu in `menu/portions.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from domain.rows import Rows
from protocol.caller import Caller
from protocol.errors import Code, Rejected
from protocol.ids import Address

MAX_SHOWN_TO_GUESTS = 5
"""Guests see how many portions are left if there are at most so many."""
MAX_ANSWERS = 100
"""Number of answers that an entity keeps."""
MAX_NAMED = 5
"""Maximum number of items that a refusal names. It lists the ids of all."""

Portions = Mapping[int, int]
"""Numbers of portions by menu item id."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Portions that are reserved for a request to `owner`, which will answer. `request` is the
    request's name; `number` is unique in the menu, and higher than that of earlier reservations."""

    number: int
    portions: Portions
    owner: Address
    request: str


@dataclass(frozen=True, slots=True)
class ReservationAnswered:
    """The portions of a reservation that were ordered; none if the request was refused. A message
    to the menu."""

    number: int
    sold: Portions


@dataclass(frozen=True, slots=True)
class ReservationDue:
    """A reservation has not been answered in time. A timer of the menu."""

    number: int


@dataclass(frozen=True, slots=True)
class AskReservation:
    """To the owner of a reservation: the menu asks whether there is an order for it. If there is
    none now, there never will be."""

    number: int


@dataclass(frozen=True, slots=True)
class ReturnPortions:
    """To a menu: gives back portions that a pending order no longer takes."""

    portions: Portions


@dataclass(frozen=True, slots=True)
class ReservationVoided:
    """There is no order for a reservation, and there will be none."""

    number: int


class AnsweredReservations(Rows[int, Portions]):
    """The latest answers of an entity: the portions that were sold, by reservation. If there are
    MAX_ANSWERS, all earlier reservations are void. Only one that is not answered can be used."""

    __slots__ = ()

    def find(self, number: int) -> Portions | None:
        """The portions that were sold of a reservation, None if it is not answered."""
        is_earlier = len(self) >= MAX_ANSWERS and number < min(self)
        return self.get(number, {} if is_earlier else None)

    def add(self, number: int, sold: Portions) -> Self:
        after = self.with_entry(number, sold)
        return after.without_entry(min(after)) if len(after) > MAX_ANSWERS else after


class Line(Protocol):
    """A line or item of an order. Each unit takes one portion of each of these menu items."""

    @property
    def quantity(self) -> int: ...
    @property
    def portions_of(self) -> tuple[int, ...]: ...


def portions_taken(lines: Iterable[Line]) -> dict[int, int]:
    """The portions that lines take."""
    taken: Counter[int] = Counter()
    for line in lines:
        for item_id in line.portions_of:
            taken[item_id] += line.quantity
    return dict(taken)


def excess(portions: Portions, over: Portions) -> dict[int, int]:
    """The portions that exceed others."""
    return {
        item_id: count - over.get(item_id, 0)
        for item_id, count in portions.items()
        if count > over.get(item_id, 0)
    }


def shortage(left: Portions, names: Mapping[int, str], caller: Caller) -> Rejected:
    """The refusal of an order of more portions of these items than are left. A guest learns only
    low numbers."""
    shown = {
        item_id: max(count, 0) if caller.is_staff or count <= MAX_SHOWN_TO_GUESTS else None
        for item_id, count in left.items()
    }
    sold_out = [names[item_id] for item_id, count in shown.items() if count == 0]
    short = [
        f"{names[item_id]} ({'fewer' if count is None else f'only {count}'} left)"
        for item_id, count in shown.items()
        if count != 0
    ]
    sentences = [
        f"{what}: {', '.join(each[:MAX_NAMED])}{' and more' if len(each) > MAX_NAMED else ''}."
        for what, each in (("Sold out", sold_out), ("Not enough portions", short))
        if each
    ]
    advice = "Order fewer, or choose something else." if short else "Choose something else."
    return Rejected(
        Code.ITEM_UNAVAILABLE,
        " ".join([*sentences, advice]),
        {
            "menu_item_ids": sorted(left),
            "portions": [
                {"menu_item_id": item_id, "left": shown[item_id]} for item_id in sorted(left)
            ],
        },
    )
