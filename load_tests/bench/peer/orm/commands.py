"""The commands of the peer with the ORM: each is a transaction, and returns its ack.

A session is saved last, because its receiver reads its orders.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from load_tests.bench.peer import orders
from load_tests.bench.peer.orm.models import MenuItem, Notification, Order, Session, Table
from load_tests.bench.peer.store import Refused, now
from load_tests.bench.peer.views import Row


@transaction.atomic
def place_order(session_id: int, body: dict[str, Any]) -> dict[str, Any]:
    session = Session.objects.select_for_update().get(pk=session_id)

    def on_menu(id_: int) -> Row:
        item: MenuItem = MenuItem.objects.get(restaurant=session.restaurant_id, id=id_)
        return item.fields

    items = [orders.item(on_menu, number, line) for number, line in enumerate(body["items"], 1)]
    order = Order.objects.create(
        restaurant_id=session.restaurant_id,
        session=session,
        table_id=session.table_id,
        table_number=session.table_number,
        waiter_id=session.waiter_id,
        currency=session.currency,
        items=[item for item, _ in items],
        items_count=sum(item["quantity"] for item, _ in items),
        total=sum(total for _, total in items),
        created_at=now(),
    )
    _notify(order)
    return _saved(session) | {"order_id": order.pk}


@transaction.atomic
def update_status(order_id: int, body: dict[str, Any]) -> dict[str, Any]:
    order = Order.objects.select_for_update().get(pk=order_id)
    status = body["status"]
    if not orders.changes(order.fields, status):
        return {"changed": False, "version": order.version}
    order.status = status
    setattr(order, f"{status}_at", now())
    if status == "ready":
        order.items = orders.all_ready(order.items)
    ack = _saved(order)
    if status == "ready":
        _notify(order)
    _saved(order.session)
    return ack


@transaction.atomic
def update_guests_count(session_id: int, body: dict[str, Any]) -> dict[str, Any]:
    guests = body["guests_count"]
    if type(guests) is not int or not 1 <= guests <= 999:
        raise Refused("invalid_message", "guests_count: a number from 1 to 999.")
    session = Session.objects.select_for_update().get(pk=session_id)
    if session.guests_count == guests:
        return {"changed": False, "version": session.version}
    session.guests_count = guests
    _saved(session.table)
    return _saved(session)


def _saved(record: Order | Session | Table) -> dict[str, Any]:
    record.version += 1
    record.save()
    return {"changed": True, "version": record.version}


def _notify(order: Order) -> None:
    Notification.objects.create(
        restaurant_id=order.restaurant_id,
        waiter_id=order.waiter_id,
        body={"type": "order_notification", **orders.note_on(order.fields)},
    )


COMMANDS: dict[str, dict[str, Callable[[int, dict[str, Any]], dict[str, Any]]]] = {
    "session": {"place_order": place_order, "update_guests_count": update_guests_count},
    "order": {"update_status": update_status},
    "restaurant": {},
}
"""Commands by group and action."""
