"""A channel of one entity: reconnects, and delivers each event once and in order."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from restaurant_qr_client.action_queue import Action, ActionQueue
from restaurant_qr_client.connection import Connection, Message
from restaurant_qr_client.errors import ClosedError
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.status import State, Status, StatusTracker
from restaurant_qr_client.stream import Broadcast, Stream
from restaurant_qr_client.stream_position import StreamPosition
from restaurant_qr_client.tokens import Tokens
from restaurant_qr_wire.channels import PATHS, SNAPSHOT_ACTIONS
from restaurant_qr_wire.errors import CloseCode

log = logging.getLogger(__name__)

FINAL = frozenset({CloseCode.BAD_REQUEST, CloseCode.FORBIDDEN, CloseCode.NOT_FOUND})
RATE_LIMITED_PAUSE_S = 5.0
CLOSE_TIMEOUT_S = 1.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

D = TypeVar("D")
"""The data of a channel's snapshots."""


class Channel(Generic[D]):
    """A channel; `status` shows whether its data is current."""

    def __init__(
        self,
        name: str,
        id_: int,
        url: str,
        settings: Settings,
        tokens: Tokens,
        on_status: Callable[[Status, "Channel[Any]"], object],
        on_end: Callable[[], object],
    ) -> None:
        self.name = name
        self.id = id_
        self.url = url + PATHS[name].format(id=id_)
        self._settings = settings
        self._tokens = tokens
        self._on_end = on_end
        self._position = StreamPosition()
        self._actions = ActionQueue(settings.queue, settings.backoff())
        self._messages: Broadcast[Message] = Broadcast(settings.backlog)
        self._tracker = StatusTracker(settings, lambda status: on_status(status, self))
        self._token_is_new = False
        self._task = asyncio.create_task(self._run())

    @property
    def status(self) -> Status:
        return self._tracker.current

    @property
    def queued(self) -> int:
        """The number of actions that wait to be sent or answered."""
        return len(self._actions)

    def messages(self) -> Stream[Message]:
        """A stream of each snapshot and event from now on.

        That of a newly opened channel starts with a snapshot. Raises ClosedError at the end, or
        SlowConsumerError if too many messages wait.
        """
        return self._messages.open()

    def statuses(self) -> Stream[Status]:
        """A stream of the current status and its changes; ends like that of `messages`."""
        return self._tracker.changes.open(self.status)

    async def request(self, action: str, **fields: Any) -> dict[str, Any]:
        """Run an action once. Returns its ack's data once it is stored, or a `get_*` action's data.

        Waits for a connection. Raises RefusedError, QueueFullError or ClosedError.
        """
        return await self._actions.submit(Action(action, fields))

    async def refresh(self) -> D:
        """Request a new snapshot, for data that has no events."""
        return cast(D, await self.request(SNAPSHOT_ACTIONS[self.name]))

    async def close(self) -> None:
        """Close the channel. Pending calls raise ClosedError."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if self.status.state is not State.CLOSED:  # the task had not started
            self._end(ClosedError(1000, "closed by this client"))

    async def _run(self) -> None:
        error = ClosedError(1000, "closed by this client")
        try:
            await self._reconnect()
        except ClosedError as closed:
            error = closed
        except Exception as failed:
            log.exception("channel failed")
            error = ClosedError(1011, f"the client failed: {failed!r}")
        finally:
            self._end(error)

    async def _reconnect(self) -> None:
        """Reconnect after each loss. Raises ClosedError if reconnecting cannot succeed."""
        backoff = self._settings.backoff()
        while True:
            token = self._tokens.current
            code, reason, live_s = await self._connect(token)
            if live_s > self._settings.longest_pause:
                backoff.reset()
            if code in FINAL:
                raise ClosedError(code, reason)
            if code == CloseCode.UNAUTHENTICATED:
                await self._renew_token(token, reason)
            minimum = RATE_LIMITED_PAUSE_S if code == CloseCode.RATE_LIMITED else 0.0
            await asyncio.sleep(minimum + backoff.next())

    async def _connect(self, token: str | None) -> tuple[int, str, float]:
        """Run one connection until it is lost. Returns its close code and reason, and for how many
        seconds it was live."""
        try:
            socket = await connect(
                self.url + self._position.resume,
                additional_headers={"Authorization": f"Bearer {token}"} if token else None,
                open_timeout=self._settings.timeout,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=None,  # probes also detect missing events
                max_size=MAX_MESSAGE_BYTES,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            log.info("cannot connect to %s: %s", self.url, error)
            return 1006, "", 0.0
        connection = Connection(
            socket,
            self._position,
            self._settings,
            SNAPSHOT_ACTIONS[self.name],
            self._messages.put,
            self._tracker.live,
        )
        code, reason = await connection.run(self._actions)
        if self.status.state is State.LIVE:
            self._token_is_new = False
        return code, reason, self._tracker.lost(connection.last_message_at)

    async def _renew_token(self, rejected: str | None, reason: str) -> None:
        """Get another token. Raises ClosedError if there is none, or if a new one was rejected."""
        try:
            token = None if self._token_is_new else await self._tokens.renew(rejected)
        except Exception:
            log.exception("cannot renew the token; retrying with the old one")
            return
        if token is None:
            raise ClosedError(CloseCode.UNAUTHENTICATED, reason)
        self._token_is_new = True

    def _end(self, error: ClosedError) -> None:
        self._on_end()
        self._tracker.close(error)
        self._actions.end(error)
        self._messages.end(error)
