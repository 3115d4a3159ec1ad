"""The protocol's client on asyncio: one channel of one entity over as many connections as it takes.

The rules are those of the load tests' client: every frame is checked (`sequence.py`), a lost
connection is resumed with `since` and `epoch`, and what is unanswered is sent again under the same
`request_id` (`commands.py`).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from load_tests.channels import Channel, Frame
from load_tests.commands import Answer, Command, Ended, GaveUp, Refused, Unanswered
from load_tests.evening import back_off
from load_tests.sequence import Heard, ProtocolViolation, Rule
from load_tests.sequence import Sequence as Heeded
from restaurant_qr_client.protocol import RETRIED
from tests.faults.book import Book
from tests.faults.link import Link, now

ANSWER_S = 10.0
"""After which a connection counts as dead."""
PATIENCE_S = 120.0
TAIL_S = 15.0
"""Within which every event comes that a snapshot knows of."""


class Client:
    """`state` is the data of the last snapshot or event; `hear` is called with each event."""

    def __init__(
        self,
        book: Book,
        urls: Sequence[str],
        channel: Channel,
        id_: int,
        token: str,
        hear: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        self.channel = channel
        self.id = id_
        self._book = book
        self._hear = hear
        self._heeded = Heeded(channel)
        self._unanswered = Unanswered()
        self._greeted = asyncio.Event()
        self.state: dict[str, Any] = {}
        self._link = Link(
            book, urls, lambda: channel.path_of(id_) + self._heeded.resume, token,
            self._connected, self._take,
        )  # fmt: skip

    @property
    def replaced(self) -> int:
        """Snapshots that came in place of a resume."""
        return self._heeded.replaced

    async def open(self) -> None:
        """Until the first snapshot. Raises GaveUp."""
        try:
            await asyncio.wait_for(self._greeted.wait(), PATIENCE_S)
        except TimeoutError:
            raise GaveUp(f"{self.channel.name} {self.id}: no snapshot") from None

    async def request(self, action: str, **fields: Any) -> Answer:
        """Send an action until it is answered. Raises Refused, Ended or GaveUp."""
        command = Command(action, fields, now())
        deadline = command.sent_at + PATIENCE_S
        try:
            while True:
                frame = await self._try(command)
                if frame is not None and frame.get("code") not in RETRIED:
                    break
                if self._link.ended is not None:
                    raise Ended(f"{self.channel.name} {self.id}: closed with {self._link.ended}")
                if now() > deadline:
                    raise GaveUp(f"{self.channel.name} {self.id}: {action} is not answered")
                if frame is None:
                    self._book.met["no answer"] += 1
                    self._link.cut()
                else:
                    self._book.met[frame["code"]] += 1
                    await asyncio.sleep(back_off(command.tries, self._book.random))
                    command.sent_on = 0
        finally:
            self._unanswered.forget(command)
        self._book.counts["commands"] += 1
        if "error" in frame:
            self._book.counts["refused"] += 1
            raise Refused(frame["code"], frame["error"])
        return Answer(frame["data"], command.sent_at, once=command.tries == 1)

    async def check_tail(self) -> None:
        """Ask for a snapshot: every event up to it must come by itself."""
        await self.request(self.channel.look)
        deadline = now() + TAIL_S
        while self._heeded.is_behind and now() < deadline:
            await asyncio.sleep(0.02)
        if self._heeded.is_behind:
            self._violated(ProtocolViolation(Rule.TAIL, f"after {self._heeded.last}"))

    async def close(self) -> None:
        """Check that nothing is missing, then leave."""
        try:
            await self.check_tail()
        finally:
            await self._link.leave()

    async def leave(self) -> None:
        """End at once."""
        await self._link.leave()

    async def _try(self, command: Command) -> Frame | None:
        """Its answer on this connection or a later one; None: none in time."""
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        command.tell = answer.set_result
        self._unanswered.add(command)
        self._send(command)
        try:
            return await asyncio.wait_for(answer, ANSWER_S)
        except TimeoutError:
            return None

    def _send(self, command: Command) -> None:
        """Once on each connection; without one the next connection does it."""
        if self._link.is_up and command.sent_on != self._link.number:
            command.sent_on = self._link.number
            command.tries += 1
            self._book.counts["sent again"] += command.tries > 1
            self._link.send(command.frame())

    def _connected(self) -> None:
        for command in self._unanswered.not_sent_on(self._link.number):
            self._send(command)

    def _take(self, frame: Frame) -> None:
        try:
            heard = self._heeded.take(frame)
            if heard is Heard.ANSWER and "request_id" in frame:
                self._unanswered.take(frame)
        except ProtocolViolation as violation:
            self._violated(violation)
            return
        if heard in (Heard.ANSWER, Heard.LOOK):
            return
        self.state = frame["data"]
        self._greeted.set()
        if heard is Heard.EVENT:
            self._book.counts["events"] += 1
            self._hear(frame)

    def _violated(self, violation: ProtocolViolation) -> None:
        self._book.violation(self.channel, self.id, violation)
