"""The rules of staff devices: add, sign in, remove."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from domain.device.state import Device, DeviceAdded, DeviceRemoved, Devices, DeviceSignedIn
from domain.entity import UNCHANGED, Context, Decision
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected

CODE_MINUTES = 10
MAX_DEVICES = 200
"""Devices of one restaurant at a time."""
INVALID_CODE = Rejected(
    Code.NOT_FOUND, "This sign-in code is not good (any more). Ask a manager for another one."
)


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
    if len(devices) - len(over) >= MAX_DEVICES:
        return Rejected(
            Code.RATE_LIMITED, f"There are {MAX_DEVICES} devices. Sign some of them out."
        )
    device = Device(
        role, command.waiter_id, command.label, context.now, context.caller.subject,
        command.shift_hours, context.now + timedelta(minutes=CODE_MINUTES),
    )  # fmt: skip
    added = DeviceAdded(max(last + 1, int(context.now.timestamp() * 1000)), device)
    return Decision((*map(DeviceRemoved, over), added), result={"device_id": added.device_id})


def sign_in(devices: Devices, message: SignIn, context: Context) -> Decision | Rejected:
    device = devices.get(message.device_id)
    if device is None or device.signed_in_at is not None or device.is_over(context.now):
        return INVALID_CODE
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
