"""Behind Serve's own proxy, the way in without HAProxy: it pickles the scope for the replica."""

import pickle

from gateway.uvicorn_socket import UvicornSocket
from gateway.wire import EXTENSION


def test_a_scope_can_be_handed_on_to_another_process_and_has_no_wire_there() -> None:
    socket = UvicornSocket.__new__(UvicornSocket)
    scope = {"type": "websocket", "extensions": {EXTENSION: socket}}
    handed_on = pickle.loads(pickle.dumps(scope))
    assert handed_on == {"type": "websocket", "extensions": {EXTENSION: None}}
