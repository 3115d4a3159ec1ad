"""The rules of staff devices: adding, signing in, removing."""

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
"""Validity of a sign-in code, in minutes."""
MAX_DEVICES = 200
"""Maximum number of devices of one restaurant."""
INVALID_CODE = Rejected(
    Code.NOT_FOUND, "This sign-in code is invalid or has expired. Ask a manager for another one."
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Signs a device in. The gateway has verified the signature of its code."""

    action: ClassVar[str] = "sign_in_device"
    device_id: int


def add(
    devices: Devices, last: int, waiters: Mapping[int, str], command: c.AddDevice, context: Context
) -> Decision | Rejected:
    """Add a device and remove expired ones. `last` is the highest id so far. The id is the time in
    milliseconds, or `last` + 1 if that is higher, so that a restaurant whose last writes the store
    has lost does not reuse an id."""
    role = Role(command.role)
    if (role is Role.WAITER) != (command.waiter_id is not None):
        error = "waiter_id: is required for a waiter's device, and not allowed for a kitchen's."
        return Rejected(Code.INVALID_MESSAGE, error, {"field": "waiter_id"})
    if command.waiter_id is not None and command.waiter_id not in waiters:
        error = f"There is no waiter {command.waiter_id}."
        return Rejected(Code.NOT_FOUND, error, {"field": "waiter_id"})
    expired = [id_ for id_, each in devices.items() if each.has_expired(context.now)]
    if len(devices) - len(expired) >= MAX_DEVICES:
        return Rejected(
            Code.RATE_LIMITED,
            f"Cannot add a device because the restaurant has {MAX_DEVICES}. Sign some of them out.",
        )
    device = Device(
        role, command.waiter_id, command.label, context.now, context.caller.subject,
        command.shift_hours, context.now + timedelta(minutes=CODE_MINUTES),
    )  # fmt: skip
    added = DeviceAdded(max(last + 1, int(context.now.timestamp() * 1000)), device)
    return Decision((*map(DeviceRemoved, expired), added), result={"device_id": added.device_id})


def sign_in(devices: Devices, message: SignIn, context: Context) -> Decision | Rejected:
    device = devices.get(message.device_id)
    if device is None or device.signed_in_at is not None or device.has_expired(context.now):
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
