"""The rules of a restaurant: its tables and waiters, its menu, what its staff is told.

What it knows of tables and orders it was told by them; of two reports the later version counts.
On its notifications channel the first to acknowledge owns a notification.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from domain import call as calls_
from domain import lifecycle
from domain import menu as menus
from domain import notification as notes
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Context,
    Decision,
    Effect,
    Publication,
    Redirect,
)
from domain.menu import Menu, MenuChanged
from domain.messages import (
    Acknowledged,
    CallHeard,
    CallTimed,
    CreateTable,
    CreateWaiter,
    EscalateCall,
    Notify,
    OrderCard,
    OrderReported,
    PaymentReported,
    PriceItems,
    TableReported,
)
from domain.notification import Notification, NotificationAcknowledged, NotificationAdded
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.statuses import OrderStatus
from protocol.values import format_money

KEPT = 200
"""Notifications that a restaurant's list holds."""
CALL_ESCALATION_S = 60.0
"""How long a call may go unacknowledged before it takes its next step."""


@dataclass(frozen=True, slots=True)
class TableCard:
    """What a restaurant knows of a table: the data of its last `table_update`."""

    version: int
    waiter_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and sums since the restaurant was created; times in seconds, money in minor units."""

    orders: int = 0
    cancelled: int = 0
    payments: int = 0
    revenue: int = 0
    acknowledged: int = 0
    acknowledged_s: float = 0.0
    slowest_acknowledged_s: float = 0.0
    resolved: int = 0
    resolved_s: float = 0.0
    slowest_resolved_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Restaurant:
    id: int
    name: str
    currency: str
    timezone: str
    call_escalation_s: float = CALL_ESCALATION_S
    raised: int = 0
    figures: Figures = Figures()
    menu: Menu = Menu()
    tables: Mapping[int, TableCard] = field(default_factory=dict, metadata={"per_entry": True})
    waiters: Mapping[int, str] = field(default_factory=dict, metadata={"per_entry": True})
    open_orders: Mapping[int, OrderCard] = field(
        default_factory=dict, metadata={"per_entry": True}
    )
    notifications: Mapping[str, Notification] = field(
        default_factory=dict, metadata={"per_entry": True}
    )

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.id)


# --- events --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RestaurantCreated:
    restaurant: Restaurant


@dataclass(frozen=True, slots=True)
class TableAdded:
    """A new table, or one that has changed."""

    table_id: int
    card: TableCard
    new: bool = False


@dataclass(frozen=True, slots=True)
class WaiterAdded:
    waiter_id: int
    name: str


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """What an order is by now; `new` the first time."""

    card: OrderCard
    new: bool
    became_ready: bool


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    card: OrderCard
    amount: int
    method: str


@dataclass(frozen=True, slots=True)
class PaymentCompleted:
    card: OrderCard


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call was acknowledged or resolved after so many seconds."""

    timed: CallTimed


@dataclass(frozen=True, slots=True)
class AlertRaised:
    notification: Notification


@dataclass(frozen=True, slots=True)
class MessageBroadcast:
    message: str
    by: str


def evolve(restaurant: Restaurant | None, event: Any) -> Restaurant:
    if isinstance(event, RestaurantCreated):
        return event.restaurant
    assert restaurant is not None
    was = restaurant
    match event:
        case TableAdded(table_id, card):
            return replace(was, tables={**was.tables, table_id: card})
        case WaiterAdded(waiter_id, name):
            return replace(was, waiters={**was.waiters, waiter_id: name})
        case OrderSeen():
            return _order_seen(was, event)
        case PaymentSeen(card, amount):
            figures = replace(
                was.figures,
                payments=was.figures.payments + 1,
                revenue=was.figures.revenue + amount,
            )
            return replace(_with_order(was, card), figures=figures)
        case PaymentCompleted(card):
            return _with_order(was, card)
        case CallSeen(timed):
            return replace(was, figures=_timed(was.figures, timed))
        case NotificationAdded(note):
            return replace(was, notifications=notes.added(was.notifications, note, KEPT))
        case AlertRaised(note):
            listed = notes.added(was.notifications, note, KEPT)
            return replace(was, raised=was.raised + 1, notifications=listed)
        case NotificationAcknowledged():
            return replace(was, notifications=notes.acknowledged(was.notifications, event))
        case MenuChanged(menu):
            return replace(was, menu=menu)
        case MessageBroadcast():
            return was
    raise TypeError(f"a restaurant knows no {type(event).__name__}")


