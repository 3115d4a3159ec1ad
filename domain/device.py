"""Staff devices of a restaurant: a waiter's phone or a kitchen's screen, signed in by a code for a
shift, or until a manager signs it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, cast

from domain.entity import UNCHANGED, Context, Decision
from domain.record import replace
from protocol import commands as c
from protocol import told
from protocol.caller import Role
from protocol.errors import Code, Rejected

CODE_MINUTES = 10
MOST = 200
"""Devices of one restaurant at a time."""
WRONG_CODE = Rejected(
    Code.NOT_FOUND, "This sign-in code is not good (any more). Ask a manager for another one."
)


@dataclass(frozen=True, slots=True)
class Device:
    """Until `code_until` its code signs it in, once; from then on it lasts until `expires_at`."""

    role: Role
    waiter_id: int | None
    label: str
    added_at: datetime
    added_by: str
    shift_hours: float
    code_until: datetime
    signed_in_at: datetime | None = None
    expires_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        return (self.expires_at or self.code_until) <= now


Devices = Mapping[int, Device]


@dataclass(frozen=True, slots=True)
class DeviceAdded:
    device_id: int
    device: Device


@dataclass(frozen=True, slots=True)
class DeviceSignedIn:
    device_id: int
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """Signed out by a manager, or over."""

    device_id: int


@dataclass(frozen=True, slots=True)
class SignIn:
    """A device's code was shown; the gateway has found it to be a true one."""

    action: ClassVar[str] = "sign_in_device"
    device_id: int


def add(
    devices: Devices, last: int, waiters: Mapping[int, str], command: c.AddDevice, context: Context
) -> Decision | Rejected:
    """`last` is the id of the device that was added last. Ids follow the clock, in milliseconds, so
    that a restaurant which a store has forgotten some of gives none of theirs to another."""
    role = Role(command.role)
    if (role is Role.WAITER) != (command.waiter_id is not None):
        why = "waiter_id: a waiter's device needs one, a kitchen's has none."
        return Rejected(Code.INVALID_MESSAGE, why, {"field": "waiter_id"})
    if command.waiter_id is not None and command.waiter_id not in waiters:
        why = f"There is no waiter {command.waiter_id}."
        return Rejected(Code.NOT_FOUND, why, {"field": "waiter_id"})
    over = [id_ for id_, each in devices.items() if each.is_over(context.now)]
    if len(devices) - len(over) >= MOST:
        return Rejected(Code.RATE_LIMITED, f"There are {MOST} devices. Sign some of them out.")
    device = Device(
        role, command.waiter_id, command.label, context.now, context.caller.subject,
        command.shift_hours, context.now + timedelta(minutes=CODE_MINUTES),
    )  # fmt: skip
    added = DeviceAdded(max(last + 1, int(context.now.timestamp() * 1000)), device)
    return Decision((*map(DeviceRemoved, over), added), result={"device_id": added.device_id})


def sign_in(devices: Devices, message: SignIn, context: Context) -> Decision | Rejected:
    device = devices.get(message.device_id)
    if device is None or device.signed_in_at is not None or device.is_over(context.now):
        return WRONG_CODE
    expires_at = context.now + timedelta(hours=device.shift_hours)
    return Decision(
        (DeviceSignedIn(message.device_id, context.now, expires_at),),
        result={
            "role": device.role,
            "waiter_id": device.waiter_id,
            "expires_at": int(expires_at.timestamp()),
        },
    )


def remove(devices: Devices, command: c.RemoveDevice) -> Decision:
    if command.device_id not in devices:
        return UNCHANGED
    return Decision((DeviceRemoved(command.device_id),))


def after(devices: Devices, event: DeviceAdded | DeviceSignedIn | DeviceRemoved) -> Devices:
    match event:
        case DeviceAdded(device_id, device):
            return {**devices, device_id: device}
        case DeviceSignedIn(device_id, at, expires_at):
            signed_in = replace(devices[device_id], signed_in_at=at, expires_at=expires_at)
            return {**devices, device_id: signed_in}
        case DeviceRemoved(device_id):
            return {id_: each for id_, each in devices.items() if id_ != device_id}


def row(device_id: int, device: Device) -> told.Device:
    """A device as managers see it."""
    return {
        "device_id": device_id,
        "label": device.label,
        "role": cast(told.DeviceRole, device.role),
        "waiter_id": device.waiter_id,
        "added_at": device.added_at,
        "added_by": device.added_by,
        "signed_in_at": device.signed_in_at,
        "expires_at": device.expires_at or device.code_until,
    }


def rows(devices: Devices) -> list[told.Device]:
    return [row(id_, device) for id_, device in sorted(devices.items())]
