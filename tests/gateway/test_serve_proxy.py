"""Behind Serve's own proxy, the way in without HAProxy: it pickles the scope for the replica."""

import pickle
from typing import Any

from gateway.ingress import UvicornWire, _Tide
from gateway.wire import EXTENSION


def test_a_scope_can_be_handed_on_to_another_process_and_has_no_wire_there() -> None:
    unpicklable: Any = lambda: None  # noqa: E731  # as uvicorn's protocol object is
    scope = {"type": "websocket", "extensions": {EXTENSION: UvicornWire(unpicklable, _Tide())}}
    handed_on = pickle.loads(pickle.dumps(scope))
    assert handed_on == {"type": "websocket", "extensions": {EXTENSION: None}}
