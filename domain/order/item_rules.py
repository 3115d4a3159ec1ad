"""The rules of an order's items.

* Items change while their order is `pending` or `confirmed`. Once it is confirmed, replacing them
  can only add units; only voiding takes units away.
* Guests add items of the menu while the order is pending.
* Staff may void items, or units of them, with a reason until the order is delivered.
* When every item that is not voided is ready, a confirmed order becomes ready by itself after a
  grace period; when all are voided, cancelled.
* A ready item may be recalled until its order is delivered. That makes a ready order confirmed
  again and needs a reason; within the grace period it needs none.
* Items that are ready may be delivered one by one; the last one makes the order delivered.
"""

from typing import Any

from domain import lifecycle
from domain.copy import replace
from domain.entity import UNCHANGED, Context, Decision
from domain.order import item as order_items
from domain.order import lines as order_lines
from domain.order.decision import decide_events
from domain.order.item import Item, Items
from domain.order.state import ItemsChanged, Order, StatusChanged
from domain.portions import excess, portions_taken
from domain.reservations import answer_with, reservation_refusal
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.statuses import ItemStatus, OrderStatus
from protocol.values import format_money

_ITEMS_MAY_CHANGE = (OrderStatus.PENDING, OrderStatus.CONFIRMED)
_ITEMS_MAY_BE_VOIDED = (*_ITEMS_MAY_CHANGE, OrderStatus.READY)


def update_item(order: Order, command: c.UpdateItem, context: Context) -> Decision | Rejected:
    """Set the status of one item."""
    item = _find(order.items, command.item_id)
    if isinstance(item, Rejected):
        return item
    if command.status is item.status:
        return UNCHANGED
    refused = lifecycle.refusal(lifecycle.ITEM, item.status, command.status) or _item_refusal(
        order, command, context
    )
    if refused is not None:
        return refused
    reason = command.reason if command.status is ItemStatus.VOIDED else None
    after = replace(item, status=command.status, reason=reason)
    if command.status is ItemStatus.PENDING:
        after = replace(after, delivered_at=None)
    items = order_items.put(order.items, after)
    return decide_events(order, _items_events(order, items, context, command.reason), context)


def _find(items: Items, item_id: int) -> Item | Rejected:
    for item in items:
        if item.item_id == item_id:
            return item
    return Rejected(Code.NOT_FOUND, f"The order has no item {item_id}.", {"item_id": item_id})


def _item_refusal(order: Order, command: c.UpdateItem, context: Context) -> Rejected | None:
    """A refusal if an item's status cannot change for reasons other than its lifecycle, otherwise
    None."""
    status = command.status
    if status is ItemStatus.VOIDED:
        return _void_refusal(order, context) or _missing_reason(command)
    if status is ItemStatus.PENDING and not context.caller.is_staff:
        return Rejected(Code.FORBIDDEN, "Only staff can recall an item.")
    if order.status is OrderStatus.CONFIRMED:
        return None
    if status is ItemStatus.PENDING and order.status is OrderStatus.READY:
        return _missing_reason(command)
    return _refusal(order, f"set an item to '{status.value}'")


def _missing_reason(command: c.UpdateItem) -> Rejected | None:
    if command.reason is not None:
        return None
    what = "void" if command.status is ItemStatus.VOIDED else "recall"
    return Rejected(Code.INVALID_MESSAGE, f"reason: is required to {what} an item.")


def _details(item: Item) -> dict[str, Any]:
    return {"current": item.status.value, "allowed": [], "item_id": item.item_id}


def _refusal(order: Order, what: str, instead: str = "") -> Rejected:
    """The refusal of something that the order's status does not allow."""
    return Rejected(
        Code.INVALID_TRANSITION,
        f"Cannot {what} because the order is '{order.status.value}'. {instead}".rstrip(),
        {"current": order.status.value, "allowed": []},
    )


# --- units ---------------------------------------------------------------------------------------


def void_items(order: Order, command: c.VoidItems, context: Context) -> Decision | Rejected:
    """Void units of items; those that were voided before stay so."""
    items = order.items
    for voided in command.items:
        item = _find(items, voided.item_id)
        if isinstance(item, Rejected):
            return item
        left = 0 if item.status is ItemStatus.VOIDED else item.quantity
        units = left if voided.units is None else voided.units
        if units > left:
            return Rejected(
                Code.INVALID_TRANSITION,
                f"Cannot void {units} units of item {item.item_id}: at most {left} can be voided.",
                {**_details(item), "units": left},
            )
        if units:
            after = order_items.void_units(
                item, units, command.reason, context.now, context.caller.subject
            )
            items = order_items.put(items, after)
    if items == order.items:
        return UNCHANGED
    refused = _void_refusal(order, context)
    if refused is not None:
        return refused
    total = order_items.total_of(items)
    result = {
        "total_amount": format_money(total),
        "voided_amount": format_money(order.money.total - total),
    }
    return decide_events(order, _items_events(order, items, context), context, result)


