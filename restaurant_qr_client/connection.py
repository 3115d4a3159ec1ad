"""One connection of a channel: receives messages, sends actions, detects its loss.

The tasks of a connection end together when one of them raises.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from restaurant_qr_client.action_queue import Action, ActionQueue, Frame
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.stream_position import FrameKind, StreamPosition

_FIELD_TYPES = {
    "type": str, "data": dict, "seq": int, "epoch": str,
    "request_id": str, "error": str, "code": str, "details": dict,
}  # fmt: skip
PROBE_PAUSE_S = 1.0
"""Delay before repeating a probe that was answered with an error."""


@dataclass(frozen=True, slots=True)
class Message:
    """A snapshot or an event. A snapshot includes all events up to its `seq`."""

    type: str
    data: dict[str, Any]
    seq: int
    is_snapshot: bool


class ConnectionLost(Exception):
    """The connection is unusable: it must be replaced."""


class Connection:
    """Passes each snapshot and event to `publish`, and calls `live` when the data is current.

    `last_message_at` is the wall-clock time of the last message.
    """

    def __init__(
        self,
        socket: ClientConnection,
        position: StreamPosition,
        settings: Settings,
        snapshot_action: str,
        publish: Callable[[Message], None],
        live: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._position = position
        self._settings = settings
        self._snapshot_action = snapshot_action
        self._publish = publish
        self._live = live
        self._is_resumed = position.last is not None
        self._has_snapshot = asyncio.Event()
        self._replies: dict[str, asyncio.Future[Frame]] = {}
        self._query_reply: Frame | None = None
        self.last_message_at = time.time()

    async def run(self, actions: ActionQueue) -> tuple[int, str]:
        """Run until the connection is lost; returns the close code (1006 if none) and reason."""
        try:
            await self._run_tasks(actions)
        except asyncio.CancelledError:  # closed by this side
            await self._socket.close()
            raise
        finally:
            self._socket.transport.abort()  # the close frame may never arrive
        received = self._socket.protocol.close_rcvd
        return (1006, "") if received is None else (received.code, received.reason)

    async def _run_tasks(self, actions: ActionQueue) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._receive())
                group.create_task(self._watch())
                group.create_task(actions.run(self._request))
        except* (ConnectionClosed, ConnectionLost, TimeoutError):
            pass

    async def _receive(self) -> None:
        while True:
            frame = _parse_frame(await self._socket.recv())
            self.last_message_at = time.time()
            if "request_id" in frame:
                self._on_reply(frame)
            elif "error" not in frame:  # one without a request_id precedes a close
                self._on_message(frame)

    def _on_message(self, frame: Frame) -> None:
        kind = self._position.take(frame)
        if kind is FrameKind.GAP:
            raise ConnectionLost("an event is missing")
        if kind is FrameKind.QUERY_REPLY:
            self._query_reply = frame
        elif kind is not FrameKind.DUPLICATE:
            if kind is FrameKind.SNAPSHOT:
                self._has_snapshot.set()
                self._live()
            self._publish(Message(frame["type"], frame["data"], frame["seq"], "epoch" in frame))

    def _on_reply(self, frame: Frame) -> None:
        """Complete a request. The snapshot of a `get_*` action arrives before its ack."""
        snapshot, self._query_reply = self._query_reply, None
        reply = self._replies.pop(frame["request_id"], None)
        if reply is not None and not reply.done():
            reply.set_result(snapshot if snapshot is not None and "error" not in frame else frame)

    async def _request(self, action: Action) -> Frame:
        """The reply to an action. Raises TimeoutError if the connection is dead."""
        reply = self._replies[action.request_id] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(self._settings.timeout):
            await self._socket.send(action.text)
            frame: Frame = await reply
        return frame

    async def _watch(self) -> None:
        """Wait for the first snapshot, then probe after each silence.

        A resumed connection is probed at once, because the service may send nothing after a resume.
        """
        if self._is_resumed:
            await self._probe()
        else:
            async with asyncio.timeout(self._settings.timeout):
                await self._has_snapshot.wait()
        while True:
            remaining = self.last_message_at + self._settings.heartbeat - time.time()
            if 0 < remaining <= self._settings.heartbeat:
                await asyncio.sleep(remaining)
            else:  # or the clock was set back
                await self._probe()

    async def _probe(self) -> None:
        """Request a snapshot, which shows whether events were missed."""
        reply = await self._request(Action(self._snapshot_action, {}))
        while "error" in reply:  # such as `unavailable`
            await asyncio.sleep(PROBE_PAUSE_S)
            reply = await self._request(Action(self._snapshot_action, {}))
        if "seq" not in reply:
            raise ConnectionLost("a probe was answered without a snapshot")
        self._live()
        if self._is_behind(reply):
            await asyncio.sleep(self._settings.timeout)
            if self._is_behind(reply):
                raise ConnectionLost("the last events are missing")

    def _is_behind(self, snapshot: Frame) -> bool:
        last = self._position.last
        return last is None or snapshot["seq"] > last


def _parse_frame(text: str | bytes) -> Frame:
    """The frame in a text. Raises ConnectionLost if it is not a frame of the protocol, since then
    the sender is not the service."""
    try:
        frame: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ConnectionLost("a message is not JSON") from None
    if not isinstance(frame, dict):
        raise ConnectionLost("a message is not an object")
    required = {"error", "code"} if "error" in frame else {"type", "data"}
    is_valid = required <= frame.keys() and all(
        isinstance(frame[name], _FIELD_TYPES[name]) for name in _FIELD_TYPES.keys() & frame.keys()
    )
    if not is_valid:
        raise ConnectionLost("a message does not have the protocol's fields")
    return frame
