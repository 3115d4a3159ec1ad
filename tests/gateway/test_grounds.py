"""What ends a connection: its session or its device, by the frames of their channels."""

from typing import Any

import orjson
import pytest

from gateway.identity import Principal
from gateway.policy import in_reach
from gateway.watches import OpenSession, SignedIn
from protocol.caller import Caller, Role
from protocol.ids import Address, Kind


def frame(type_: str, **data: Any) -> bytes:
    return orjson.dumps({"type": type_, "data": data})


@pytest.mark.parametrize(
    ("frames", "lets_in"),
    [
        pytest.param([], False, id="nothing_is_known"),
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
def test_a_device_is_admitted_only_by_named_events(frames: list[bytes], lets_in: bool) -> None:
    ground = SignedIn()
    for each in frames:
        ground.learn(each)
    assert ground.lets_in(3) is lets_in


def test_a_guest_is_admitted_until_its_session_is_closed() -> None:
    ground = OpenSession()
    ground.learn(frame("session_update", notes="closed", status="open"))
    ground.learn(frame("session_status", status="open", notes=["closed"]))
    assert ground.lets_in(7)
    ground.learn(frame("session_status", status="closed"))
    assert not ground.lets_in(7)


def test_a_guest_can_access_only_named_kinds() -> None:
    guest = Principal(Caller(Role.GUEST, "guest:a"), restaurant_id=1, session_id=7)
    reached = {kind for kind in Kind if in_reach(guest, Address(kind, 7, 1))}
    assert reached == {Kind.SESSION, Kind.ORDER, Kind.TABLE, Kind.RESTAURANT}
    assert not in_reach(guest, Address(Kind.SESSION, 8, 1))
    assert not any(in_reach(guest, Address(kind, 7, 2)) for kind in Kind)
