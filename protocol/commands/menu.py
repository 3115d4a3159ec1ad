"""Commands of menus."""

from dataclasses import dataclass, field
from typing import Literal

from msgspec import UNSET

from protocol.commands.base import Command
from protocol.menu import (
    Categories,
    CategoryRow,
    ClockTime,
    Given,
    GroupRow,
    ItemRow,
    OptionGroups,
    PortionCount,
)
from protocol.statuses import AutoConfirm
from protocol.stored_names import ADDED
from protocol.values import Flag, Id, Minutes, Money, Reason, Seconds, Until


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
    """`until` is when an item that is not available now will be available again. `portions` are
    left to sell from now on; null means that they are not counted."""

    action: Literal["change_menu_item"] = "change_menu_item"
    item_id: Id
    available: Flag | None = None
    price: Money | None = None
    until: Until | None = field(default=None, metadata=ADDED)
    portions: Given[PortionCount] = field(default=UNSET, metadata=ADDED)


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
    unless `trust_first_order`. `empty_session_minutes`: after which a session in which nothing was
    ordered closes, never if 0. `ready_grace_s`: after which an order whose items are all ready
    becomes ready. Both hold for sessions and orders that are new after the change."""

    action: Literal["change_ordering"] = "change_ordering"
    day_starts_at: ClockTime | None = None
    auto_confirm: AutoConfirm | None = None
    trust_first_order: Flag | None = None
    empty_session_minutes: Minutes | None = field(default=None, metadata=ADDED)
    ready_grace_s: Seconds | None = field(default=None, metadata=ADDED)
