"""What somebody may want next, as bodies of requests; weights make an evening of it.

An idea is (name, to, body, path): with a path it goes over HTTP, without one through a socket on
the entity's own channel.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any, NamedTuple

from protocol.ids import Address
from protocol.statuses import CallReason, ItemStatus, OrderStatus
from protocol.values import format_money
from tests.simulation.house import House, OrderKnown


class Idea(NamedTuple):
    name: str
    to: Address
    body: dict[str, Any]
    path: tuple[str, str] | None = None


Weighted = tuple[float, Callable[[], Idea]]

NEXT = {
    OrderStatus.PENDING: OrderStatus.CONFIRMED,
    OrderStatus.CONFIRMED: OrderStatus.READY,
    OrderStatus.READY: OrderStatus.DELIVERED,
}


def openings(house: House) -> list[Idea]:
    """What makes a restaurant, in this order; the menu's items get the ids 1, 2, 3."""
    home = house.home
    base = f"/restaurants/{home.id}"
    items = [{"name": f"Dish {n}", "price": f"{n}.50"} for n in (1, 2, 3)]
    menu = {"categories": [{"name": "All", "items": items}]}
    waiter = ("POST", f"{base}/waiters")
    return [
        Idea("replace_menu", home, menu, ("PUT", f"{base}/menu")),
        Idea("add_waiter", home, {"name": "Ada"}, waiter),
        Idea("add_waiter", home, {"name": "Bo"}, waiter),
    ]


def table(house: House, number: str) -> Idea:
    waiter = house.waiters[-1].id if house.waiters else None
    body = {"number": number, "zone": "A", "seats": 4, "waiter_id": waiter}
    return Idea("add_table", house.home, body, ("POST", f"/restaurants/{house.home.id}/tables"))


def some_idea(house: House, chance: Random, key: str) -> Idea:
    """Something that can be asked for now; `key` is what makes it unlike any other."""
    choices = list(_choices(house, chance, key))
    [(_, idea)] = chance.choices(choices, [weight for weight, _ in choices])
    return idea()


def _choices(house: House, chance: Random, key: str) -> Iterator[Weighted]:
    yield from _of_the_house(house, chance, key)
    for whom in (house.home, *house.tables, *house.parties[-1:]):
        yield 0.2, partial(Idea, "get_status", whom, {})
    for seat in house.tables:
        free = seat.id not in house.seated
        yield (5 if free and seat not in house.asked else 0.3), partial(_occupy, seat, chance)
        yield (0.1 if free else 0.6), partial(Idea, "release", seat, _force(chance))
        yield 0.3, partial(_change_table, seat, chance)
    for party in house.parties[-4:]:
        yield from _of_a_party(party, party in house.seated.values(), chance, key)
    for order in list(house.orders.values())[-6:]:
        yield from _of_an_order(order, chance)


def _of_the_house(house: House, chance: Random, key: str) -> Iterator[Weighted]:
    home, base, told = house.home, f"/restaurants/{house.home.id}", {"message": key}
    yield 0.3, partial(Idea, "broadcast", home, told, ("POST", f"{base}/broadcasts"))
    yield 0.2, partial(Idea, "raise_alert", home, told, ("POST", f"{base}/alerts"))
    yield 0.3, partial(_change_menu, house, chance)
    for waiter in house.waiters:
        base = f"/waiters/{waiter.id}"
        yield 0.15, partial(Idea, "assign_task", waiter, told, ("POST", f"{base}/tasks"))
        yield 0.1, partial(Idea, "raise_alert", waiter, told, ("POST", f"{base}/alerts"))
    for note in house.notes[-6:]:
        to = chance.choice([home, *house.waiters])
        yield 0.25, partial(Idea, "acknowledge", to, {"notification_id": note})
    for session, call_id in house.calls[-3:]:
        status = {"status": chance.choice(("acknowledged", "resolved"))}
        yield 1.5, partial(Idea, "update_call", session, status, ("PATCH", f"/calls/{call_id}"))


