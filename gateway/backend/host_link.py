"""The gateway's end of a stream to one host: connects, sends queued messages and reads replies."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.codec import Body
from engine.streams import PUSHED, HostUnavailable, Network, Stream
from gateway.backend.message_queue import MessageQueue, PendingMessage
from gateway.backend.publications import Publications
from gateway.metrics import HOSTS_LOST, REPLIES_READ, REPLY_SECONDS
from protocol.ids import Address

log = logging.getLogger(__name__)

REPLY_TIMEOUT_S = 60.0
"""How long after it was queued a sent message may stay unanswered before its stream is aborted."""
IDLE_TIMEOUT_S = 60.0
"""How long an unused stream stays open."""
INITIAL_BACKOFF_S = 0.05
MAX_BACKOFF_S = 1.0
INCARNATION_CHECK_S = 30.0
"""How often a connected host's incarnation is compared with Ray's."""


class LinkOwner(Protocol):
    """Callbacks of a link."""

    def on_reply(
        self, link: "HostLink", to: Address, pending: PendingMessage, reply: Body
    ) -> None: ...

    def on_lost(
        self, link: "HostLink", in_flight: Mapping[Address, Sequence[PendingMessage]]
    ) -> None: ...


class HostLink:
    """The link to one host. It connects when there is something to send, reconnects after a loss,
    and stays connected while `keep_open` is set."""

    def __init__(
        self, host: str, network: Network, owner: LinkOwner, publications: Publications
    ) -> None:
        self.host = host
        self._network, self._owner, self._publications = network, owner, publications
        self._loop = asyncio.get_running_loop()
        self.messages = MessageQueue()
        self._stream: Stream | None = None
        self._incarnation = ""
        self._backoff_s = 0.0
        self.keep_open = False
        self._checked_at = 0.0
        self._used_at = self._loop.time()
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None

    # --- messages --------------------------------------------------------------------------------

    def append(self, to: Address, pending: PendingMessage) -> None:
        """Queue a message after the entity's others, and send as many as the window allows."""
        self.messages.append(to, pending)
        self._used_at = self._loop.time()
        self._send_queued()

    def maintain(self, now: float) -> None:
        """Answer `unavailable` to messages past their deadline, abort a stream that does not reply,
        and check the host's incarnation periodically."""
        for _, pending in list(self.messages.in_flight.values()):
            pending.expire(now)  # the host still has it, so it keeps its place in the window
            if now - pending.queued_at > REPLY_TIMEOUT_S and self._stream is not None:
                log.warning(
                    "stream closed: no reply",
                    extra={"host": self.host, "timeout_s": REPLY_TIMEOUT_S},
                )
                self._stream.abort()
                break
        self.messages.expire(now)
        self._send_queued()
        if self._stream is not None and now - self._checked_at > INCARNATION_CHECK_S:
            self._checked_at = now
            self._checking = asyncio.create_task(self._check_incarnation())

    # --- the stream ------------------------------------------------------------------------------

    def is_idle(self, now: float) -> bool:
        """Whether the link was unused for IDLE_TIMEOUT_S and may be closed."""
        in_use = self.messages or self.messages.in_flight or self.keep_open or self._connecting
        return not in_use and now - self._used_at > IDLE_TIMEOUT_S

    async def wait_connected(self, timeout_s: float) -> bool:
        """Whether the stream is open, or opens within `timeout_s`. Starts the host."""
        self._used_at = self._loop.time()
        if self._stream is None and self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
        try:
            async with asyncio.timeout(timeout_s):
                await self._connected.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Close the stream; messages queued or in flight are answered `unavailable`."""
        for task in (self._connecting, self._checking):
            if task is not None:
                task.cancel()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self.messages.end()

    def _send_queued(self) -> None:
        """Send as many queued messages as the window allows."""
        if self._stream is None:
            self.ensure_connecting()
            return
        while numbered := self.messages.next():
            self._stream.send(*numbered)

    def _receive(self, stream: Stream, items: Sequence[tuple[int, Body]]) -> None:
        replies = 0
        for number, body in items:
            if number == PUSHED:
                self._publications.pass_on(self.host, body)
                continue
            entry = self.messages.pop_answered(number)
            if entry is not None:
                to, pending = entry
                if not replies:
                    REPLY_SECONDS.observe(self._loop.time() - pending.queued_at)
                replies += 1
                self._owner.on_reply(self, to, pending, body)
        if replies:
            self._backoff_s = 0.0
            REPLIES_READ.observe(replies)
        if self.messages:
            self._send_queued()

    def _on_lost(self, stream: Stream) -> None:
        if stream is not self._stream:
            return
        HOSTS_LOST.add()
        log.warning(
            "stream to a host lost; resending unanswered messages",
            extra={"host": self.host, "messages": len(self.messages.in_flight)},
        )
        self._stream = None
        self._increase_backoff()
        self._connected.clear()
        self._owner.on_lost(self, self.messages.take_in_flight())
        self.ensure_connecting()

    def _is_wanted(self) -> bool:
        return bool(self.messages or self.keep_open or self._publications.subscribes_to(self.host))

    def ensure_connecting(self) -> None:
        """Connect unless connected or not needed."""
        if self._stream is None and self._connecting is None and self._is_wanted():
            self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        """Connect, and retry until connected or no longer needed."""
        try:
            await asyncio.sleep(self._backoff_s)
            while not await self._try_to_connect():
                self._increase_backoff()
                await asyncio.sleep(self._backoff_s)
                if not self._is_wanted():
                    return
        finally:
            self._connecting = None
        self._connected.set()
        self._publications.on_connected(self.host)
        self._send_queued()

    def _increase_backoff(self) -> None:
        self._backoff_s = min(max(2 * self._backoff_s, INITIAL_BACKOFF_S), MAX_BACKOFF_S)

    async def _try_to_connect(self) -> bool:
        stream = Stream(self._receive, self._on_lost)
        try:
            self._incarnation = await self._network.connect(self.host, stream)
        except Exception as error:
            HOSTS_LOST.add()
            log.warning("cannot connect to a host", extra={"host": self.host, "why": str(error)})
            return False
        if stream.is_open:
            self._stream, self._checked_at = stream, self._loop.time()
        return stream.is_open

    async def _check_incarnation(self) -> None:
        """Abort the stream if Ray has replaced the host's process, which may still be running."""
        try:
            incarnation = await self._network.incarnation(self.host)
        except HostUnavailable:
            return
        if self._stream is not None and incarnation != self._incarnation:
            log.warning("stream closed: its host was replaced", extra={"host": self.host})
            self._stream.abort()
