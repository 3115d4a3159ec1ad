"""The data of staff devices that managers receive."""

from typing import cast

from domain.device.state import Device, Devices
from protocol.codec import timestamp
from restaurant_qr_wire import messages
from restaurant_qr_wire.values import DeviceRole


def row(device_id: int, device: Device) -> messages.Device:
    """The fields of a device in `devices`, `device_added` and `device_signed_in`."""
    return {
        "device_id": device_id,
        "label": device.label,
        "role": cast(DeviceRole, device.role),
        "waiter_id": device.waiter_id,
        "added_at": timestamp(device.added_at),
        "added_by": device.added_by,
        "signed_in_at": timestamp(device.signed_in_at),
        "expires_at": timestamp(device.expires_at or device.code_until),
    }


def rows(devices: Devices) -> list[messages.Device]:
    return [row(id_, device) for id_, device in sorted(devices.items())]
