"""One topic's connections on this gateway: each gets each `seq` once and in order, or a snapshot
instead."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from engine.messages import Published, Subscribed
from gateway.metrics import DELIVERED, HANDLER_ERRORS
from gateway.server.frames import TextFrame, encode_text_frame
from protocol.caller import Role
from protocol.errors import CloseCode, Rejected

log = logging.getLogger(__name__)

INITIAL_BACKOFF_S = 0.05
NO_EPOCH = ""
"""Matches no epoch, so the host answers with a snapshot."""

FrameCheck = Callable[[Subscribed | Published], Rejected | None]
"""Returns why a connection must be closed instead of being sent these frames."""


class Subscriber(Protocol):
    """A connection, or an object that subscribes on behalf of several."""

    @property
    def id(self) -> int:
        """Unique on this gateway."""

    def send(self, frame: TextFrame, *, solicited: bool = False) -> None: ...

    def close(self, code: CloseCode, reason: str) -> None: ...


@dataclass(slots=True, eq=False)
class Subscription:
    """One connection. `last_seq` is the last `seq` that it was sent; None before its first.
    `refused` is why it may not subscribe."""

    connection: Subscriber
    role: Role
    check: FrameCheck | None = None
    last_seq: int | None = None
    refused: Rejected | None = None

    def deliver(self, seq: int, frame: TextFrame) -> None:
        """Send an event, unless the connection already has it or lacks an earlier one."""
        if seq - 1 == self.last_seq:
            self.last_seq = seq
            self._send(frame)

    def start(self, subscribed: Subscribed) -> None:
        """Send the frames of the reply to a subscription."""
        for payload in subscribed.variants.get(self.role) or subscribed.frames:
            self._send(encode_text_frame(payload), solicited=True)
        self.last_seq = subscribed.seq

    def admits(self, sent: Subscribed | Published) -> bool:
        """Whether the connection may be sent these frames; if not, it is closed."""
        refused = None if self.check is None else self.check(sent)
        if refused is not None:
            self.connection.close(refused.close_code, refused.error[:120])
        return refused is None

    def is_past(self, seq: int) -> bool:
        """Whether an event is older than what the connection has, or than its subscription."""
        return self.last_seq is None or seq < self.last_seq

    def _send(self, frame: TextFrame, *, solicited: bool = False) -> None:
        try:
            self.connection.send(frame, solicited=solicited)
        except Exception:  # must not affect the other connections
            HANDLER_ERRORS.add()
            log.exception("cannot pass an event to a connection; closing it")
            self.connection.close(CloseCode.RESTART, "An event could not be sent. Reconnect.")


@dataclass(slots=True, eq=False)
class TopicSubscribers:
    """The connections of one topic. `last_seq` is the last `seq` that was received. The topic has
    `moved` if the gateway has not subscribed to it at its new host yet."""

    epoch: str = NO_EPOCH
    last_seq: int | None = None
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    resubscribing: bool = False
    moved: bool = False
    retry: asyncio.TimerHandle | None = None
    backoff_s: float = INITIAL_BACKOFF_S

    def lowest_seq(self) -> int | None:
        """The last `seq` that all subscribed connections have; None if none is subscribed yet."""
        seqs = [each.last_seq for each in self.subscriptions.values() if each.last_seq is not None]
        return min(seqs, default=None)

    def deliver(self, first: int, sent: Subscribed | Published) -> None:
        """Pass events to the connections, encoded once for each audience; `first` is the first
        one's `seq`."""
        last = first + len(sent.frames) - 1
        subscriptions = [
            each
            for each in list(self.subscriptions.values())
            if each.check is None or each.is_past(last) or each.admits(sent)
        ]
        variants = {role: payloads for role, payloads in sent.variants.items() if payloads}
        _deliver(first, sent.frames, [each for each in subscriptions if each.role not in variants])
        for role, payloads in variants.items():
            _deliver(first, payloads, [each for each in subscriptions if each.role == role])
        DELIVERED.add(len(sent.frames) * len(subscriptions))
        self.last_seq = max(self.last_seq or 0, last)

    def catch_up(self, subscribed: Subscribed) -> None:
        """Send each connection the events that it missed, or the snapshot."""
        if subscribed.resumed:
            self.deliver(subscribed.seq - len(subscribed.frames) + 1, subscribed)
        else:
            for subscription in list(self.subscriptions.values()):
                if subscription.last_seq is not None and subscription.admits(subscribed):
                    subscription.start(subscribed)
        self.epoch, self.last_seq = subscribed.epoch, subscribed.seq

    def cancel_retry(self) -> None:
        """Cancel a scheduled resubscription."""
        if self.retry is not None:
            self.retry.cancel()
            self.retry = None


def _deliver(first: int, payloads: Iterable[bytes], subscriptions: list[Subscription]) -> None:
    if not subscriptions:
        return
    for seq, payload in enumerate(payloads, first):
        frame = encode_text_frame(payload)
        for subscription in subscriptions:
            subscription.deliver(seq, frame)
