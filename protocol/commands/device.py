"""Commands of devices and tokens."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from protocol.commands.base import Command
from protocol.values import Id, JoinCode, Label


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
