"""The state of staff devices: a waiter's phone or a kitchen's screen, which a code signs in for one
shift or until a manager signs it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.copy import replace
from protocol.caller import Role


@dataclass(frozen=True, slots=True)
class Device:
    """A staff device. Until `code_until`, its code can sign it in once. It is then signed in until
    `expires_at`."""

    role: Role
    waiter_id: int | None
    label: str
    added_at: datetime
    added_by: str
    shift_hours: float
    code_until: datetime
    signed_in_at: datetime | None = None
    expires_at: datetime | None = None

    def has_expired(self, now: datetime) -> bool:
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
    """A manager has signed the device out, or it has expired."""

    device_id: int


def evolve(devices: Devices, event: DeviceAdded | DeviceSignedIn | DeviceRemoved) -> Devices:
    match event:
        case DeviceAdded(device_id, device):
            return {**devices, device_id: device}
        case DeviceSignedIn(device_id, at, expires_at):
            signed_in = replace(devices[device_id], signed_in_at=at, expires_at=expires_at)
            return {**devices, device_id: signed_in}
        case DeviceRemoved(device_id):
            return {id_: each for id_, each in devices.items() if id_ != device_id}
