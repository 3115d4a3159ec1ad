"""Runs the turns of a host while its mailbox has messages, and sends the replies."""

import asyncio
from collections.abc import Callable, Sequence

from engine import failures, tracing
from engine.decide import Unit
from engine.mailbox import Envelope, Mailbox
from engine.messages import ACCEPTED, Submit, TimerFired, address_of
from engine.metrics import COMMANDS, MESSAGES_DECIDED, TURN_MESSAGES, TURN_SECONDS
from engine.outbox import Outbox
from engine.turn import Turns
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import Address

TimerHandled = Callable[[Address, str, bool], None]
"""Receives the entity and key of a timer that has fired, and whether handling it succeeded."""


class TurnLoop:
    """Runs one turn at a time, of at most `max_batch` messages, and calls `between_turns` after
    each."""

    def __init__(
        self,
        host: str,
        mailbox: Mailbox,
        turns: Turns,
        outbox: Outbox,
        max_batch: int,
        *,
        timer_handled: TimerHandled,
        between_turns: Callable[[], None],
    ) -> None:
        self._host = host
        self._mailbox = mailbox
        self._turns = turns
        self._outbox = outbox
        self._max_batch = max_batch
        self._timer_handled = timer_handled
        self._between_turns = between_turns
        self._closed = False
        self.running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start running turns, unless they are running already or no message waits."""
        if self._mailbox and self.running is None and not self._closed:
            self.running = asyncio.create_task(self._run())

    def close(self) -> None:
        """Stop immediately. It is unknown whether the running turn is stored."""
        self._closed = True
        if self.running is not None:
            self.running.cancel()

    async def _run(self) -> None:
        try:
            while self._mailbox and not self._closed:
                try:
                    await self._turn(self._mailbox.take(self._max_batch))
                    self._mailbox.end_turn()
                    self._between_turns()
                except Exception:
                    failures.record("turn loop failed", self._host, ())
        finally:
            self.running = None
            self._mailbox.end_turn()
            self.start()

    async def _turn(self, envelopes: Sequence[Envelope]) -> None:
        batch = [envelope.message for envelope in envelopes]
        began = asyncio.get_running_loop().time()
        try:
            units = await self._turns.run(batch)
        except Exception:
            failures.record("turn failed", self._host, batch)
            units = [Unit(message, UNAVAILABLE, ()) for message in batch]
            self._turns.evict(map(address_of, batch))
        seconds = asyncio.get_running_loop().time() - began
        MESSAGES_DECIDED.add(len(batch))
        TURN_MESSAGES.observe(len(batch))
        TURN_SECONDS.observe(seconds)
        for envelope, unit in zip(envelopes, units, strict=True):
            message = unit.message
            if isinstance(message, TimerFired):
                self._timer_handled(message.to, message.key, unit.reply is ACCEPTED)
            elif isinstance(message, Submit):
                answer = unit.reply.code.value if isinstance(unit.reply, Rejected) else "done"
                COMMANDS.add(label_value=answer)
                if tracing.has_spans(message.trace):
                    entity = str(message.to)
                    tracing.record_span(
                        message.trace, "turn", seconds, entity=entity, host=self._host
                    )
            self._answer(envelope, unit)

    def _answer(self, envelope: Envelope, unit: Unit) -> None:
        """Send the reply now or, if the message creates entities on other hosts, once these
        exist."""
        if not unit.creates:
            envelope.reply(unit.reply)
            return
        missing = len(unit.creates)

        def on_ack() -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                envelope.reply(unit.reply)

        for effect in unit.creates:
            self._outbox.on_ack(address_of(unit.message), effect, on_ack)
