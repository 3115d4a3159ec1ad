"""What one turn intends for one entity: staged beside what is held, adopted only when stored.

A draft can be rewound to a mark, so that a command that fails half-way leaves the others of its
turn untouched.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from actors import tracing
from actors.answers import result_key, stored_result
from actors.held import (
    NONE,
    Alarm,
    Held,
    Outgoing,
    Pending,
    earliest,
    shared,
    without,
)
from actors.messages import Done
from domain.audit import audit_event, on_record
from domain.device import SignIn
from domain.entity import Decision, Origin, Redirect
from domain.refusals import Refusals, class_of
from protocol.caller import Caller
from protocol.commands import Command
from protocol.errors import Code, Rejected
from protocol.frames import encode, encode_to_keep
from protocol.ids import Address, Channel, Kind
from storage.codec import changes
from storage.store import EntityCommit, owner_after

log = logging.getLogger(__name__)

MAX_SEEN = 4096
"""Sources whose last effect number an entity remembers; the oldest is forgotten first."""


REDIRECTED = "redirected"
"""In place of an error's code, where a kept answer is a redirect."""


class _Mark(NamedTuple):
    state: Any
    version: int
    last_effect: int
    seqs: Mapping[str, int]
    outbox: Mapping[str, Pending]
    seen: Mapping[str, int]
    refusals: Refusals
    frames: int
    history: int
    audit: int
    results: int
    traces: int


