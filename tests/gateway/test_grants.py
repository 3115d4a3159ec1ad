"""Grants of guests and devices, which frames of their channels revoke."""

from typing import Any

import orjson
import pytest

from gateway.auth.revocation import DeviceGrant, SessionGrant


def frame(type_: str, **data: Any) -> bytes:
    return orjson.dumps({"type": type_, "data": data})


@pytest.mark.parametrize(
    ("frames", "is_valid"),
    [
        pytest.param([], False, id="no_frame"),
        pytest.param([frame("devices", devices=[{"device_id": 3}])], True, id="listed"),
        pytest.param([frame("devices", devices=[{"device_id": 4}])], False, id="not_listed"),
        pytest.param([frame("device_added", device_id=3)], True, id="added"),
        pytest.param([frame("device_signed_in", device_id=3)], True, id="signed_in"),
        pytest.param(
            [frame("device_added", device_id=3), frame("device_removed", device_id=3)],
            False,
            id="removed",
        ),
        pytest.param([frame("device_suspended", device_id=3)], False, id="unknown_event"),
        pytest.param(
            [frame("device_added", device_id=3), frame("device_suspended", device_id=3)],
            False,
            id="unknown_event_about_a_known_device",
        ),
    ],
)
def test_a_device_is_admitted_only_by_named_events(frames: list[bytes], is_valid: bool) -> None:
    grant = DeviceGrant()
    for each in frames:
        grant.on_frame(each)
    assert grant.is_valid(3) is is_valid


def test_a_guest_is_admitted_until_its_session_is_closed() -> None:
    grant = SessionGrant()
    grant.on_frame(frame("session_update", notes="closed", status="open"))
    grant.on_frame(frame("session_status", status="open", notes=["closed"]))
    assert grant.is_valid(7)
    grant.on_frame(frame("session_status", status="closed"))
    assert not grant.is_valid(7)
