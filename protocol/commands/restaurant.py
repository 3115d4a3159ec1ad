"""Commands of restaurants."""

from dataclasses import dataclass
from typing import Literal

from protocol.commands.base import WAITER_ID, Command
from protocol.ids import Kind
from protocol.timezones import TimeZone
from protocol.values import Count, Currency, Flag, Id, Label, Name, Text


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
    references = WAITER_ID

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
