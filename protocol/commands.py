"""The commands of clients, one class per command.

A WebSocket message and the body of an HTTP request contain the same command. Unknown fields are
refused, so that a misspelt field is an error instead of a silent default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET
from pydantic import (
    ConfigDict,
    Discriminator,
    FailFast,
    Field,
    Tag,
)

from protocol.ids import Kind
from protocol.menu import (
    Categories,
    CategoryRow,
    ClockTime,
    Given,
    GroupRow,
    ItemRow,
    LineOptions,
    OptionGroups,
)
from protocol.statuses import (
    AutoConfirm,
    CallReason,
    CallStatus,
    ItemStatus,
    OrderStatus,
    PaymentMethod,
)
from protocol.stored_names import ADDED
from protocol.timezones import TimeZone
from protocol.values import (
    Count,
    Currency,
    Flag,
    Id,
    JoinCode,
    Label,
    Money,
    Name,
    Notes,
    NotificationId,
    Reason,
    RequestId,
    Text,
    Until,
    Version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The fields of every command. `request_id` identifies retries. A command is refused if
    `expected_version` is not the entity's current version."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    creates: ClassVar[Kind | None] = None
    """The kind of the entity that the command creates."""
    references: ClassVar[Mapping[str, Kind]] = {}
    """Fields that contain the id of another entity of the same restaurant."""

    request_id: RequestId | None = None
    expected_version: Version | None = None

    @property
    def priced_lines(self) -> "tuple[Line, ...]":
        """Lines whose menu items need a price."""
        return ()


_WAITER, _TABLE = {"waiter_id": Kind.WAITER}, {"table_id": Kind.TABLE}

CALL_ID = r"^[1-9][0-9]{0,15}-[1-9][0-9]{0,8}$"


# --- lines of an order ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuLine:
    """A line that orders an item of the menu, with its current name and price."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    menu_item_id: Id
    quantity: Count = 1
    options: LineOptions = field(default=(), metadata=ADDED)
    notes: Notes = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeLine:
    """A line with its own name and price, for staff only."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Name
    unit_price: Money
    quantity: Count = 1
    notes: Notes = ""


def _line_tag(value: Any) -> str:
    if isinstance(value, Mapping):
        return "free" if "name" in value and "menu_item_id" not in value else "menu"
    return "free" if isinstance(value, FreeLine) else "menu"


Line = Annotated[
    Annotated[MenuLine, Tag("menu")] | Annotated[FreeLine, Tag("free")], Discriminator(_line_tag)
]
MAX_LINES = 100
Lines = Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_LINES), FailFast()]


# --- orders --------------------------------------------------------------------------------------


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
class ReplaceItems(Command):
    action: Literal["replace_items"] = "replace_items"
    items: Lines
    expected_total: Money | None = field(default=None, metadata=ADDED)

    @property
    def priced_lines(self) -> tuple[Line, ...]:
        return self.items


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItems(Command):
    """More items for an order; those that it has stay. `expected_total` is that of the new ones."""

    action: Literal["add_items"] = "add_items"
    items: Lines
    expected_total: Money | None = None

    @property
    def priced_lines(self) -> tuple[Line, ...]:
        return self.items


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


# --- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupy(Command):
    creates = Kind.SESSION
    references = _WAITER

    action: Literal["occupy"] = "occupy"
    guests_count: Count = 1
    waiter_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    action: Literal["release"] = "release"
    force: Flag = False
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTable(Command):
    references = _WAITER

    action: Literal["change_table"] = "change_table"
    is_active: Flag | None = None
    zone: Label | None = None
    seats: Count | None = None
    waiter_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTableCode(Command):
    """Voids the printed code of a table."""

    action: Literal["replace_table_code"] = "replace_table_code"


# --- sessions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSession(Command):
    """Joins a session by its code or by its table's code. The gateway handles it itself."""

    action: Literal["join_session"] = "join_session"
    session_code: JoinCode | None = None
    table_code: JoinCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateGuestsCount(Command):
    action: Literal["update_guests_count"] = "update_guests_count"
    guests_count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession(Command):
    action: Literal["close_session"] = "close_session"
    force: Flag = False
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWaiter(Command):
    action: Literal["call_waiter"] = "call_waiter"
    reason: CallReason = CallReason.WAITER


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall(Command):
    """Acknowledges or resolves a call. `call_id` is `<session id>-<number>`, from the result of
    `call_waiter`."""

    action: Literal["update_call"] = "update_call"
    call_id: Annotated[str, Field(pattern=CALL_ID)]
    status: CallStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Command):
    creates = Kind.ORDER

    action: Literal["place_order"] = "place_order"
    items: Lines
    expected_total: Money | None = field(default=None, metadata=ADDED)

    @property
    def priced_lines(self) -> tuple[Line, ...]:
        return self.items


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Command):
    """Prices an order without placing it."""

    action: Literal["quote"] = "quote"
    items: Lines

    @property
    def priced_lines(self) -> tuple[Line, ...]:
        return self.items


