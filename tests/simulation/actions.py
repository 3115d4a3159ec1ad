"""The requests that clients may make next, weighted.

An `Action` with a path goes over HTTP, one without over a socket on the entity's channel.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any, NamedTuple

from protocol.ids import Address, Kind
from protocol.statuses import CallReason, ItemStatus, OrderStatus
from protocol.values import format_money
from tests.simulation.menu import (
    DISHES,
    FIRST_PORTIONS,
    FIRST_PRICES,
    menu_body,
    random_options,
    random_prices,
)
from tests.simulation.restaurant import KnownOrder, RestaurantModel


class Action(NamedTuple):
    name: str
    to: Address
    body: dict[str, Any]
    path: tuple[str, str] | None = None


Weighted = tuple[float, Callable[[], Action]]

NEXT_STATUS = {
    OrderStatus.PENDING: OrderStatus.CONFIRMED,
    OrderStatus.CONFIRMED: OrderStatus.READY,
    OrderStatus.READY: OrderStatus.DELIVERED,
}


def menu_of(restaurant: Address) -> Address:
    return Address(Kind.MENU, restaurant.id, restaurant.restaurant)


_SETTINGS = {"empty_session_minutes": 1, "ready_grace_s": 2}


def setup_actions(restaurant: RestaurantModel) -> list[Action]:
    """Create a restaurant, in this order; the menu items get the ids 1, 2, 3."""
    address = restaurant.address
    base = f"/restaurants/{address.id}"
    menu = menu_body(FIRST_PRICES, is_new=True)
    waiter = ("POST", f"{base}/waiters")
    return [
        Action("replace_menu", menu_of(address), menu, ("PUT", f"{base}/menu")),
        Action("change_ordering", menu_of(address), _SETTINGS, ("PATCH", f"{base}/ordering")),
        Action("add_waiter", address, {"name": "Ada"}, waiter),
        Action("add_waiter", address, {"name": "Bo"}, waiter),
    ]


def add_table(restaurant: RestaurantModel, number: str) -> Action:
    waiter = restaurant.waiters[-1].id if restaurant.waiters else None
    body = {"number": number, "zone": "A", "seats": 4, "waiter_id": waiter}
    return Action(
        "add_table",
        restaurant.address,
        body,
        ("POST", f"/restaurants/{restaurant.address.id}/tables"),
    )


def random_action(restaurant: RestaurantModel, rng: Random, key: str) -> Action:
    """A random request that makes sense now; `key` makes its content unique."""
    choices = list(_choices(restaurant, rng, key))
    [(_, action)] = rng.choices(choices, [weight for weight, _ in choices])
    return action()


def _choices(restaurant: RestaurantModel, rng: Random, key: str) -> Iterator[Weighted]:
    yield from _restaurant_actions(restaurant, rng, key)
    for target in (restaurant.address, *restaurant.tables, *restaurant.sessions[-1:]):
        yield 0.2, partial(Action, "get_status", target, {})
    for table in restaurant.tables:
        free = table.id not in restaurant.open_sessions
        yield (5 if free and table not in restaurant.pending else 0.3), partial(_occupy, table, rng)
        yield (0.1 if free else 0.6), partial(Action, "release", table, _force(rng))
        yield 0.3, partial(_change_table, table, rng)
    for session in restaurant.sessions[-4:]:
        yield from _session_actions(restaurant, session, rng, key)
    for order in list(restaurant.orders.values())[-6:]:
        yield from _order_actions(restaurant, order, rng)


def _restaurant_actions(restaurant: RestaurantModel, rng: Random, key: str) -> Iterator[Weighted]:
    address, base, message = (
        restaurant.address,
        f"/restaurants/{restaurant.address.id}",
        {"message": key},
    )
    yield 0.3, partial(Action, "broadcast", address, message, ("POST", f"{base}/broadcasts"))
    yield 0.2, partial(Action, "raise_alert", address, message, ("POST", f"{base}/alerts"))
    yield 0.4, partial(_change_menu, restaurant, rng)
    yield 0.3, partial(_replace_menu, restaurant, rng)
    menu = menu_of(address)
    yield 0.3, partial(Action, "pause_orders", menu, {}, ("POST", f"{base}/pause"))
    yield 0.4, partial(Action, "resume_orders", menu, {}, ("POST", f"{base}/resume"))
    yield 0.3, partial(_change_ordering, restaurant, rng)
    for waiter in restaurant.waiters:
        base = f"/waiters/{waiter.id}"
        yield 0.15, partial(Action, "assign_task", waiter, message, ("POST", f"{base}/tasks"))
        yield 0.1, partial(Action, "raise_alert", waiter, message, ("POST", f"{base}/alerts"))
    for note in restaurant.notification_ids[-6:]:
        to = rng.choice([address, *restaurant.waiters])
        yield 0.25, partial(Action, "acknowledge", to, {"notification_id": note})
    for session, call_id in restaurant.calls[-3:]:
        status = {"status": rng.choice(("acknowledged", "resolved"))}
        yield 1.5, partial(Action, "update_call", session, status, ("PATCH", f"/calls/{call_id}"))


def _session_actions(
    restaurant: RestaurantModel, session: Address, rng: Random, key: str
) -> Iterator[Weighted]:
    likelihood = 1.0 if session in restaurant.open_sessions.values() else 0.1
    guests, reason = rng.randint(1, 9), rng.choice(list(CallReason)).value
    yield 5 * likelihood, partial(_place_order, restaurant, session, rng, key)
    yield (
        1.2 * likelihood,
        partial(Action, "update_guests_count", session, {"guests_count": guests}),
    )
    yield 0.9 * likelihood, partial(Action, "call_waiter", session, {"reason": reason})
    yield 0.8 * likelihood, partial(Action, "close_session", session, _force(rng))


def _order_actions(
    restaurant: RestaurantModel, order: KnownOrder, rng: Random
) -> Iterator[Weighted]:
    to, base = order.address, f"/orders/{order.address.id}"
    following = NEXT_STATUS.get(OrderStatus(order.status))
    if following is not None:
        at = ("PATCH", base) if rng.random() < 0.4 else None
        yield 9, partial(Action, "update_status", to, {"status": following.value}, at)
        yield 0.5, partial(_any_status, to, rng)
        cancelling = {"status": OrderStatus.CANCELLED.value}
        yield (4 if order.paid else 0.3), partial(Action, "update_status", to, cancelling)
        yield 1.2, partial(_update_item, order, rng)
        if order.status == OrderStatus.CONFIRMED:
            yield 1.5, partial(_finish_item, order, rng)
            yield 0.5, partial(_deliver_items, order, rng, base)
        if order.status == OrderStatus.READY:
            yield 1.5, partial(_recall, order, rng)
            yield 1.5, partial(_deliver_items, order, rng, base)
        yield 1.2, partial(_void_items, order, rng, base)
        yield 0.8, partial(_add_items, restaurant, to, rng, base)
        yield 0.8, partial(_replace_items, restaurant, to, rng, base)
    if order.status != OrderStatus.CANCELLED:
        yield (10 if order.balance else 3), partial(_pay, order, rng, base)
    refund = ("POST", f"{base}/refunds")
    yield (
        (1.5 if order.status == OrderStatus.CANCELLED else 0.3),
        partial(Action, "refund", to, {"reason": "a mistake"}, refund),
    )


# --- bodies --------------------------------------------------------------------------------------


def _force(rng: Random) -> dict[str, Any]:
    return {"force": True, "reason": "closing time"} if rng.random() < 0.3 else {}


def _occupy(table: Address, rng: Random) -> Action:
    body = {"guests_count": rng.randint(1, 6)}
    at = ("POST", f"/tables/{table.id}/sessions") if rng.random() < 0.3 else None
    return Action("occupy", table, body, at)


def _change_table(table: Address, rng: Random) -> Action:
    body: dict[str, Any] = {"zone": rng.choice("AB")}
    if rng.random() < 0.3:
        body["is_active"] = rng.random() < 0.7
    return Action("change_table", table, body, ("PATCH", f"/tables/{table.id}"))


def _change_menu(restaurant: RestaurantModel, rng: Random) -> Action:
    body: dict[str, Any] = {
        "price": f"{rng.randint(1, 9)}.00",
        "available": rng.random() < 0.85,
    }
    item = rng.randint(1, restaurant.menu_items)
    if item in FIRST_PORTIONS and rng.random() < 0.6:
        body["portions"] = rng.randint(0, 6)
    at = ("PATCH", f"/restaurants/{restaurant.address.id}/menu/items/{item}")
    return Action("change_menu_item", menu_of(restaurant.address), body, at)


def _replace_menu(restaurant: RestaurantModel, rng: Random) -> Action:
    body = menu_body(random_prices(rng), is_new=False)
    at = ("PUT", f"/restaurants/{restaurant.address.id}/menu")
    return Action("replace_menu", menu_of(restaurant.address), body, at)


def _change_ordering(restaurant: RestaurantModel, rng: Random) -> Action:
    """Let another business day begin, soon or before."""
    body = {"day_starts_at": rng.choice(("04:00", "19:00", "19:01", "19:02"))}
    at = ("PATCH", f"/restaurants/{restaurant.address.id}/ordering")
    return Action("change_ordering", menu_of(restaurant.address), body, at)


def _order_body(restaurant: RestaurantModel, rng: Random, note: str) -> dict[str, Any]:
    """Lines with options, sometimes invalid ones; sometimes with the total as it is known, or as it
    was before a change of prices."""
    lines = []
    for _ in range(rng.randint(1, 2)):
        dish = rng.choice(DISHES)
        line = {"menu_item_id": dish, "quantity": rng.randint(1, 3), "notes": note}
        lines.append({**line, "options": random_options(dish, rng)})
    if rng.random() < 0.5:
        return {"items": lines}
    known = restaurant.prices[-1] if rng.random() < 0.7 else restaurant.prices[-2:][0]
    return {"items": lines, "expected_total": format_money(known.total(lines))}


def _place_order(restaurant: RestaurantModel, session: Address, rng: Random, key: str) -> Action:
    at = ("POST", f"/sessions/{session.id}/orders") if rng.random() < 0.3 else None
    return Action("place_order", session, _order_body(restaurant, rng, key), at)


def _any_status(to: Address, rng: Random) -> Action:
    body = {"status": rng.choice(list(OrderStatus)).value}
    if rng.random() < 0.5:
        body["reason"] = "a mistake"
    return Action("update_status", to, body)


def _recall(order: KnownOrder, rng: Random) -> Action:
    """Recall one item, or the whole order."""
    if rng.random() < 0.3:
        body = {"status": OrderStatus.CONFIRMED.value, "reason": "raw"}
        return Action("update_status", order.address, body)
    item = {"item_id": rng.randint(1, order.items), "status": ItemStatus.PENDING.value}
    return Action("update_item", order.address, {**item, "reason": "raw"})


def _update_item(order: KnownOrder, rng: Random) -> Action:
    item = rng.randint(1, order.items)
    status = rng.choice((ItemStatus.READY,) * 4 + (ItemStatus.VOIDED,) * 2 + (ItemStatus.PENDING,))
    body = {"status": status.value}
    if status is not ItemStatus.READY and rng.random() < 0.9:
        body["reason"] = "burnt"
    if rng.random() < 0.5:
        at = ("PATCH", f"/orders/{order.address.id}/items/{item}")
        return Action("update_item", order.address, body, at)
    return Action("update_item", order.address, {**body, "item_id": item})


def _finish_item(order: KnownOrder, rng: Random) -> Action:
    body = {"item_id": rng.randint(1, order.items), "status": ItemStatus.READY.value}
    return Action("update_item", order.address, body)


def _deliver_items(order: KnownOrder, rng: Random, base: str) -> Action:
    items = list(range(1, order.items + 1))
    body = {"item_ids": items if rng.random() < 0.3 else [rng.choice(items)]}
    at = ("POST", f"{base}/deliveries") if rng.random() < 0.5 else None
    return Action("deliver_items", order.address, body, at)


def _void_items(order: KnownOrder, rng: Random, base: str) -> Action:
    """Void one or two items, or units of them; sometimes more units than there are."""
    items: list[dict[str, Any]] = []
    for _ in range(rng.randint(1, 2)):
        item = {"item_id": rng.randint(1, order.items)}
        items.append(item if rng.random() < 0.2 else {**item, "units": rng.choice((1, 1, 1, 2))})
    at = ("POST", f"{base}/voids") if rng.random() < 0.5 else None
    return Action("void_items", order.address, {"items": items, "reason": "burnt"}, at)


def _add_items(restaurant: RestaurantModel, to: Address, rng: Random, base: str) -> Action:
    at = ("POST", f"{base}/items") if rng.random() < 0.5 else None
    return Action("add_items", to, _order_body(restaurant, rng, "one more"), at)


def _replace_items(restaurant: RestaurantModel, to: Address, rng: Random, base: str) -> Action:
    body = _order_body(restaurant, rng, "as they now are")
    return Action("replace_items", to, body, ("PUT", f"{base}/items"))


def _pay(order: KnownOrder, rng: Random, base: str) -> Action:
    amount = order.balance if rng.random() < 0.7 else order.balance // 2
    body = {"amount": format_money(amount or rng.randint(1, 900)), "method": "card"}
    return Action("pay", order.address, body, ("POST", f"{base}/payments"))
