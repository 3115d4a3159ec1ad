"""One channel of one entity: it comes back by itself, and tells each event once and in order."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast
from weakref import WeakSet

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from restaurant_qr_client.actions import Action, Actions, Frame
from restaurant_qr_client.backoff import Backoff
from restaurant_qr_client.connection import Connection
from restaurant_qr_client.errors import ClosedError
from restaurant_qr_client.protocol import LOOKS, PATHS, CloseCode
from restaurant_qr_client.sequence import Sequence
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.status import State, Status
from restaurant_qr_client.stream import Stream
from restaurant_qr_client.tokens import Tokens

log = logging.getLogger(__name__)

FINAL = frozenset({CloseCode.MALFORMED, CloseCode.FORBIDDEN, CloseCode.NOT_FOUND})
TOO_MANY_PAUSE_S = 5.0
CLOSE_S = 1.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """A snapshot or an event. A snapshot stands for all up to its `seq`."""

    type: str
    data: dict[str, Any]
    seq: int
    is_snapshot: bool


D = TypeVar("D")
"""What a channel's snapshots say."""


class Channel(Generic[D]):
    """`status` says how current it is."""

    def __init__(
        self,
        name: str,
        id_: int,
        url: str,
        settings: Settings,
        tokens: Tokens,
        on_status: Callable[[Status, "Channel[Any]"], object] | None,
        on_end: Callable[["Channel[Any]"], None],
    ) -> None:
        self.name = name
        self.id = id_
        self.url = url + PATHS[name].format(id=id_)
        self.status = Status(State.CONNECTING)
        self._settings = settings
        self._tokens = tokens
        self._on_status = on_status
        self._on_end = on_end
        self._sequence = Sequence()
        self._actions = Actions(settings.queue, self._pauses())
        self._messages: WeakSet[Stream[Message]] = WeakSet()
        self._statuses: WeakSet[Stream[Status]] = WeakSet()
        self._stale: asyncio.TimerHandle | None = None
        self._token_is_new = False
        self._task = asyncio.create_task(self._run())

    # --- for who uses it -------------------------------------------------------------------------

    def messages(self) -> Stream[Message]:
        """Each snapshot and event from now on. A channel that was just opened begins with its
        snapshot. Ends by ClosedError, or BehindError where too many wait."""
        stream: Stream[Message] = Stream(self._settings.backlog)
        self._messages.add(stream)
        return self._begun(stream)

    def statuses(self) -> Stream[Status]:
        """The status as it is, and each change of it; ends as `messages` does."""
        stream: Stream[Status] = Stream(self._settings.backlog)
        stream.put(self.status)
        self._statuses.add(stream)
        return self._begun(stream)

    async def request(self, action: str, **fields: Any) -> dict[str, Any]:
        """Do something, once: its ack's data when it is stored, or what a `get_*` action asked for.

        Without a connection it waits. Raises RefusedError, QueueFullError, or ClosedError.
        """
        return await self._actions.do(Action(action, fields))

    async def refresh(self) -> D:
        """What a new snapshot says, for what events do not tell."""
        return cast(D, await self.request(LOOKS[self.name]))

    @property
    def queued(self) -> int:
        """How many actions wait to be sent or answered."""
        return len(self._actions)

    async def close(self) -> None:
        """End it from this side; whoever waits for it is told by ClosedError."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if self.status.state is not State.CLOSED:  # it had not begun
            self._end(ClosedError(1000, "closed by this client"))

    # --- one connection after another ------------------------------------------------------------

    async def _run(self) -> None:
        error = ClosedError(1000, "closed by this client")
        try:
            await self._stay()
        except ClosedError as closed:
            error = closed
        except Exception as failed:
            log.exception("the channel failed")
            error = ClosedError(1011, f"the client failed: {failed!r}")
        finally:
            self._end(error)

    async def _stay(self) -> None:
        """Connect, and connect again. Raises ClosedError where that cannot help."""
        pauses = self._pauses()
        while True:
            token = self._tokens.current
            code, reason = await self._once(token)
            if self._lost() > self._settings.longest_pause:
                pauses.reset()
            if code in FINAL:
                raise ClosedError(code, reason)
            if code == CloseCode.UNAUTHENTICATED:
                await self._renew(token, reason)
            at_least = TOO_MANY_PAUSE_S if code == CloseCode.TOO_MANY else 0.0
            await asyncio.sleep(at_least + pauses.next())

    async def _once(self, token: str | None) -> tuple[int, str]:
        """One connection: the code and reason that it was closed with."""
        try:
            socket = await connect(
                self.url + self._sequence.resume,
                additional_headers={"Authorization": f"Bearer {token}"} if token else None,
                open_timeout=self._settings.patience,
                close_timeout=CLOSE_S,
                ping_interval=None,  # a question does more: its answer tells what is missing
                max_size=MAX_MESSAGE_BYTES,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            log.info("could not connect to %s: %s", self.url, error)
            return 1006, ""
        look = LOOKS[self.name]
        self._connection = Connection(
            socket, self._sequence, self._settings, look, self._tell, self._live
        )
        return await self._connection.follow(self._actions)

    async def _renew(self, refused: str | None, reason: str) -> None:
        """Get another token; one that is refused at once was the last."""
        try:
            token = None if self._token_is_new else await self._tokens.after(refused)
        except Exception:
            log.exception("there is no new token yet; the old one is tried again")
            return
        if token is None:
            raise ClosedError(CloseCode.UNAUTHENTICATED, reason)
        self._token_is_new = True

    def _pauses(self) -> Backoff:
        return Backoff(self._settings.first_pause, self._settings.longest_pause)

    # --- how current it is -----------------------------------------------------------------------

    def _live(self) -> None:
        self._token_is_new = False
        self._forget_stale()
        if self.status.state is not State.LIVE:
            self._set(Status(State.LIVE))

    def _lost(self) -> float:
        """The connection is gone; for how many seconds it was live."""
        if self.status.state is not State.LIVE:
            return 0.0
        live_at, heard_at = self.status.since, self._connection.heard_at
        loop = asyncio.get_running_loop()
        self._stale = loop.call_later(self._settings.stale_after, self._say_stale)
        self._set(Status(State.RECONNECTING, datetime.fromtimestamp(heard_at, UTC)))
        return heard_at - live_at.timestamp()

    def _say_stale(self) -> None:
        self._set(Status(State.STALE, self.status.since))

    def _forget_stale(self) -> None:
        if self._stale is not None:
            self._stale.cancel()

    # --- telling ---------------------------------------------------------------------------------

    def _tell(self, frame: Frame) -> None:
        message = Message(frame["type"], frame["data"], frame["seq"], "epoch" in frame)
        for stream in list(self._messages):
            stream.put(message)

    def _set(self, status: Status) -> None:
        self.status = status
        for stream in list(self._statuses):
            stream.put(status)
        if self._on_status is not None:
            try:
                self._on_status(status, self)
            except Exception:
                log.exception("on_status failed")

    def _end(self, error: ClosedError) -> None:
        self._on_end(self)
        self._forget_stale()
        self._set(Status(State.CLOSED, error=error))
        self._actions.end(error)
        streams: tuple[Stream[Any], ...] = (*self._messages, *self._statuses)
        for stream in streams:
            stream.end(error)

    def _begun(self, stream: Stream[Any]) -> Stream[Any]:
        if self.status.error is not None:
            stream.end(self.status.error)
        return stream
