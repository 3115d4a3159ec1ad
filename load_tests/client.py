"""The protocol client for load users: one channel of one entity, over any number of connections.

Every frame is checked (`stream_checker.py`). A lost connection is reopened and resumed from the
last `seq`; unanswered commands are sent again under the same `request_id`.
"""

import time
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event

from load_tests.channels import Channel, Frame
from load_tests.command_sender import TIMEOUT_S, CommandSender
from load_tests.commands import EXPECTED_REFUSALS, ChannelClosed, Refused, Reply, RequestTimeout
from load_tests.recorder import Recorder
from load_tests.socket import LoadSocket
from load_tests.stream_checker import ProtocolViolation, ReceivedKind, Rule, StreamChecker

TAIL_S = 5.0
"""Seconds within which every event that a snapshot includes must arrive."""


class LoadClient:
    """`state` is the data of the last snapshot or event; `on_event` receives each of them."""

    def __init__(
        self,
        recorder: Recorder,
        url: str,
        channel: Channel,
        id_: int,
        token: str,
        on_event: Callable[[Frame], None] | None = None,
    ) -> None:
        self._recorder = recorder
        self._channel = channel
        self._id = id_
        self._on_event = on_event
        self._checker = StreamChecker(channel)
        self._replaced = 0
        self._changed = Event()
        self.state: dict[str, Any] = {}
        place = url.replace("http", "ws", 1) + channel.path_of(id_)
        self._socket = LoadSocket(
            recorder,
            token,
            lambda: place + self._checker.resume,
            self._connected,
            self._on_frame,
            self._changed.set,
        )
        self._sender = CommandSender(recorder, channel, self._socket, self._on_violation)
        self.cut = self._socket.cut
        self.abort = self._socket.abort

    def open(self) -> None:
        """Connect and wait for the first snapshot. Raises ChannelClosed or RequestTimeout."""
        self._socket.start()
        self.wait_until(bool, TIMEOUT_S)

    def request(
        self, action: str, *, expected: Collection[str] = EXPECTED_REFUSALS, **fields: Any
    ) -> Reply:
        """Send an action and wait for its ack. Raises Refused, ChannelClosed or RequestTimeout."""
        return self._sender.request(action, expected, fields)

    def wait_until(self, condition: Callable[[dict[str, Any]], bool], seconds: float) -> None:
        """Wait until the state fulfils the condition. Raises RequestTimeout or ChannelClosed."""
        deadline = time.perf_counter() + seconds
        while not condition(self.state):
            self._socket.raise_if_ended()
            self._changed.clear()
            if not self._changed.wait(max(0.0, deadline - time.perf_counter())):
                raise RequestTimeout(f"{self._channel.name}: waited {seconds:.0f} s in vain")

    def check_tail(self) -> None:
        """Request a snapshot: every event up to it must arrive by itself."""
        self.request(self._channel.snapshot_action)
        deadline = time.perf_counter() + TAIL_S
        while self._checker.is_behind and time.perf_counter() < deadline:
            gevent.sleep(0.02)
        if self._checker.is_behind:
            self._on_violation(ProtocolViolation(Rule.MISSING_TAIL, f"after {self._checker.last}"))

    def close(self) -> None:
        """Check that nothing is missing, and close with a close frame."""
        if not self._socket.is_closed and self.state:
            with suppress(Refused, ChannelClosed, RequestTimeout):  # recorded where it happened
                self.check_tail()
        self._socket.close()

    # --- callbacks of the socket ------------------------------------------------------------------

    def _connected(self, began: float) -> None:
        resumes = self._checker.last is not None
        self._replaced = self._checker.replaced
        self._sender.resume(began, self._caught_up if resumes else None)

    def _caught_up(self, began: float) -> None:
        how = "resumed" if self._checker.replaced == self._replaced else "replaced"
        self._recorder.counters.count(how)
        self._recorder.request("RESUME", f"{self._channel.name}: {how}", began)

    def _on_frame(self, frame: Frame, at: float) -> None:
        before = self.state
        try:
            kind = self._checker.check(frame)
            if kind is ReceivedKind.REPLY:
                self._sender.on_reply(frame)
        except ProtocolViolation as violation:
            self._on_violation(violation)
            return
        if kind is ReceivedKind.REPLY or kind is ReceivedKind.QUERY_REPLY:
            return
        self.state = frame["data"]
        if kind is ReceivedKind.EVENT:
            self._recorder.counters.count("events")
            self._recorder.event_received(
                frame, before, at, catching_up=self._sender.is_catching_up
            )
        self._changed.set()
        if self._on_event is not None:
            try:
                self._on_event(frame)
            except Exception as error:  # must not look like a lost connection
                traceback.print_exc()
                self._recorder.failure(f"{self._channel.name}: user", error)

    def _on_violation(self, violation: ProtocolViolation) -> None:
        self._recorder.violation(self._channel, self._id, violation)