# --- waiters -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    action: Literal["acknowledge"] = "acknowledge"
    notification_id: NotificationId


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTask(Command):
    references = _TABLE

    action: Literal["assign_task"] = "assign_task"
    message: Text
    table_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlert(Command):
    references = _TABLE

    action: Literal["raise_alert"] = "raise_alert"
    message: Text
    table_id: Id | None = None


# --- restaurants ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRestaurant(Command):
    creates = Kind.RESTAURANT

    action: Literal["create_restaurant"] = "create_restaurant"
    name: Name
    currency: Currency
    timezone: TimeZone


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRestaurant(Command):
    """Changes the settings of a restaurant. `guest_opens_table`: whether a guest who scans the code
    of a free table opens a session, or only staff can."""

    action: Literal["change_restaurant"] = "change_restaurant"
    guest_opens_table: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTable(Command):
    creates = Kind.TABLE
    references = _WAITER

    action: Literal["add_table"] = "add_table"
    number: Label
    zone: Label
    seats: Count
    waiter_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddWaiter(Command):
    creates = Kind.WAITER

    action: Literal["add_waiter"] = "add_waiter"
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast(Command):
    action: Literal["broadcast"] = "broadcast"
    message: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceMenu(Command):
    """Replaces the menu. Without `option_groups`, the option groups do not change."""

    action: Literal["replace_menu"] = "replace_menu"
    categories: Categories
    option_groups: Given[OptionGroups] = field(default=UNSET, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMenu(Command):
    """The rows of a file. Parts of the menu that are not among them stay, unless `replace`; option
    groups stay if there are none. With `dry_run` nothing changes, and the result has `rows`, which
    say what would, and the `wrong` ones."""

    action: Literal["import_menu"] = "import_menu"
    categories: tuple[CategoryRow, ...] = ()
    items: tuple[ItemRow, ...] = ()
    option_groups: tuple[GroupRow, ...] | None = None
    replace: Flag = False
    dry_run: Flag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMenuItem(Command):
    """`until` is when an item that is not available now will be available again."""

    action: Literal["change_menu_item"] = "change_menu_item"
    item_id: Id
    available: Flag | None = None
    price: Money | None = None
    until: Until | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseOrders(Command):
    """Stops guests' orders until `resume_orders`, or until a time. `message` is shown to them."""

    action: Literal["pause_orders"] = "pause_orders"
    until: Until | None = None
    message: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOrders(Command):
    action: Literal["resume_orders"] = "resume_orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrdering(Command):
    """`day_starts_at` is when the business day begins, `auto_confirm` whose orders are confirmed
    when they are placed: a guest's only after staff have confirmed another one of that session,
    unless `trust_first_order`."""

    action: Literal["change_ordering"] = "change_ordering"
    day_starts_at: ClockTime | None = None
    auto_confirm: AutoConfirm | None = None
    trust_first_order: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDevice(Command):
    """Adds a staff device, which is signed in by a code for one shift."""

    action: Literal["add_device"] = "add_device"
    role: Literal["waiter", "kitchen"]
    waiter_id: Id | None = None
    label: Label
    shift_hours: Annotated[float, Field(gt=0, le=24, strict=True)] = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDevice(Command):
    """Removes a staff device: it is signed out immediately, and its code is void."""

    action: Literal["remove_device"] = "remove_device"
    device_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDevice(Command):
    action: Literal["sign_in_device"] = "sign_in_device"
    device_code: JoinCode


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueToken(Command):
    """Issues a registered token, which is listed and can be revoked at any time."""

    action: Literal["issue_token"] = "issue_token"
    role: Literal["waiter", "kitchen", "manager", "admin"]
    restaurant_id: Id | None = None
    waiter_id: Id | None = None
    label: Label
    hours: Annotated[float, Field(gt=0, le=24, strict=True)] = 12.0


# --- reads ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Get(Command):
    """Reads a channel's snapshot, for the caller only. The action depends on the channel."""

    action: Literal[
        "get_status", "get_items", "get_tasks", "get_notifications", "get_menu", "get_devices"
    ]
