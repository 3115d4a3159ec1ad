"""The action queue of a channel: sends one action at a time and waits for its reply.

An action without a reply is sent again on the next connection with the same `request_id`, so that
it takes effect once.
"""

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from restaurant_qr_client.backoff import Backoff
from restaurant_qr_client.errors import QueueFullError, RefusedError
from restaurant_qr_wire.channels import MAX_FRAME_BYTES
from restaurant_qr_wire.errors import RETRYABLE_CODES

Frame = dict[str, Any]
Send = Callable[["Action"], Awaitable[Frame]]


class Action:
    """One action and its pending result."""

    def __init__(self, action: str, fields: Frame) -> None:
        frame = {"action": action, "request_id": uuid.uuid4().hex, **fields}
        self.request_id: str = frame["request_id"]
        self.text = json.dumps(frame)
        self.result: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        if len(self.text.encode()) > MAX_FRAME_BYTES:
            raise RefusedError(f"The message is larger than {MAX_FRAME_BYTES} bytes.", "too_large")


class ActionQueue:
    """The queued actions of one channel, at most `limit`."""

    def __init__(self, limit: int, backoff: Backoff) -> None:
        self._limit = limit
        self._backoff = backoff
        self._actions: deque[Action] = deque()
        self._added = asyncio.Event()
        self._error: Exception | None = None

    def __len__(self) -> int:
        return len(self._actions)

    async def submit(self, action: Action) -> Frame:
        """Returns the ack's data once the action is stored, or the data of a `get_*` action.

        Raises RefusedError, QueueFullError or ClosedError. A cancelled action may still take
        effect.
        """
        if self._error is not None:
            raise self._error
        if len(self._actions) >= self._limit:
            raise QueueFullError(self._limit)
        self._actions.append(action)
        self._added.set()
        try:
            return await action.result
        finally:
            if action in self._actions:
                self._actions.remove(action)

    async def run(self, send: Send) -> None:
        """Send the actions over one connection until it ends."""
        while True:
            while not self._actions:
                self._added.clear()
                await self._added.wait()
            action = self._actions[0]
            reply = await send(action)
            if reply.get("code") in RETRYABLE_CODES:
                await asyncio.sleep(self._backoff.next())
                continue
            self._backoff.reset()
            if action in self._actions:
                self._actions.remove(action)
            _complete(action, reply)

    def end(self, error: Exception) -> None:
        """Fail all actions, and each that is submitted later."""
        self._error = error
        for action in self._actions:
            if not action.result.done():
                action.result.set_exception(error)


def _complete(action: Action, reply: Frame) -> None:
    if action.result.done():  # its caller was cancelled
        return
    if "error" in reply:
        error = RefusedError(reply["error"], reply["code"], reply.get("details"))
        action.result.set_exception(error)
    else:
        action.result.set_result(reply["data"])
