"""The timers of one host's entities. A timer fires when it is due, and again if handling it
fails."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from engine.outbox_entries import OutboxTimer
from protocol.ids import Address

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
"""First and longest pause between two attempts to handle a failing timer."""


class Clock(Protocol):
    """The wall clock, which determines when timers are due. Waiting uses the event loop's clock."""

    def now(self) -> datetime:
        """The current time, an aware datetime in UTC."""


class _BackOff(NamedTuple):
    """The pause after a failure, in seconds, and the time of the event loop at which it ends."""

    pause: float
    until: float


class Timers:
    """Calls `fire(address, key)` when a timer is due."""

    def __init__(self, clock: Clock, fire: Callable[[Address, str], None]) -> None:
        self._clock, self._fire = clock, fire
        self._handles: dict[Address, dict[str, asyncio.TimerHandle]] = {}
        self._failed: dict[Address, dict[str, _BackOff]] = {}

    def replace(self, address: Address, timers: Iterable[OutboxTimer]) -> None:
        """Replace all timers of an entity."""
        self.cancel(address)
        for timer in timers:
            self._schedule(address, timer)

    def handled(self, address: Address, key: str, timer: OutboxTimer | None) -> None:
        """End the back-off of a timer that was handled. If the timer still exists, it fired early
        because the wall clock was set back, and is scheduled again."""
        failed = self._failed.get(address, {})
        failed.pop(key, None)
        if not failed:
            self._failed.pop(address, None)
        if timer is not None and key not in self._handles.get(address, {}):
            self._schedule(address, timer)

    def retry(self, address: Address, key: str) -> None:
        """Fire a timer again whose handling failed, even if its entity is no longer in memory. The
        pause begins with FIRST_PAUSE_S and doubles up to LONGEST_PAUSE_S."""
        failed = self._failed.setdefault(address, {})
        pause = min(2 * failed[key].pause, LONGEST_PAUSE_S) if key in failed else FIRST_PAUSE_S
        until = asyncio.get_running_loop().time() + pause
        failed[key] = _BackOff(pause, until)
        self._call_at(address, key, until)

    def cancel(self, address: Address) -> None:
        """Stop the timers of an entity. If they are scheduled again, their back-off continues."""
        for handle in self._handles.pop(address, {}).values():
            handle.cancel()

    def forget(self, address: Address) -> None:
        """Stop the timers of an entity, and end their back-off."""
        self.cancel(address)
        self._failed.pop(address, None)

    def close(self) -> None:
        """Stop all timers."""
        for address in list(self._handles):
            self.cancel(address)

    def _schedule(self, address: Address, timer: OutboxTimer) -> None:
        delay = max(0.0, (timer.due - self._clock.now()).total_seconds())
        at = asyncio.get_running_loop().time() + delay
        failed = self._failed.get(address, {}).get(timer.key)
        self._call_at(address, timer.key, at if failed is None else max(at, failed.until))

    def _call_at(self, address: Address, key: str, at: float) -> None:
        handles = self._handles.setdefault(address, {})
        if key in handles:
            handles[key].cancel()
        handles[key] = asyncio.get_running_loop().call_at(at, self._on_due, address, key)

    def _on_due(self, address: Address, key: str) -> None:
        handles = self._handles[address]
        del handles[key]
        if not handles:
            del self._handles[address]
        self._fire(address, key)
