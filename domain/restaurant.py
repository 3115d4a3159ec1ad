"""The rules of a restaurant: its tables and waiters, its menu, what is reported to it.

What it knows of tables and orders it was told by them; of two reports the later version counts.
What its staff is told stands in `restaurant_notices.py`.
"""

from typing import Any

from domain import device as devices
from domain import menu as menus
from domain import restaurant_notices as notices
from domain.device import SignIn
from domain.entity import UNCHANGED, Behaviour, Context, Decision, Effect, Redirect
from domain.menu import MenuChanged, MenuItemChanged
from domain.messages import (
    Acknowledged,
    CallTimed,
    CreateTable,
    CreateWaiter,
    EscalateCall,
    Notify,
    OrderReported,
    PriceItems,
    TableReported,
)
from domain.notification import NotificationAdded
from domain.restaurant_state import (
    CallSeen,
    MessageBroadcast,
    OrderArrived,
    OrderBecameReady,
    OrderSeen,
    PaymentCompleted,
    PaymentSeen,
    PolicyChanged,
    Restaurant,
    RestaurantCreated,
    TableCard,
    TableSeen,
    WaiterAdded,
    evolve,
)
from domain.restaurant_views import publish, snapshot
from domain.table import created, data_of
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Kind
from protocol.statuses import OrderStatus
from protocol.timezones import local_time


def decide(
    restaurant: Restaurant | None, command: Any, context: Context
) -> Decision | Rejected | Redirect:
    if isinstance(command, c.CreateRestaurant):
        if restaurant is not None:
            return Decision(result={"restaurant_id": restaurant.id})
        return _create(command, context)
    if restaurant is None:
        return Rejected(Code.NOT_FOUND, f"There is no restaurant {context.address.id}.")
    match command:
        case c.ChangeRestaurant():
            return _change(restaurant, command)
        case c.AddTable():
            return _add_table(restaurant, command, context)
        case c.AddWaiter():
            return _add_waiter(restaurant, command, context)
        case c.AddDevice():
            return devices.add(
                restaurant.devices, restaurant.last_device, restaurant.waiters, command, context
            )
        case c.RemoveDevice():
            return devices.remove(restaurant.devices, command)
        case SignIn():
            return devices.sign_in(restaurant.devices, command, context)
        case c.ReplaceMenu():
            return _menu_changed(menus.replaced(restaurant.menu, command))
        case c.ChangeMenuItem():
            return _menu_changed(menus.changed(restaurant.menu, command))
        case c.Acknowledge():
            return notices.acknowledged(restaurant, command, context)
        case c.RaiseAlert():
            return notices.alert(restaurant, command, context)
        case c.Broadcast():
            sent = MessageBroadcast(command.message, context.caller.subject, context.now)
            return Decision((sent,))
        case PriceItems(ids):
            prices = menus.prices(restaurant.menu, ids)
            return prices if isinstance(prices, Rejected) else Decision(result={"prices": prices})
    return _told(restaurant, command, context)


def _told(restaurant: Restaurant, message: Any, context: Context) -> Decision | Rejected:
    """What other entities report."""
    match message:
        case OrderReported():
            return _order_reported(restaurant, message, context)
        case TableReported(table_id, version, waiter_id, data):
            known = restaurant.tables.get(table_id)
            if known is not None and known.version >= version:
                return UNCHANGED
            return Decision((TableSeen(table_id, TableCard(version, waiter_id, data)),))
        case Notify(note):
            return Decision((NotificationAdded(note),))
        case Acknowledged(notification_id, at, by):
            return notices.acknowledged_elsewhere(restaurant, notification_id, at, by)
        case EscalateCall():
            return notices.escalated(restaurant, message)
        case CallTimed():
            return Decision((CallSeen(message),))
    return Rejected(Code.UNKNOWN_ACTION, "A restaurant does not do that.")