def _void_refusal(order: Order, context: Context) -> Rejected | None:
    if not context.caller.is_staff:
        return Rejected(Code.FORBIDDEN, "Only staff can void an item.")
    if order.status in _ITEMS_MAY_BE_VOIDED:
        return None
    return _refusal(order, "void items")


# --- delivery ------------------------------------------------------------------------------------


def deliver_items(order: Order, command: c.DeliverItems, context: Context) -> Decision | Rejected:
    """Deliver items ahead of the others. With the last one, the order is delivered."""
    if not context.caller.is_staff:
        return Rejected(Code.FORBIDDEN, "Only staff can deliver items.")
    items = order.items
    for item_id in command.item_ids:
        item = _find(items, item_id)
        if isinstance(item, Rejected):
            return item
        if item.status is not ItemStatus.READY:
            return Rejected(
                Code.INVALID_TRANSITION,
                f"Cannot deliver item {item_id} because it is '{item.status.value}', not 'ready'.",
                _details(item),
            )
        if item.delivered_at is None:
            items = order_items.put(items, replace(item, delivered_at=context.now))
    if items == order.items or order.status is OrderStatus.DELIVERED:
        return UNCHANGED
    if order.status is OrderStatus.CANCELLED:
        return _refusal(order, "deliver items")
    return decide_events(order, _items_events(order, items, context), context)


# --- lines ---------------------------------------------------------------------------------------


def add_items(order: Order, command: c.AddItems, context: Context) -> Decision | Rejected:
    """Add lines, each as a new item."""
    is_guest = not context.caller.is_staff
    if order.status not in _ITEMS_MAY_CHANGE or (
        is_guest and order.status is not OrderStatus.PENDING
    ):
        return _refusal(order, "add items", "Place a new order.")
    lines = order_lines.price_lines(command, order.currency, context, order.items)
    if isinstance(lines, Rejected):
        return lines
    refused = reservation_refusal(order.reservations, portions_taken(lines), lines, context)
    if refused is not None:
        return refused
    added = order_items.create_items(lines, order.next_item_id)
    items = (*order.items, *added)
    notes_bytes = order_lines.notes_bytes(added) if is_guest else 0
    result = {
        "total_amount": format_money(order_items.total_of(items)),
        "item_ids": [item.item_id for item in added],
    }
    events = _items_events(order, items, context, notes_bytes=notes_bytes)
    return decide_events(order, events, context, result)


def replace_items(order: Order, command: c.ReplaceItems, context: Context) -> Decision | Rejected:
    """Replace all lines; once the order is confirmed, only by more of them."""
    if order.status not in _ITEMS_MAY_CHANGE:
        return _refusal(order, "replace the items", "Place a new order.")
    lines = order_lines.price_lines(command, order.currency, context)
    if isinstance(lines, Rejected):
        return lines
    items = order_items.replace_items(order.items, lines, order.next_item_id)
    if items == order.items:
        return UNCHANGED
    if order.status is OrderStatus.CONFIRMED and order_items.loses_units(order.items, items):
        return _refusal(order, "drop or lower items", "Void them with void_items.")
    more = _more_portions(order, items)
    refused = reservation_refusal(order.reservations, more, lines, context)
    if refused is not None:
        return refused
    result = {"total_amount": format_money(order_items.total_of(items))}
    return decide_events(order, _items_events(order, items, context), context, result)


def _items_events(
    order: Order,
    items: Items,
    context: Context,
    reason: str | None = None,
    notes_bytes: int = 0,
) -> list[Any]:
    """The change of the items, and the status that follows from it; `reason` is why an item is
    recalled."""
    next_item_id = max(order.next_item_id, items[-1].item_id + 1)
    answer = answer_with(_more_portions(order, items), context)
    events: list[Any] = [ItemsChanged(items, next_item_id, notes_bytes, answer)]
    if not order_items.live(items):
        events.append(StatusChanged(OrderStatus.CANCELLED, context.now, "every item was voided"))
    elif order.status is OrderStatus.READY and not order_items.are_ready(items):
        events.append(StatusChanged(OrderStatus.CONFIRMED, context.now, reason))
    elif order_items.are_delivered(items):
        if order.status is OrderStatus.CONFIRMED:
            events.append(StatusChanged(OrderStatus.READY, context.now))
        events.append(StatusChanged(OrderStatus.DELIVERED, context.now))
    return events


def _more_portions(order: Order, items: Items) -> dict[int, int]:
    """The portions that the order takes with these items, and did not take before."""
    return excess(portions_taken(order_items.live(items)), order.portions)