class Draft:
    """The staged changes of one entity."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.state = held.state
        self.version = held.version
        self.last_effect = held.last_effect
        self.seqs = held.seqs
        self.outbox = held.outbox
        self.seen = held.seen
        self.refusals = held.refusals
        self.frames: list[tuple[Channel, bytes]] = []
        self.history: list[bytes] = []
        self.audit: list[bytes] = []
        self.results: dict[bytes, bytes] = {}
        self.traces: list[str] = []
        self._outbox_changed = False
        self._outgrown: list[bytes] = []

    @property
    def dirty(self) -> bool:
        """Whether there is anything to store."""
        return bool(
            self.history
            or self.audit
            or self.results
            or self.outbox is not self.held.outbox
            or self.seen is not self.held.seen
        )

    @property
    def outbox_changed(self) -> bool:
        return self._outbox_changed or self.outbox is not self.held.outbox

    def mark(self) -> _Mark:
        return _Mark(
            self.state, self.version, self.last_effect, self.seqs, self.outbox, self.seen,
            self.refusals, len(self.frames), len(self.history), len(self.audit),
            len(self.results), len(self.traces),
        )  # fmt: skip

    def rewind(self, mark: _Mark) -> None:
        self.state, self.version, self.last_effect, self.seqs, self.outbox, self.seen = mark[:6]
        self.refusals = mark.refusals
        del self.frames[mark.frames :]
        del self.history[mark.history :]
        del self.audit[mark.audit :]
        del self.traces[mark.traces :]
        while len(self.results) > mark.results:
            self.results.popitem()

    def evolve(self, decision: Decision, caller: Caller, now: datetime) -> None:
        """The state after a decision's events, what subscribers hear of it, and its timers."""
        behaviour = self.held.behaviour
        if decision.events:
            self.version += 1
            if tracing.has_spans(trace := tracing.current.get()):
                self.traces.append(trace)
        for event in decision.events:
            self.state = behaviour.evolve(self.state, event)
            self.history.append(
                encode(
                    {
                        "type": type(event).__name__,
                        "at": now,
                        "by": caller.subject,
                        "version": self.version,
                        "data": event,
                    }
                )
            )
            for publication in behaviour.publish(event, self.state):
                self._publish(publication.channel, publication.type, publication.data)
        if decision.timers or decision.cancels:
            kept = {
                entry: pending
                for entry, pending in self.outbox.items()
                if not entry.startswith("t:") or entry[2:] not in decision.cancels
            }
            for timer in decision.timers:
                kept[f"t:{timer.key}"] = Alarm(timer.key, timer.due, timer.message)
            self.outbox = kept

    def _publish(self, channel: Channel, type_: str, data: Any) -> None:
        seq = self.seqs.get(channel, 0) + 1
        self.seqs = {**self.seqs, channel.value: seq}
        told = {**data, "version": self.version}
        self.frames.append((channel, encode({"type": type_, "data": told, "seq": seq})))

    def send(self, outgoing: Outgoing) -> None:
        """Put an effect for another host into the outbox."""
        self.last_effect = outgoing.number
        self.outbox = {**self.outbox, outgoing.entry: outgoing}

    def creating(self) -> list[Outgoing]:
        """The effects under way that create an entity."""
        waiting = self.outbox.values()
        return [each for each in waiting if isinstance(each, Outgoing) and each.creates]

    def remove(self, entry: str) -> None:
        self.outbox = without(self.outbox, {entry})

    def saw(self, source: str, number: int) -> None:
        """Remember the last effect of a source, so that a second delivery does nothing."""
        seen = {name: last for name, last in self.seen.items() if name != source}
        if len(seen) >= MAX_SEEN:
            del seen[next(iter(seen))]
        seen[source] = number
        self.seen = seen

    def first_result(self, origin: Origin) -> Done | Rejected | Address | None:
        """What this request was answered before, if it was; an address is where to."""
        raw = self.results.get(result_key(origin)) or self.held.results.find(origin)
        if raw is None:
            return None
        digest, *answer = orjson.loads(raw)
        if digest != origin.digest:
            return Rejected(
                Code.IDEMPOTENCY_CONFLICT,
                "This request_id (Idempotency-Key) was used for another request. Use a new one.",
            )
        if isinstance(answer[0], bool):
            return Done(*answer)
        if answer[0] == REDIRECTED:
            _, kind, id_, restaurant = answer
            return Address(Kind(kind), id_, restaurant)
        code, error, details = answer
        return Rejected(Code(code), error, details)

    def keep_result(self, origin: Origin, answer: Done | Rejected | Redirect) -> None:
        """Store the answer to a request together with what it changed."""
        told: tuple[Any, ...]
        match answer:
            case Done(changed, version, result):
                told = changed, version, result
            case Rejected(code, error, details):
                told = code, error, details
            case Redirect(to):
                told = REDIRECTED, to.kind, to.id, to.restaurant
        self.results[result_key(origin)] = encode_to_keep((origin.digest, *told))

    def put_on_record(
        self,
        command: Command | SignIn,
        caller: Caller,
        now: datetime,
        refused: Code | None,
        result: Mapping[str, Any] = NONE,
    ) -> None:
        """Keep who asked for what beside the history, where that is called for."""
        if self.state is None or not on_record(command, refused):
            return
        if refused is None or self._is_audited(caller, now):
            self.audit.append(encode(audit_event(command, caller, now, refused, result)))

    def _is_audited(self, caller: Caller, now: datetime) -> bool:
        """Count a refusal. Returns whether it gets its own audit entry."""
        before, callers = self.refusals, class_of(caller)
        self.refusals = before.add(caller, now)
        if before.hour != self.refusals.hour:
            self.audit += [encode(each.audit_event(now)) for each in before.unsaid()]
        if self.refusals.is_within_budget(callers):
            return True
        left_out = self.refusals.newly_left_out(callers)
        if left_out is not None:
            self.audit.append(encode(left_out.audit_event(now)))
            log.warning(
                "refusals left out of the audit: a caller exceeds its hourly budget",
                extra={
                    "entity": str(self.held.address),
                    "callers": callers,
                    "so_far": left_out.count,
                },
            )
        elif not self.dirty:  # nothing is stored for a count alone
            self.held.refusals = self.refusals
        return False

    def commit(self, now: datetime, results_length: int) -> EntityCommit:
        """All of it as one entity's part of a commit, after which so many results are kept."""
        held = self.held
        self._outgrown = held.results.outgrown(self.results, results_length)
        journal: dict[str, list[bytes]] = {}
        for channel, frame in self.frames:
            journal.setdefault(channel.value, []).append(frame)
        return EntityCommit(
            address=held.address,
            owner=held.owner,
            owner_after=owner_after(held.owner) if self.dirty else held.owner,
            unclaimed=held.unclaimed,
            stored_version=held.version,
            version=self.version,
            epoch=held.epoch,
            state={} if self.state is held.state else changes(held.state, self.state),
            journal=journal,
            seqs={channel.value: self.seqs[channel] for channel, _ in self.frames},
            history=self.history,
            events=held.events + len(self.history),
            audit=self.audit,
            audits=held.audits + len(self.audit),
            refusals="" if self.refusals is held.refusals else self.refusals.stored(),
            results=[stored_result(*each) for each in self.results.items()],
            dropped_results=self._dropped_results(),
            outbox={
                entry: pending.encoded()
                for entry, pending in self.outbox.items()
                if held.outbox.get(entry) is not pending
            },
            cleared=[entry for entry in held.outbox if entry not in self.outbox],
            last_effect=self.last_effect,
            seen=self._seen_changes(),
            due=earliest(self.outbox, now),
            settled=self.state is not None and held.behaviour.settled(self.state),
            was_settled=held.settled,
            now=now.timestamp(),
            brief=self.state is not None and held.behaviour.brief(self.state),
        )

    def _dropped_results(self) -> list[bytes]:
        """What is answered otherwise by now, and what has to make room."""
        held = self.held.results
        replaced = {key: held[key] for key in self.results if key in held}
        outgrown = {key: self.results.get(key) or held[key] for key in self._outgrown}
        return [stored_result(*each) for each in (*replaced.items(), *outgrown.items())]

    def _seen_changes(self) -> dict[str, int | None]:
        """The sources heard of, and (None) those forgotten for them."""
        before, after = self.held.seen, self.seen
        if before is after:
            return {}
        changed: dict[str, int | None] = {
            source: number for source, number in after.items() if before.get(source) != number
        }
        return changed | {source: None for source in before if source not in after}

    def adopt(self) -> None:
        """Make the draft what is held: its commit is stored."""
        held = self.held
        held.owner = owner_after(held.owner)
        held.state, held.version, held.last_effect = self.state, self.version, self.last_effect
        held.events += len(self.history)
        held.audits += len(self.audit)
        held.refusals = self.refusals
        held.unclaimed = False
        self._outbox_changed = self.outbox is not held.outbox
        if self.seqs is not held.seqs:
            held.seqs = shared(self.seqs)
        held.outbox, held.seen = self.outbox, self.seen
        held.settled = self.state is not None and held.behaviour.settled(self.state)
        held.views = NONE
        for key, raw in self.results.items():
            held.results.put(key, raw)
        for key in self._outgrown:
            held.results.forget(key)
