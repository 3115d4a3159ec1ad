"""A client on one socket: it comes back when it is cut off, and resumes where it was."""

import asyncio
from random import Random
from typing import Any

import orjson

from gateway.sockets import PATHS
from protocol.caller import Role
from protocol.errors import CloseCode
from protocol.ids import Address, Kind, Topic
from storage import keys
from tests.simulation.link import Link
from tests.simulation.tokens import token
from tests.simulation.view import View, Violation
from tests.simulation.wish import Answer, Wish
from tests.simulation.world import World

COMES_BACK = frozenset({1006, 1012, 4408})
_LOST = frozenset({CloseCode.NOT_FOUND, CloseCode.UNAUTHENTICATED})
"""What is lost is not there, or was a session that had been closed."""
PATIENCE_S = 20.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 8.0


class Device:
    """Someone's phone or screen on one channel; `subject` is whom the service takes it for."""

    def __init__(self, world: World, chance: Random, topic: Topic, role: Role, **ids: int) -> None:
        self.topic = topic
        self.role = role
        self.name = f"d{len(world.devices)}"
        self.view = View(
            topic, world.truth, world.snapshots, world.faults, lambda: world.two_owners,
            self._epoch_now,
        )  # fmt: skip
        self.is_open = True
        self.wanted = 0
        own = ids.get("waiter_id") if role is Role.WAITER else self.name
        self.subject = f"{role.value}:{own}"
        self._token = token(role, self.name, **ids)
        self._session = (
            Address(Kind.SESSION, ids["session_id"], topic.address.restaurant)
            if role is Role.GUEST
            else None
        )
        self._world = world
        self._chance = chance
        self._link: Link | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked: dict[str, asyncio.Future[Answer | None]] = {}
        self._pause = FIRST_PAUSE_S
        self._wire = chance.random() < 0.5
        world.devices.append(self)
        self._connect()

    @property
    def has_overstayed(self) -> bool:
        """Whether it is a guest's, and its session is closed."""
        if self._session is None:
            return False
        fields = self._world.server.look(keys.entity(self._session)) or {}
        return bool(fields.get(b"s:status") == b'"closed"')

    def _epoch_now(self) -> str | None:
        fields = self._world.server.look(keys.entity(self.topic.address)) or {}
        return fields[b"epoch"].decode() if b"epoch" in fields else None

    async def ask(self, wish: Wish) -> Answer | None:
        """The answer; None where it never came."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), PATIENCE_S)
        except TimeoutError:
            return None
        if self._link is None or not self._link.is_open:
            return None
        answer = self._asked.get(wish.request_id)
        if answer is None:
            answer = self._asked[wish.request_id] = loop.create_future()
        self._link.send(orjson.dumps({**wish.body, "request_id": wish.request_id}))
        try:
            return await asyncio.wait_for(asyncio.shield(answer), PATIENCE_S)
        except TimeoutError:
            return None

    def leave(self) -> None:
        """Close it for good."""
        self.is_open = False
        if self._link is not None and self._link.is_open:
            self._link.leave()
        self._forget()

    # --- the connection --------------------------------------------------------------------------

    def _connect(self) -> None:
        world = self._world
        if not self.is_open:
            return
        front = world.front(self._chance)
        if front is None:
            world.network.later(0.2, self._connect)
            return
        query = self.view.connecting()
        world.trace.tell("connect", self.name, str(self.topic), front.name, query.get("since"))
        self._link = Link(
            front, world.network, world.chance["clients"], world.faults, self._take, self._ended
        )
        path = PATHS[self.topic.channel].replace("{id}", str(self.topic.address.id)) + "/"
        self._link.start(path, self._token, query, wire=self._wire)
        self._ready = asyncio.get_running_loop().create_future()
        world.network.later(0.01, self._is_ready, self._ready)

    @staticmethod
    def _is_ready(ready: asyncio.Future[None]) -> None:
        if not ready.done():
            ready.set_result(None)

    def _ended(self, code: int) -> None:
        world = self._world
        world.trace.tell("closed", self.name, int(code))
        world.faults.note(f"closed_{int(code)}")
        self._forget()
        astray = code == CloseCode.NOT_FOUND and self.role is Role.GUEST and world.two_owners
        if code == CloseCode.UNAUTHENTICATED and self.has_overstayed:
            self.is_open = False
            return
        if code in _LOST and world.truth.has_lost:
            self.is_open = False
            return
        if self.is_open and code not in COMES_BACK and not astray:
            raise Violation(f"{self.topic}: {self.name} was closed with {code}")
        if self.is_open:
            world.network.later(self._chance.random() * self._pause, self._connect)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_S)

    def _forget(self) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_result(None)
        self._asked.clear()

    # --- frames ----------------------------------------------------------------------------------

    def _take(self, payload: bytes) -> None:
        frame = orjson.loads(payload)
        self._world.trace.tell("frame", self.name, payload)
        if "error" in frame:
            self._answered(frame.get("request_id"), refused(frame))
        elif frame["type"] == "ack":
            self._answered(frame["request_id"], done(frame["data"]))
        else:
            self._pause = FIRST_PAUSE_S
            self.view.take(frame, payload)
            if "notification_id" in frame["data"]:
                self._world.notes.append(frame["data"]["notification_id"])

    def _answered(self, request_id: str | None, answer: Answer) -> None:
        asked = self._asked.pop(request_id or "", None)
        if asked is not None and not asked.done():
            asked.set_result(answer)


def done(data: dict[str, Any]) -> Answer:
    rest = {name: value for name, value in data.items() if name not in _ACK}
    return Answer(None, data["changed"], data["version"], rest, data.get("data"))


def refused(body: dict[str, Any]) -> Answer:
    return Answer(body["code"], False, 0, {}, body.get("details"))


_ACK = frozenset({"changed", "version", "data"})