def _create(command: c.CreateRestaurant, context: Context) -> Decision:
    restaurant = Restaurant(context.address.id, command.name, command.currency, command.timezone)
    return Decision((RestaurantCreated(restaurant),), result={"restaurant_id": restaurant.id})


def _change(restaurant: Restaurant, command: c.ChangeRestaurant) -> Decision:
    wanted = command.guest_opens_table
    if wanted is None or wanted == restaurant.guest_opens_table:
        return UNCHANGED
    return Decision((PolicyChanged(wanted),))


def _add_table(
    restaurant: Restaurant, command: c.AddTable, context: Context
) -> Decision | Rejected:
    if command.waiter_id is not None and command.waiter_id not in restaurant.waiters:
        why = f"There is no waiter {command.waiter_id}."
        return Rejected(Code.NOT_FOUND, why, {"field": "waiter_id"})
    taken = _table_of_number(restaurant, command.number)
    if taken is not None:
        why = f"number: table {taken} of this restaurant has the number {command.number} already."
        details = {"field": "number", "table_id": taken}
        return Rejected(Code.INVALID_MESSAGE, f"{why} Choose another one.", details)
    table_id = context.supplies.id
    assert table_id is not None
    creation = CreateTable(
        number=command.number,
        zone=command.zone,
        seats=command.seats,
        waiter_id=command.waiter_id,
        restaurant_name=restaurant.name,
        currency=restaurant.currency,
        call_escalation_s=restaurant.call_escalation_s,
    )
    address = restaurant.at(Kind.TABLE, table_id)
    table = created(creation, address)
    card = TableCard(table.revision, table.waiter_id, data_of(table))
    return Decision(
        (TableSeen(table_id, card),),
        (Effect(address, creation, creates=True),),
        result={"table_id": table_id},
    )


def _table_of_number(restaurant: Restaurant, number: str) -> int | None:
    """The table with a number, ignoring case. Older restaurants may have two of the same number."""
    wanted = number.casefold()
    for id_, card in restaurant.tables.items():
        if card.data["table_number"].casefold() == wanted:
            return id_
    return None


def _add_waiter(restaurant: Restaurant, command: c.AddWaiter, context: Context) -> Decision:
    waiter_id = context.supplies.id
    assert waiter_id is not None
    creation = CreateWaiter(command.name, restaurant.name)
    return Decision(
        (WaiterAdded(waiter_id, command.name),),
        (Effect(restaurant.at(Kind.WAITER, waiter_id), creation, creates=True),),
        result={"waiter_id": waiter_id},
    )


def _menu_changed(event: MenuChanged | MenuItemChanged | Rejected | None) -> Decision | Rejected:
    if event is None:
        return UNCHANGED
    if isinstance(event, Rejected):
        return event
    version = event.menu.version if isinstance(event, MenuChanged) else event.version
    return Decision((event,), result={"menu_version": version})


def _order_reported(restaurant: Restaurant, message: OrderReported, context: Context) -> Decision:
    """Take in what an order is by now; it says so once a change, so nothing is counted twice."""
    card = message.card
    known = restaurant.open_orders.get(card.order_id)
    if known is not None and known.version >= card.version:
        return UNCHANGED
    seen: type = OrderSeen
    if known is None and card.status is OrderStatus.PENDING:
        seen = OrderArrived
    elif card.status is OrderStatus.READY and known and known.status is not OrderStatus.READY:
        seen = OrderBecameReady
    events: list[Any] = [seen(card)]
    events += [NotificationAdded(note) for note in message.notifications]
    if message.paid:
        day = local_time(context.now, restaurant.timezone).date().isoformat()
        events.append(PaymentSeen(card.order_id, message.paid, day))
    if message.completed:
        events.append(PaymentCompleted(card))
    return Decision(tuple(events))


RESTAURANT: Behaviour[Restaurant] = Behaviour(
    Kind.RESTAURANT, Restaurant, decide, evolve, publish, snapshot, lambda restaurant: False
)