def _order_seen(was: Restaurant, event: OrderSeen) -> Restaurant:
    figures = was.figures
    if event.new:
        figures = replace(figures, orders=figures.orders + 1)
    if event.card.status is OrderStatus.CANCELLED and event.card.order_id in was.open_orders:
        figures = replace(figures, cancelled=figures.cancelled + 1)
    return replace(_with_order(was, event.card), figures=figures)


def _with_order(was: Restaurant, card: OrderCard) -> Restaurant:
    """The list of open orders: those that are still to be done or paid."""
    if lifecycle.ORDER[card.status] or card.balance:
        return replace(was, open_orders={**was.open_orders, card.order_id: card})
    left = {id_: each for id_, each in was.open_orders.items() if id_ != card.order_id}
    return replace(was, open_orders=left)


def _timed(figures: Figures, timed: CallTimed) -> Figures:
    if timed.acknowledged_s is not None:
        return replace(
            figures,
            acknowledged=figures.acknowledged + 1,
            acknowledged_s=figures.acknowledged_s + timed.acknowledged_s,
            slowest_acknowledged_s=max(figures.slowest_acknowledged_s, timed.acknowledged_s),
        )
    took = timed.resolved_s or 0.0
    return replace(
        figures,
        resolved=figures.resolved + 1,
        resolved_s=figures.resolved_s + took,
        slowest_resolved_s=max(figures.slowest_resolved_s, took),
    )


# --- decide --------------------------------------------------------------------------------------


def decide(
    restaurant: Restaurant | None, command: Any, context: Context
) -> Decision | Rejected | Redirect:
    if isinstance(command, c.CreateRestaurant):
        return UNCHANGED if restaurant is not None else _create(command, context)
    if restaurant is None:
        return Rejected(Code.NOT_FOUND, f"There is no restaurant {context.address.id}.")
    match command:
        case c.AddTable():
            return _add_table(restaurant, command, context)
        case c.AddWaiter():
            return _add_waiter(restaurant, command, context)
        case c.ReplaceMenu():
            return _menu_changed(restaurant, menus.replaced(restaurant.menu, command))
        case c.ChangeMenuItem():
            return _menu_changed(restaurant, menus.changed(restaurant.menu, command))
        case c.Acknowledge():
            return _acknowledge(restaurant, command, context)
        case c.RaiseAlert():
            return _alert(restaurant, command, context)
        case c.Broadcast():
            return Decision((MessageBroadcast(command.message, context.caller.subject),))
        case PriceItems(ids):
            prices = menus.prices(restaurant.menu, ids)
            return prices if isinstance(prices, Rejected) else Decision(result={"prices": prices})
    return _told(restaurant, command)


def _told(restaurant: Restaurant, message: Any) -> Decision | Rejected:
    """What other entities report."""
    match message:
        case OrderReported():
            return _order_reported(restaurant, message)
        case PaymentReported():
            return _payment_reported(message)
        case TableReported(table_id, version, waiter_id, data):
            known = restaurant.tables.get(table_id)
            if known is not None and known.version >= version:
                return UNCHANGED
            return Decision((TableAdded(table_id, TableCard(version, waiter_id, data)),))
        case Notify(note):
            return Decision((NotificationAdded(note),))
        case Acknowledged(notification_id, at, by):
            return _acknowledged_elsewhere(restaurant, notification_id, at, by)
        case EscalateCall():
            return _escalate(restaurant, message)
        case CallTimed():
            return Decision((CallSeen(message),))
    return Rejected(Code.UNKNOWN_ACTION, "A restaurant does not do that.")


def _create(command: c.CreateRestaurant, context: Context) -> Decision:
    restaurant = Restaurant(
        context.address.id, command.name, command.currency, command.timezone
    )
    return Decision((RestaurantCreated(restaurant),), result={"restaurant_id": restaurant.id})


def _add_table(restaurant: Restaurant, command: c.AddTable, context: Context) -> Decision:
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
    data = {
        "table_id": table_id,
        "table_number": command.number,
        "is_occupied": False,
        "is_active": True,
        "zone": command.zone,
        "seats": command.seats,
        "waiter_id": command.waiter_id,
        "restaurant": restaurant.name,
        "restaurant_id": restaurant.id,
        "session": None,
    }
    return Decision(
        (TableAdded(table_id, TableCard(1, command.waiter_id, data), new=True),),
        (Effect(restaurant.at(Kind.TABLE, table_id), creation, creates=True),),
        result={"table_id": table_id},
    )