def _of_a_party(party: Address, seated: bool, chance: Random, key: str) -> Iterator[Weighted]:
    likely = 1.0 if seated else 0.1
    guests, reason = chance.randint(1, 9), chance.choice(list(CallReason)).value
    yield 5 * likely, partial(_place_order, party, chance, key)
    yield 1.2 * likely, partial(Idea, "update_guests_count", party, {"guests_count": guests})
    yield 0.9 * likely, partial(Idea, "call_waiter", party, {"reason": reason})
    yield 0.8 * likely, partial(Idea, "close_session", party, _force(chance))


def _of_an_order(order: OrderKnown, chance: Random) -> Iterator[Weighted]:
    to, base = order.address, f"/orders/{order.address.id}"
    following = NEXT.get(OrderStatus(order.status))
    if following is not None:
        at = ("PATCH", base) if chance.random() < 0.4 else None
        yield 9, partial(Idea, "update_status", to, {"status": following.value}, at)
        yield 0.5, partial(_any_status, to, chance)
        cancelling = {"status": OrderStatus.CANCELLED.value}
        yield (4 if order.paid else 0.3), partial(Idea, "update_status", to, cancelling)
        yield 1.2, partial(_item, order, chance)
        yield 0.8, partial(_replace_items, to, chance, base)
    if order.status != OrderStatus.CANCELLED:
        yield (10 if order.balance else 3), partial(_pay, order, chance, base)
    refund = ("POST", f"{base}/refunds")
    yield (
        (1.5 if order.status == OrderStatus.CANCELLED else 0.3),
        partial(Idea, "refund", to, {"reason": "a mistake"}, refund),
    )


# --- bodies --------------------------------------------------------------------------------------


def _force(chance: Random) -> dict[str, Any]:
    return {"force": True, "reason": "closing time"} if chance.random() < 0.3 else {}


def _occupy(seat: Address, chance: Random) -> Idea:
    body = {"guests_count": chance.randint(1, 6)}
    at = ("POST", f"/tables/{seat.id}/sessions") if chance.random() < 0.3 else None
    return Idea("occupy", seat, body, at)


def _change_table(seat: Address, chance: Random) -> Idea:
    body: dict[str, Any] = {"zone": chance.choice("AB")}
    if chance.random() < 0.3:
        body["is_active"] = chance.random() < 0.7
    return Idea("change_table", seat, body, ("PATCH", f"/tables/{seat.id}"))


def _change_menu(house: House, chance: Random) -> Idea:
    body = {"price": f"{chance.randint(1, 9)}.00", "available": chance.random() < 0.85}
    item = chance.randint(1, house.menu_items)
    at = ("PATCH", f"/restaurants/{house.home.id}/menu/items/{item}")
    return Idea("change_menu_item", house.home, body, at)


def _lines(chance: Random, note: str) -> list[dict[str, Any]]:
    return [
        {"menu_item_id": chance.randint(1, 3), "quantity": chance.randint(1, 3), "notes": note}
        for _ in range(chance.randint(1, 2))
    ]


def _place_order(party: Address, chance: Random, key: str) -> Idea:
    at = ("POST", f"/sessions/{party.id}/orders") if chance.random() < 0.3 else None
    return Idea("place_order", party, {"items": _lines(chance, key)}, at)


def _any_status(to: Address, chance: Random) -> Idea:
    return Idea("update_status", to, {"status": chance.choice(list(OrderStatus)).value})


def _item(order: OrderKnown, chance: Random) -> Idea:
    item = chance.randint(1, order.items)
    status = chance.choice((ItemStatus.READY, ItemStatus.READY, ItemStatus.VOIDED))
    body = {"status": status.value, "reason": "burnt"}
    if chance.random() < 0.5:
        at = ("PATCH", f"/orders/{order.address.id}/items/{item}")
        return Idea("update_item", order.address, body, at)
    return Idea("update_item", order.address, {**body, "item_id": item})


def _replace_items(to: Address, chance: Random, base: str) -> Idea:
    body = {"items": _lines(chance, "as they now are")}
    return Idea("replace_items", to, body, ("PUT", f"{base}/items"))


def _pay(order: OrderKnown, chance: Random, base: str) -> Idea:
    amount = order.balance if chance.random() < 0.7 else order.balance // 2
    body = {"amount": format_money(amount or chance.randint(1, 900)), "method": "card"}
    return Idea("pay", order.address, body, ("POST", f"{base}/payments"))
