"""One connection of a channel: what comes, what is sent, and whether it lives.

It ends by an exception, and all of it with it; `follow` says by which close code.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from restaurant_qr_client.actions import Action, Actions, Frame
from restaurant_qr_client.sequence import Heard, Sequence
from restaurant_qr_client.settings import Settings

FORM = {
    "type": str, "data": dict, "seq": int, "epoch": str,
    "request_id": str, "error": str, "code": str, "details": dict,
}  # fmt: skip
PROBE_PAUSE_S = 1.0
"""Until what could not be answered is asked again."""


class LostError(Exception):
    """The connection is of no use any more."""


class Connection:
    """`tell` is given each snapshot and event, `live` is called when all that was told is current.

    `heard_at` is when something last came that shows this, by the clock of the wall.
    """

    def __init__(
        self,
        socket: ClientConnection,
        sequence: Sequence,
        settings: Settings,
        look: str,
        tell: Callable[[Frame], None],
        live: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._sequence = sequence
        self._settings = settings
        self._look = look
        self._tell = tell
        self._live = live
        self._resumes = sequence.last is not None
        self._begun = asyncio.Event()
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._looked: Frame | None = None
        self.heard_at = time.time()

    async def follow(self, actions: Actions) -> tuple[int, str]:
        """Until it is lost: the close code and reason, 1006 where there was none."""
        try:
            await self._together(actions)
        except asyncio.CancelledError:  # this side ends it
            await self._socket.close()
            raise
        finally:
            self._socket.transport.abort()  # nobody waits for the goodbye of who may be gone
        received = self._socket.protocol.close_rcvd
        return (1006, "") if received is None else (received.code, received.reason)

    async def _together(self, actions: Actions) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._watch())
                group.create_task(actions.send(self._ask))
        except* (ConnectionClosed, LostError, TimeoutError):
            pass

    # --- what comes ------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            frame = _parsed(await self._socket.recv())
            self.heard_at = time.time()
            if "request_id" in frame:
                self._answered(frame)
            elif "error" not in frame:  # one without a request_id comes before a close
                self._pushed(frame)

    def _pushed(self, frame: Frame) -> None:
        heard = self._sequence.take(frame)
        if heard is Heard.GAP:
            raise LostError("an event is missing")
        if heard is Heard.LOOK:
            self._looked = frame
        elif heard is not Heard.SEEN:
            if heard is Heard.SNAPSHOT:
                self._begun.set()
                self._live()
            self._tell(frame)

    def _answered(self, frame: Frame) -> None:
        """An ack or an error; before the ack of a `get_*` action comes what it asked for."""
        looked, self._looked = self._looked, None
        waiting = self._answers.pop(frame["request_id"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(looked if looked is not None and "error" not in frame else frame)

    # --- what is sent ----------------------------------------------------------------------------

    async def _ask(self, action: Action) -> Frame:
        """Send an action; its answer, or TimeoutError: the connection is dead."""
        answer = asyncio.get_running_loop().create_future()
        self._answers[action.request_id] = answer
        async with asyncio.timeout(self._settings.patience):
            await self._socket.send(action.text)
            frame: Frame = await answer
        return frame

    # --- whether it lives ------------------------------------------------------------------------

    async def _watch(self) -> None:
        """The first message must come; where none need come, and after a silence, ask."""
        if self._resumes:
            await self._check()
        else:
            async with asyncio.timeout(self._settings.patience):
                await self._begun.wait()
        while True:
            left = self.heard_at + self._settings.heartbeat - time.time()
            if 0 < left <= self._settings.heartbeat:
                await asyncio.sleep(left)
            else:  # or the clock was put back
                await self._check()

    async def _check(self) -> None:
        """Ask for a snapshot: only its answer shows that nothing was missed."""
        answer = await self._ask(Action(self._look, {}))
        while "error" in answer:  # such as `unavailable`
            await asyncio.sleep(PROBE_PAUSE_S)
            answer = await self._ask(Action(self._look, {}))
        if "seq" not in answer:
            raise LostError("it did not tell what it was asked for")
        self._live()
        if self._is_behind(answer):
            await asyncio.sleep(self._settings.patience)
            if self._is_behind(answer):
                raise LostError("the last events are missing")

    def _is_behind(self, snapshot: dict[str, Any]) -> bool:
        last = self._sequence.last
        return last is None or snapshot["seq"] > last


def _parsed(text: str | bytes) -> Frame:
    """A frame. Raises LostError where it is none: whoever says such a thing is not the service."""
    try:
        frame: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise LostError("it does not speak JSON") from None
    if not isinstance(frame, dict):
        raise LostError("it does not speak the protocol")
    needed = {"error", "code"} if "error" in frame else {"type", "data"}
    fits = all(isinstance(frame[name], FORM[name]) for name in FORM.keys() & frame.keys())
    if not fits or not needed <= frame.keys():
        raise LostError("it does not speak the protocol")
    return frame
