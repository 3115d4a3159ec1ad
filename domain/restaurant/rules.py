"""The rules of a restaurant: its tables, waiters and devices, and reports of other entities.

Tables and orders report summaries, of which the one with the highest version is current. The rules
of notifications are in `notifications.py`.
"""

from typing import Any

from domain.device import rules as device_rules
from domain.device.rules import SignIn
from domain.entity import UNCHANGED, Behaviour, Context, Decision, Effect, Redirect
from domain.messages import (
    Acknowledged,
    CallDurationReported,
    CreateMenu,
    CreateTable,
    CreateWaiter,
    EscalateCall,
    HandOverMenu,
    Notify,
    OrderReported,
    PriceLines,
    TableReported,
)
from domain.notifications import NotificationAdded
from domain.restaurant import notifications
from domain.restaurant.state import (
    CallTimingRecorded,
    MenuHandedOver,
    MessageBroadcast,
    OrderBecameReady,
    OrderReceived,
    OrderUpdated,
    PaymentCompleted,
    PaymentRecorded,
    PolicyChanged,
    Restaurant,
    RestaurantCreated,
    TableSummary,
    TableUpdated,
    WaiterAdded,
    evolve,
)
from domain.restaurant.views import publish, snapshot
from domain.table.rules import create_table
from domain.table.views import data_of
from protocol import commands as c
from protocol.errors import UNAVAILABLE, Code, Rejected
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
            return device_rules.add(
                restaurant.devices, restaurant.last_device, restaurant.waiters, command, context
            )
        case c.RemoveDevice():
            return device_rules.remove(restaurant.devices, command)
        case SignIn():
            return device_rules.sign_in(restaurant.devices, command, context)
        case c.Acknowledge():
            return notifications.acknowledge(restaurant, command, context)
        case c.RaiseAlert():
            return notifications.raise_alert(restaurant, command, context)
        case c.Broadcast():
            sent = MessageBroadcast(command.message, context.caller.subject, context.now)
            return Decision((sent,))
        case HandOverMenu():
            return _hand_over_menu(restaurant)
        case c.ReplaceMenu() | c.ChangeMenuItem() | PriceLines():  # sent by an earlier release
            return UNAVAILABLE
    return _receive(restaurant, command, context)


def _receive(restaurant: Restaurant, message: Any, context: Context) -> Decision | Rejected:
    """Handle a message of another entity."""
    match message:
        case OrderReported():
            return _order_reported(restaurant, message, context)
        case TableReported(table_id, version, waiter_id, data):
            current = restaurant.tables.get(table_id)
            if current is not None and current.version >= version:
                return UNCHANGED
            return Decision((TableUpdated(table_id, TableSummary(version, waiter_id, data)),))
        case Notify(note):
            return Decision((NotificationAdded(note),))
        case Acknowledged(notification_id, at, by):
            return notifications.record_acknowledgement(restaurant, notification_id, at, by)
        case EscalateCall():
            return notifications.escalate(restaurant, message)
        case CallDurationReported():
            return Decision((CallTimingRecorded(message),))
    return Rejected(Code.UNKNOWN_ACTION, "A restaurant does not support this action.")


def _create(command: c.CreateRestaurant, context: Context) -> Decision:
    restaurant = Restaurant(
        context.address.id, command.name, command.currency, command.timezone, has_menu_entity=True
    )
    return Decision(
        (RestaurantCreated(restaurant),),
        (_menu_creation(restaurant),),
        result={"restaurant_id": restaurant.id},
    )


def _hand_over_menu(restaurant: Restaurant) -> Decision:
    """Create the entity of a menu that an earlier release has stored in the restaurant's state."""
    if restaurant.has_menu_entity:
        return UNCHANGED
    return Decision((MenuHandedOver(),), (_menu_creation(restaurant),))


def _menu_creation(restaurant: Restaurant) -> Effect:
    creation = CreateMenu(
        restaurant.name, restaurant.currency, restaurant.timezone, restaurant.menu
    )
    return Effect(restaurant.at(Kind.MENU, restaurant.id), creation, creates=True)


def _change(restaurant: Restaurant, command: c.ChangeRestaurant) -> Decision:
    wanted = command.guest_opens_table
    if wanted is None or wanted == restaurant.guest_opens_table:
        return UNCHANGED
    return Decision((PolicyChanged(wanted),))


def _add_table(
    restaurant: Restaurant, command: c.AddTable, context: Context
) -> Decision | Rejected:
    if command.waiter_id is not None and command.waiter_id not in restaurant.waiters:
        error = f"There is no waiter {command.waiter_id}."
        return Rejected(Code.NOT_FOUND, error, {"field": "waiter_id"})
    existing = _table_with_number(restaurant, command.number)
    if existing is not None:
        error = f"number: {command.number} is already the number of table {existing}."
        details = {"field": "number", "table_id": existing}
        return Rejected(Code.INVALID_MESSAGE, f"{error} Choose another one.", details)
    table_id = context.inputs.id
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
    table = create_table(creation, address)
    summary = TableSummary(table.revision, table.waiter_id, data_of(table))
    return Decision(
        (TableUpdated(table_id, summary),),
        (Effect(address, creation, creates=True),),
        result={"table_id": table_id},
    )


def _table_with_number(restaurant: Restaurant, number: str) -> int | None:
    """The id of a table with this number, ignoring case, or None. Earlier releases allowed several
    tables with one number."""
    wanted = number.casefold()
    for id_, summary in restaurant.tables.items():
        if summary.data["table_number"].casefold() == wanted:
            return id_
    return None


def _add_waiter(restaurant: Restaurant, command: c.AddWaiter, context: Context) -> Decision:
    waiter_id = context.inputs.id
    assert waiter_id is not None
    creation = CreateWaiter(command.name, restaurant.name)
    return Decision(
        (WaiterAdded(waiter_id, command.name),),
        (Effect(restaurant.at(Kind.WAITER, waiter_id), creation, creates=True),),
        result={"waiter_id": waiter_id},
    )


def _order_reported(restaurant: Restaurant, message: OrderReported, context: Context) -> Decision:
    """Apply the summary of an order, which is sent once per change, so that payments are counted
    once."""
    summary = message.summary
    current = restaurant.open_orders.get(summary.order_id)
    if current is not None and current.version >= summary.version:
        return UNCHANGED
    event: type = OrderUpdated
    if current is None and summary.status in (OrderStatus.PENDING, OrderStatus.CONFIRMED):
        event = OrderReceived
    elif (
        summary.status is OrderStatus.READY and current and current.status is not OrderStatus.READY
    ):
        event = OrderBecameReady
    events: list[Any] = [event(summary)]
    events += [NotificationAdded(note) for note in message.notifications]
    if message.paid:
        day = local_time(context.now, restaurant.timezone).date().isoformat()
        events.append(PaymentRecorded(summary.order_id, message.paid, day))
    if message.completed:
        events.append(PaymentCompleted(summary))
    return Decision(tuple(events))


RESTAURANT: Behaviour[Restaurant] = Behaviour(
    Kind.RESTAURANT, Restaurant, decide, evolve, publish, snapshot, lambda restaurant: False
)