def _add_waiter(restaurant: Restaurant, command: c.AddWaiter, context: Context) -> Decision:
    waiter_id = context.supplies.id
    assert waiter_id is not None
    creation = CreateWaiter(command.name, restaurant.name)
    return Decision(
        (WaiterAdded(waiter_id, command.name),),
        (Effect(restaurant.at(Kind.WAITER, waiter_id), creation, creates=True),),
        result={"waiter_id": waiter_id},
    )


def _menu_changed(restaurant: Restaurant, after: Menu | Rejected) -> Decision | Rejected:
    if isinstance(after, Rejected):
        return after
    if after is restaurant.menu:
        return UNCHANGED
    return Decision((MenuChanged(after),), result={"menu_version": after.version})


def _alert(restaurant: Restaurant, command: c.RaiseAlert, context: Context) -> Decision:
    waiter_ids = tuple(restaurant.waiters)
    note = Notification(
        notification_id=f"restaurant-{restaurant.id}-{restaurant.raised + 1}",
        type="alert",
        kind="alert",
        data={"message": command.message, "table_id": command.table_id},
        created_at=context.now,
        waiter_ids=waiter_ids,
    )
    return Decision(
        (AlertRaised(note),),
        _to_waiters(restaurant, waiter_ids, Notify(note)),
        result={"notification_id": note.notification_id},
    )


def _to_waiters(
    restaurant: Restaurant, waiter_ids: Iterable[int], message: Any
) -> tuple[Effect, ...]:
    return tuple(Effect(restaurant.at(Kind.WAITER, id_), message) for id_ in waiter_ids)


# --- what others report --------------------------------------------------------------------------


def _order_reported(restaurant: Restaurant, message: OrderReported) -> Decision:
    card = message.card
    known = restaurant.open_orders.get(card.order_id)
    if known is not None and known.version >= card.version:
        return UNCHANGED
    note = message.notification
    is_new = note is not None and note.kind == "new_order"
    is_ready = note is not None and note.kind == "order_ready"
    events: list[Any] = [OrderSeen(card, is_new, is_ready)]
    if note is not None:
        events.append(NotificationAdded(note))
    return Decision(tuple(events))


def _payment_reported(message: PaymentReported) -> Decision:
    events: list[Any] = []
    if message.amount:
        events += [
            PaymentSeen(message.card, message.amount, message.method),
            NotificationAdded(message.notification),
        ]
    if message.completed:
        events.append(PaymentCompleted(message.card))
    return Decision(tuple(events))


def _escalate(restaurant: Restaurant, message: EscalateCall) -> Decision:
    """Step 1 adds every waiter of the zone, step 2 marks it for the managers."""
    note = message.notification
    known = restaurant.notifications.get(note.notification_id)
    told = note.waiter_ids if known is None else known.waiter_ids
    if known is not None and known.acknowledged_at is not None:
        return UNCHANGED
    if message.step == calls_.MANAGERS:
        data = {**note.data, "escalated_to": "managers"}
        return Decision((NotificationAdded(replace(note, data=data, waiter_ids=told)),))
    zone = dict.fromkeys(
        card.waiter_id
        for card in restaurant.tables.values()
        if card.data["zone"] == message.zone and card.waiter_id is not None
    )
    more = tuple(id_ for id_ in zone if id_ not in told)
    after = replace(
        note, data={**note.data, "escalated_to": "zone"}, waiter_ids=(*told, *more)
    )
    return Decision((NotificationAdded(after),), _to_waiters(restaurant, more, Notify(after)))


# --- acknowledging -------------------------------------------------------------------------------


def _acknowledge(
    restaurant: Restaurant, command: c.Acknowledge, context: Context
) -> Decision | Rejected:
    known = notes.find(restaurant.notifications, command.notification_id)
    if isinstance(known, Rejected):
        return known
    if known.acknowledged_at is not None:
        return Decision(result={"acknowledged_by": known.acknowledged_by})
    by = context.caller.subject
    decision = _acknowledged_elsewhere(restaurant, known.notification_id, context.now, by)
    if known.call_id is not None:
        session = restaurant.at(Kind.SESSION, known.data["session_id"])
        heard = Effect(session, CallHeard(known.call_id, context.now, by))
        decision = replace(decision, effects=(*decision.effects, heard))
    return replace(decision, result={"acknowledged_by": by})


