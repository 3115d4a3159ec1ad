"""The status of a channel: whether its data is current."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from restaurant_qr_client.errors import ClosedError
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.stream import Broadcast

log = logging.getLogger(__name__)


class State(Enum):
    CONNECTING = "connecting"
    """There is no data yet."""
    LIVE = "live"
    """All data is current."""
    RECONNECTING = "reconnecting"
    """The connection is lost; `since` is when all data was last known to be current."""
    STALE = "stale"
    """The connection has been lost for `Settings.stale_after`; `since` as above."""
    CLOSED = "closed"
    """The channel is closed for good; `error` has the reason."""


@dataclass(frozen=True, slots=True)
class Status:
    state: State
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    error: ClosedError | None = None


class StatusTracker:
    """Sets the status of one channel and publishes each change."""

    def __init__(self, settings: Settings, on_change: Callable[[Status], object]) -> None:
        self.current = Status(State.CONNECTING)
        self.changes: Broadcast[Status] = Broadcast(settings.backlog)
        self._stale_after = settings.stale_after
        self._on_change = on_change
        self._stale_timer: asyncio.TimerHandle | None = None

    def live(self) -> None:
        """Mark the data as current."""
        self._cancel_stale_timer()
        if self.current.state is not State.LIVE:
            self._set(Status(State.LIVE))

    def lost(self, last_message_at: float) -> float:
        """Mark the connection as lost. Returns for how many seconds it was live."""
        if self.current.state is not State.LIVE:
            return 0.0
        live_at = self.current.since.timestamp()
        loop = asyncio.get_running_loop()
        self._stale_timer = loop.call_later(self._stale_after, self._set_stale)
        self._set(Status(State.RECONNECTING, datetime.fromtimestamp(last_message_at, UTC)))
        return last_message_at - live_at

    def close(self, error: ClosedError) -> None:
        self._cancel_stale_timer()
        self._set(Status(State.CLOSED, error=error))
        self.changes.end(error)

    def _set_stale(self) -> None:
        self._set(Status(State.STALE, self.current.since))

    def _cancel_stale_timer(self) -> None:
        if self._stale_timer is not None:
            self._stale_timer.cancel()

    def _set(self, status: Status) -> None:
        self.current = status
        self.changes.put(status)
        try:
            self._on_change(status)
        except Exception:
            log.exception("on_status failed")
