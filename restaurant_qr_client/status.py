"""How current a channel is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from restaurant_qr_client.errors import ClosedError


class State(Enum):
    CONNECTING = "connecting"
    """Nothing is known yet."""
    LIVE = "live"
    """All that was told is current."""
    RECONNECTING = "reconnecting"
    """The connection is lost; `since` is when all was last known to be current."""
    STALE = "stale"
    """It is lost for long enough to say so; `since` is the same."""
    CLOSED = "closed"
    """For good: `error` says why."""


@dataclass(frozen=True, slots=True)
class Status:
    state: State
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    error: ClosedError | None = None