def _acknowledged_elsewhere(
    restaurant: Restaurant, notification_id: str, at: Any, by: str
) -> Decision:
    """Take an acknowledgement in and pass it to all waiters that hold the notification."""
    known = restaurant.notifications.get(notification_id)
    if known is None or known.acknowledged_at is not None:
        return UNCHANGED
    return Decision(
        (NotificationAcknowledged(notification_id, at, by),),
        _to_waiters(restaurant, known.waiter_ids, Acknowledged(notification_id, at, by)),
    )


# --- what is seen --------------------------------------------------------------------------------


def publish(event: Any, restaurant: Restaurant) -> Iterable[Publication]:
    match event:
        case OrderSeen(card, new, became_ready):
            if new or became_ready:
                type_ = "new_order" if new else "order_ready"
                return (Publication(Channel.RESTAURANT, type_, order_row(card)),)
        case PaymentCompleted(card):
            return (Publication(Channel.RESTAURANT, "payment_completed", order_row(card)),)
        case TableAdded(_, card):
            return (Publication(Channel.RESTAURANT, "table_update", card.data),)
        case MessageBroadcast(message, by):
            data = {"message": message, "by": by}
            return (Publication(Channel.RESTAURANT, "broadcast", data),)
        case MenuChanged(menu):
            data_ = menus.data_of(menu, restaurant.currency)
            return (Publication(Channel.MENU, "menu_update", data_),)
        case NotificationAdded(note) | AlertRaised(note):
            return (Publication(Channel.NOTIFICATIONS, note.type, notes.row(note)),)
        case NotificationAcknowledged(notification_id):
            row = notes.row(restaurant.notifications[notification_id])
            return (Publication(Channel.NOTIFICATIONS, "notification_acknowledged", row),)
    return ()


def snapshot(restaurant: Restaurant, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    if channel is Channel.MENU:
        data = {"restaurant_id": restaurant.id, "restaurant": restaurant.name}
        return "menu", {**data, **menus.data_of(restaurant.menu, restaurant.currency)}
    if channel is Channel.NOTIFICATIONS:
        return "notifications_list", {
            "restaurant_id": restaurant.id,
            "notifications": notes.listed(restaurant.notifications),
        }
    return "restaurant_status", status_data(restaurant)


def status_data(restaurant: Restaurant) -> dict[str, Any]:
    """The fields of `restaurant_status`."""
    tables = [card.data for card in restaurant.tables.values()]
    return {
        "id": restaurant.id,
        "name": restaurant.name,
        "currency": restaurant.currency,
        "timezone": restaurant.timezone,
        "tables": {
            "total": len(tables),
            "active": sum(table["is_active"] for table in tables),
            "occupied": sum(table["is_occupied"] for table in tables),
            "list": tables,
        },
        "open_orders": [order_row(card) for card in restaurant.open_orders.values()],
        "waiters": [{"waiter_id": id_, "name": name} for id_, name in restaurant.waiters.items()],
        "figures": _figures_data(restaurant.figures),
    }


def _figures_data(figures: Figures) -> dict[str, Any]:
    def mean(total: float, count: int) -> float | None:
        return round(total / count, 1) if count else None

    return {
        "orders": figures.orders,
        "cancelled": figures.cancelled,
        "payments": figures.payments,
        "revenue": format_money(figures.revenue),
        "calls_acknowledged": figures.acknowledged,
        "mean_acknowledged_s": mean(figures.acknowledged_s, figures.acknowledged),
        "slowest_acknowledged_s": round(figures.slowest_acknowledged_s, 1),
        "calls_resolved": figures.resolved,
        "mean_resolved_s": mean(figures.resolved_s, figures.resolved),
        "slowest_resolved_s": round(figures.slowest_resolved_s, 1),
    }


def order_row(card: OrderCard) -> dict[str, Any]:
    """The fields of `new_order`, `order_ready` and `payment_completed`."""
    return {
        "order_id": card.order_id,
        "status": card.status,
        "payment_status": card.payment_status,
        "table_number": card.table_number,
        "items_count": card.items_count,
        "total_amount": format_money(card.total),
        "balance": format_money(card.balance),
        "created_at": card.created_at,
    }


RESTAURANT: Behaviour[Restaurant] = Behaviour(
    Kind.RESTAURANT, Restaurant, decide, evolve, publish, snapshot, lambda restaurant: False
)
