"""Commands of sessions."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from protocol.commands.base import Command, Reserves
from protocol.commands.lines import Lines, WithLines
from protocol.ids import Kind
from protocol.statuses import CallReason, CallStatus
from protocol.stored_names import ADDED
from protocol.values import Count, Flag, JoinCode, Money, Reason

CALL_ID = r"^[1-9][0-9]{0,15}-[1-9][0-9]{0,8}$"


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
class PlaceOrder(WithLines, Command):
    creates = Kind.ORDER
    reserves = Reserves.ALL

    action: Literal["place_order"] = "place_order"
    items: Lines
    expected_total: Money | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(WithLines, Command):
    """Prices an order without placing it."""

    action: Literal["quote"] = "quote"
    items: Lines
