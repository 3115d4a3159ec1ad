"""Commands of orders."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, FailFast, Field

from protocol.commands.base import Command, Reserves
from protocol.commands.lines import MAX_LINES, Lines, WithLines
from protocol.statuses import ItemStatus, OrderStatus, PaymentMethod
from protocol.stored_names import ADDED
from protocol.values import Count, Id, Money, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStatus(Command):
    action: Literal["update_status"] = "update_status"
    status: OrderStatus
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateItem(Command):
    action: Literal["update_item"] = "update_item"
    item_id: Id
    status: ItemStatus
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceItems(WithLines, Command):
    reserves = Reserves.AVAILABLE

    action: Literal["replace_items"] = "replace_items"
    items: Lines
    expected_total: Money | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItems(WithLines, Command):
    """More items for an order; those that it has stay. `expected_total` is that of the new ones."""

    reserves = Reserves.ALL

    action: Literal["add_items"] = "add_items"
    items: Lines
    expected_total: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidedItem:
    """An item to void: so many units of it, or all that are left."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    item_id: Id
    units: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidItems(Command):
    action: Literal["void_items"] = "void_items"
    items: Annotated[tuple[VoidedItem, ...], Field(min_length=1, max_length=MAX_LINES), FailFast()]
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverItems(Command):
    """Items that were brought to the guests; with the last one the order is delivered."""

    action: Literal["deliver_items"] = "deliver_items"
    item_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_LINES), FailFast()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Command):
    """Records a payment. Requires a `request_id` (over HTTP: `Idempotency-Key`), so that a retry
    is not a second payment."""

    action: Literal["pay"] = "pay"
    amount: Annotated[Money, Field(gt=0)]
    method: PaymentMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Command):
    """Refunds the overpaid amount of an order; all payments if it is cancelled."""

    action: Literal["refund"] = "refund"
    reason: Reason
