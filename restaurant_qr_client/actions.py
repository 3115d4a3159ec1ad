"""Actions on their way: one after another, each until it is answered.

What was sent and not answered is sent again on the next connection, with its `request_id`, so that
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
from restaurant_qr_client.protocol import MAX_FRAME_BYTES, RETRIED

Frame = dict[str, Any]
Ask = Callable[["Action"], Awaitable[Frame]]


class Action:
    """One action and its answer to come."""

    def __init__(self, action: str, fields: Frame) -> None:
        frame = {"action": action, "request_id": uuid.uuid4().hex, **fields}
        self.request_id: str = frame["request_id"]
        self.text = json.dumps(frame)
        self.answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        if len(self.text.encode()) > MAX_FRAME_BYTES:
            raise RefusedError(f"The message is larger than {MAX_FRAME_BYTES} bytes.", "too_large")


class Actions:
    """Those of one channel; `limit` may wait."""

    def __init__(self, limit: int, pauses: Backoff) -> None:
        self._limit = limit
        self._pauses = pauses
        self._waiting: deque[Action] = deque()
        self._some = asyncio.Event()
        self._over: Exception | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    async def do(self, action: Action) -> Frame:
        """Its ack, once it is stored, or the data that a `get_*` action asked for. Raises
        RefusedError, QueueFullError or ClosedError. Cancelled, it may be done all the same."""
        if self._over is not None:
            raise self._over
        if len(self._waiting) >= self._limit:
            raise QueueFullError(self._limit)
        self._waiting.append(action)
        self._some.set()
        try:
            return await action.answer
        finally:
            if action in self._waiting:
                self._waiting.remove(action)

    async def send(self, ask: Ask) -> None:
        """Carry them over one connection, as long as it lasts."""
        while True:
            while not self._waiting:
                self._some.clear()
                await self._some.wait()
            action = self._waiting[0]
            answer = await ask(action)
            if answer.get("code") in RETRIED:
                await asyncio.sleep(self._pauses.next())
                continue
            self._pauses.reset()
            if action in self._waiting:
                self._waiting.remove(action)
            _settle(action, answer)

    def end(self, error: Exception) -> None:
        """Nothing will be answered any more."""
        self._over = error
        for action in self._waiting:
            if not action.answer.done():
                action.answer.set_exception(error)


def _settle(action: Action, answer: Frame) -> None:
    if action.answer.done():  # nobody waits any more
        return
    if "error" in answer:
        refused = RefusedError(answer["error"], answer["code"], answer.get("details"))
        action.answer.set_exception(refused)
    else:
        action.answer.set_result(answer["data"])
