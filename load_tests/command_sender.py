"""Sends a client's commands until they are answered, on whatever connection."""

import time
from collections.abc import Callable, Collection
from typing import Any

import gevent
from gevent.event import AsyncResult

from load_tests.channels import Channel, Frame
from load_tests.commands import (
    ChannelClosed,
    Command,
    PendingCommands,
    Refused,
    Reply,
    RequestTimeout,
)
from load_tests.recorder import Recorder
from load_tests.schedule import back_off
from load_tests.socket import LoadSocket
from load_tests.stream_checker import ProtocolViolation, Rule
from restaurant_qr_wire.errors import RETRYABLE_CODES

REPLY_TIMEOUT_S = 10.0
"""Seconds without a reply after which a connection counts as lost."""
TIMEOUT_S = 60.0
DUPLICATE_RATE = 0.02
"""Share of answered commands that are sent again."""


class CommandSender:
    """The commands of one client."""

    def __init__(
        self,
        recorder: Recorder,
        channel: Channel,
        socket: LoadSocket,
        on_violation: Callable[[ProtocolViolation], None],
    ) -> None:
        self._recorder = recorder
        self._channel = channel
        self._socket = socket
        self._on_violation = on_violation
        self._pending = PendingCommands()
        self._probe: Command | None = None

    @property
    def is_catching_up(self) -> bool:
        """Whether a resumed connection has not yet received everything it missed."""
        return self._probe is not None

    def request(self, action: str, expected: Collection[str], fields: dict[str, Any]) -> Reply:
        """Send an action and wait for its ack; rejections in `expected` are no failure."""
        command = Command(action, fields, time.perf_counter())
        name = f"{self._channel.name} {action}"
        try:
            reply = self._send_until_answered(command)
        except Refused as refused:
            self._recorder.command_done("WS", name, command.sent_at, refused, expected)
            raise
        except RequestTimeout as error:
            self._recorder.request("WS", name, command.sent_at, error)
            raise
        self._recorder.command_done("WS", name, command.sent_at, reply)
        if self._recorder.random.random() < DUPLICATE_RATE:
            self._send_duplicate(command, reply)
        return reply

    def on_reply(self, frame: Frame) -> None:
        """Resolve an ack or error. Raises ProtocolViolation if no command waits for it."""
        if "request_id" in frame:
            self._pending.resolve(frame)

    def resume(self, began: float, on_caught_up: Callable[[float], None] | None) -> None:
        """After connecting: request a snapshot if resuming, then resend pending commands.

        The reply to that snapshot request shows that everything missed before it has arrived.
        """
        if self._probe is not None:
            self._pending.discard(self._probe)
            self._probe = None
        if on_caught_up is not None:
            self._probe = Command(self._channel.snapshot_action, {}, began)
            self._probe.on_reply = lambda _: self._caught_up(on_caught_up, began)
            self._pending.add(self._probe)
            self._send(self._probe)
        for command in self._pending.not_sent_on(self._socket.number):
            self._send(command)

    def _caught_up(self, on_caught_up: Callable[[float], None], began: float) -> None:
        self._probe = None
        on_caught_up(began)

    def _send_until_answered(self, command: Command) -> Reply:
        deadline = command.sent_at + TIMEOUT_S
        try:
            while True:
                frame = self._send_once(command)
                code = None if frame is None else frame.get("code")
                if frame is not None and code not in RETRYABLE_CODES:
                    break
                if time.perf_counter() > deadline:
                    raise RequestTimeout(
                        f"{command.action}: {code or 'no answer'} for {TIMEOUT_S:.0f} s"
                    )
                self._recorder.counters.count(code or "unanswered")
                if frame is None:
                    self._socket.cut()
                else:
                    gevent.sleep(back_off(command.tries, self._recorder.random))
                    command.sent_on = 0
        finally:
            self._pending.discard(command)
        if "error" in frame:
            raise Refused(str(code), frame["error"])
        return Reply(frame["data"], command.sent_at, once=command.tries == 1)

    def _send_once(self, command: Command) -> Frame | None:
        """Its reply on this connection or a later one; None if none came in time."""
        waiting = AsyncResult()
        command.on_reply = waiting.set
        self._pending.add(command)
        self._send(command)
        try:
            reply: Frame = waiting.get(timeout=REPLY_TIMEOUT_S)
        except gevent.Timeout:
            self._socket.raise_if_ended()
            return None
        return reply

    def _send(self, command: Command) -> None:
        """Send once per connection; without one, the next connection sends it."""
        if not self._socket.is_connected or command.sent_on == self._socket.number:
            return
        command.sent_on = self._socket.number
        command.tries += 1
        if command.tries > 1:
            self._recorder.counters.count("sent again")
        self._socket.send(command.frame())

    def _send_duplicate(self, command: Command, first: Reply) -> None:
        """Send an answered request again: its result must be the same."""
        again = Command(
            command.action, command.fields, time.perf_counter(), request_id=command.request_id
        )
        self._recorder.counters.count("sent again")
        try:
            second = self._send_until_answered(again).data
        except Refused as refused:
            self._on_violation(ProtocolViolation(Rule.CHANGED_RESULT, str(refused)))
        except (ChannelClosed, RequestTimeout):
            pass
        else:
            if second != first.data and command.action != self._channel.snapshot_action:
                where = f"{command.action}: {first.data}, then {second}"
                self._on_violation(ProtocolViolation(Rule.CHANGED_RESULT, where))
