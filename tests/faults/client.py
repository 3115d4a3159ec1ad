"""The protocol client on asyncio: one channel of one entity over any number of connections.

The rules are those of the load tests' client: every frame is checked (`stream_checker.py`), a lost
connection is resumed with `since` and `epoch`, and unanswered commands are sent again under the
same `request_id` (`commands.py`).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from load_tests.channels import Channel, Frame
from load_tests.commands import (
    ChannelClosed,
    Command,
    PendingCommands,
    Refused,
    Reply,
    RequestTimeout,
)
from load_tests.schedule import back_off
from load_tests.stream_checker import ProtocolViolation, ReceivedKind, Rule, StreamChecker
from restaurant_qr_wire.errors import RETRYABLE_CODES
from tests.faults.socket import TrialSocket, now
from tests.faults.trial_log import TrialLog

REPLY_TIMEOUT_S = 10.0
"""Seconds without a reply after which a connection counts as lost."""
TOTAL_TIMEOUT_S = 120.0
TAIL_TIMEOUT_S = 15.0
"""Seconds within which every event that a snapshot includes must arrive."""


class TrialClient:
    """`state` is the data of the last snapshot or event; `on_event` receives each event."""

    def __init__(
        self,
        log: TrialLog,
        urls: Sequence[str],
        channel: Channel,
        id_: int,
        token: str,
        on_event: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        self.channel = channel
        self.id = id_
        self._log = log
        self._on_event = on_event
        self._checker = StreamChecker(channel)
        self._pending = PendingCommands()
        self._has_snapshot = asyncio.Event()
        self.state: dict[str, Any] = {}
        self._socket = TrialSocket(
            log, urls, lambda: channel.path_of(id_) + self._checker.resume, token,
            self._on_open, self._on_frame,
        )  # fmt: skip

    @property
    def replaced(self) -> int:
        """Snapshots received instead of a resume."""
        return self._checker.replaced

    async def open(self) -> None:
        """Wait for the first snapshot. Raises RequestTimeout."""
        try:
            await asyncio.wait_for(self._has_snapshot.wait(), TOTAL_TIMEOUT_S)
        except TimeoutError:
            raise RequestTimeout(f"{self.channel.name} {self.id}: no snapshot") from None

    async def request(self, action: str, **fields: Any) -> Reply:
        """Send an action until it is answered. Raises Refused, ChannelClosed or RequestTimeout."""
        command = Command(action, fields, now())
        deadline = command.sent_at + TOTAL_TIMEOUT_S
        try:
            while True:
                frame = await self._send_once(command)
                if frame is not None and frame.get("code") not in RETRYABLE_CODES:
                    break
                if self._socket.ended is not None:
                    raise ChannelClosed(
                        f"{self.channel.name} {self.id}: closed with {self._socket.ended}"
                    )
                if now() > deadline:
                    raise RequestTimeout(f"{self.channel.name} {self.id}: {action} is not answered")
                if frame is None:
                    self._log.client_errors["no answer"] += 1
                    self._socket.cut()
                else:
                    self._log.client_errors[frame["code"]] += 1
                    await asyncio.sleep(back_off(command.tries, self._log.random))
                    command.sent_on = 0
        finally:
            self._pending.discard(command)
        self._log.counts["commands"] += 1
        if "error" in frame:
            self._log.counts["refused"] += 1
            raise Refused(frame["code"], frame["error"])
        return Reply(frame["data"], command.sent_at, once=command.tries == 1)

    async def check_tail(self) -> None:
        """Request a snapshot: every event up to it must arrive by itself."""
        await self.request(self.channel.snapshot_action)
        deadline = now() + TAIL_TIMEOUT_S
        while self._checker.is_behind and now() < deadline:
            await asyncio.sleep(0.02)
        if self._checker.is_behind:
            self._on_violation(ProtocolViolation(Rule.MISSING_TAIL, f"after {self._checker.last}"))

    async def close(self) -> None:
        """Check that nothing is missing, then close."""
        try:
            await self.check_tail()
        finally:
            await self._socket.close()

    async def abort(self) -> None:
        """Close without a check."""
        await self._socket.close()

    async def _send_once(self, command: Command) -> Frame | None:
        """Its reply on this connection or a later one; None if none came in time."""
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        command.on_reply = answer.set_result
        self._pending.add(command)
        self._send(command)
        try:
            return await asyncio.wait_for(answer, REPLY_TIMEOUT_S)
        except TimeoutError:
            return None

    def _send(self, command: Command) -> None:
        """Send once per connection; without one, the next connection sends it."""
        if self._socket.is_connected and command.sent_on != self._socket.number:
            command.sent_on = self._socket.number
            command.tries += 1
            self._log.counts["sent again"] += command.tries > 1
            self._socket.send(command.frame())

    def _on_open(self) -> None:
        for command in self._pending.not_sent_on(self._socket.number):
            self._send(command)

    def _on_frame(self, frame: Frame) -> None:
        try:
            received = self._checker.check(frame)
            if received is ReceivedKind.REPLY and "request_id" in frame:
                self._pending.resolve(frame)
        except ProtocolViolation as violation:
            self._on_violation(violation)
            return
        if received in (ReceivedKind.REPLY, ReceivedKind.QUERY_REPLY):
            return
        self.state = frame["data"]
        self._has_snapshot.set()
        if received is ReceivedKind.EVENT:
            self._log.counts["events"] += 1
            self._on_event(frame)

    def _on_violation(self, violation: ProtocolViolation) -> None:
        self._log.violation(self.channel, self.id, violation)
