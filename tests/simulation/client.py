"""A client with one WebSocket: reconnects after a loss and resumes from its position."""

import asyncio
from random import Random
from typing import Any

import orjson

from protocol.caller import Role
from protocol.errors import CloseCode
from protocol.ids import Address, Kind, Topic
from restaurant_qr_wire.channels import PATHS
from storage import keys
from tests.simulation.client_socket import SimSocket
from tests.simulation.client_view import ClientView, Violation
from tests.simulation.request import Response, SimRequest
from tests.simulation.tokens import token
from tests.simulation.world import SimWorld

RECONNECT_CODES = frozenset({1006, 1012, 4408})
_AFTER_DATA_LOSS = frozenset({CloseCode.NOT_FOUND, CloseCode.UNAUTHENTICATED})
"""Close codes allowed after data loss: the entity may be gone or its session closed."""
REPLY_TIMEOUT_S = 20.0
MIN_BACKOFF_S = 1.0
MAX_BACKOFF_S = 8.0


class SimClient:
    """A client on one channel; `subject` is its identity to the service."""

    def __init__(self, world: SimWorld, rng: Random, topic: Topic, role: Role, **ids: int) -> None:
        self.topic = topic
        self.role = role
        self.name = f"d{len(world.clients)}"
        self.view = ClientView(
            topic, role, world.commit_log, world.snapshots, world.faults,
            lambda: world.may_have_two_owners, self._epoch_now,
        )  # fmt: skip
        self.is_open = True
        self.in_flight = 0
        own = ids.get("waiter_id") if role is Role.WAITER else self.name
        self.subject = f"{role.value}:{own}"
        self._token = token(role, self.name, **ids)
        self._session = (
            Address(Kind.SESSION, ids["session_id"], topic.address.restaurant)
            if role is Role.GUEST
            else None
        )
        self._world = world
        self._rng = rng
        self._socket: SimSocket | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending: dict[str, asyncio.Future[Response | None]] = {}
        self._backoff_s = MIN_BACKOFF_S
        self._wire = rng.random() < 0.5
        world.clients.append(self)
        self._connect()

    @property
    def has_closed_session(self) -> bool:
        """Whether it is a guest's and its session is closed."""
        if self._session is None:
            return False
        fields = self._world.server.value_of(keys.entity(self._session)) or {}
        return bool(fields.get(b"s:status") == b'"closed"')

    def _epoch_now(self) -> str | None:
        fields = self._world.server.value_of(keys.entity(self.topic.address)) or {}
        return fields[b"epoch"].decode() if b"epoch" in fields else None

    async def send_request(self, request: SimRequest) -> Response | None:
        """The response, or None if none came in time."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), REPLY_TIMEOUT_S)
        except TimeoutError:
            return None
        if self._socket is None or not self._socket.is_open:
            return None
        response = self._pending.get(request.request_id)
        if response is None:
            response = self._pending[request.request_id] = loop.create_future()
        self._socket.send(orjson.dumps({**request.body, "request_id": request.request_id}))
        try:
            return await asyncio.wait_for(asyncio.shield(response), REPLY_TIMEOUT_S)
        except TimeoutError:
            return None

    def close(self) -> None:
        """Close it for good."""
        self.is_open = False
        if self._socket is not None and self._socket.is_open:
            self._socket.close()
        self._fail_pending()

    # --- the connection --------------------------------------------------------------------------

    def _connect(self) -> None:
        world = self._world
        if not self.is_open:
            return
        gateway = world.pick_gateway(self._rng)
        if gateway is None:
            world.network.later(0.2, self._connect)
            return
        query = self.view.resume_query()
        world.trace.add("connect", self.name, str(self.topic), gateway.name, query.get("since"))
        self._socket = SimSocket(
            gateway,
            world.network,
            world.rngs["clients"],
            world.faults,
            self._on_frame,
            self._on_close,
        )
        path = PATHS[self.topic.channel].replace("{id}", str(self.topic.address.id))
        self._socket.start(path, self._token, query)
        self._ready = asyncio.get_running_loop().create_future()
        world.network.later(0.01, self._is_ready, self._ready)

    @staticmethod
    def _is_ready(ready: asyncio.Future[None]) -> None:
        if not ready.done():
            ready.set_result(None)

    def _on_close(self, code: int) -> None:
        world = self._world
        world.trace.add("closed", self.name, int(code))
        world.faults.note(f"closed_{int(code)}")
        self._fail_pending()
        is_misrouted = (
            code == CloseCode.NOT_FOUND and self.role is Role.GUEST and world.may_have_two_owners
        )
        if code == CloseCode.UNAUTHENTICATED and self.has_closed_session:
            self.is_open = False
            return
        if code in _AFTER_DATA_LOSS and world.commit_log.has_data_loss:
            self.is_open = False
            return
        if self.is_open and code not in RECONNECT_CODES and not is_misrouted:
            raise Violation(f"{self.topic}: {self.name} was closed with {code}")
        if self.is_open:
            world.network.later(self._rng.random() * self._backoff_s, self._connect)
            self._backoff_s = min(2 * self._backoff_s, MAX_BACKOFF_S)

    def _fail_pending(self) -> None:
        for response in self._pending.values():
            if not response.done():
                response.set_result(None)
        self._pending.clear()

    # --- frames ----------------------------------------------------------------------------------

    def _on_frame(self, payload: bytes) -> None:
        frame = orjson.loads(payload)
        self._world.trace.add("frame", self.name, payload)
        if "error" in frame:
            self._on_response(frame.get("request_id"), parse_rejection(frame))
        elif frame["type"] == "ack":
            self._on_response(frame["request_id"], parse_success(frame["data"]))
        else:
            self._backoff_s = MIN_BACKOFF_S
            self.view.on_frame(frame, payload)
            if "notification_id" in frame["data"]:
                self._world.notification_ids.append(frame["data"]["notification_id"])

    def _on_response(self, request_id: str | None, response: Response) -> None:
        pending = self._pending.pop(request_id or "", None)
        if pending is not None and not pending.done():
            pending.set_result(response)


def parse_success(data: dict[str, Any]) -> Response:
    rest = {name: value for name, value in data.items() if name not in _ACK}
    return Response(None, data["changed"], data["version"], rest, data.get("data"))


def parse_rejection(body: dict[str, Any]) -> Response:
    return Response(body["code"], False, 0, {}, body.get("details"))


_ACK = frozenset({"changed", "version", "data"})
