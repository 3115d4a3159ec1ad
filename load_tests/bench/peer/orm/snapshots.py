"""Snapshots of the peer with the ORM."""

from collections.abc import Callable
from typing import Any

from load_tests.bench.peer import home_views, views
from load_tests.bench.peer.orm.models import Order, Restaurant, Session, Table, Waiter


def order(id_: int) -> dict[str, Any]:
    return views.order(Order.objects.get(pk=id_).fields)


def session(id_: int) -> dict[str, Any]:
    return session_of(Session.objects.get(pk=id_))


def session_of(session: Session) -> dict[str, Any]:
    orders = Order.objects.filter(session=session).order_by("id")
    return views.session_with(session.fields, [order.fields for order in orders])


def table_of(table: Table) -> dict[str, Any]:
    session = table.session
    of_session = {} if session is None else session.fields
    return views.table_of(
        of_session
        | {"session_waiter_id": of_session.get("waiter_id")}
        | table.fields
        | {"restaurant": table.restaurant.name}
    )


def restaurant(id_: int) -> dict[str, Any]:
    tables = Table.objects.filter(restaurant=id_).select_related("restaurant", "session")
    orders = Order.objects.filter(restaurant=id_).exclude(status="cancelled")
    return home_views.restaurant_with(
        Restaurant.objects.get(pk=id_).fields,
        [table_of(table) for table in tables],
        [order.fields for order in orders],
        [waiter.fields for waiter in Waiter.objects.filter(restaurant=id_)],
    )


SNAPSHOTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "order": order,
    "session": session,
    "restaurant": restaurant,
}
"""Snapshots by group."""
