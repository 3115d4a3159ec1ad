"""An entity in its host's memory: exactly what the store has of it, and nothing that it has not.

Only a turn whose commit succeeded may change it.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from actors.answers import Answers
from domain.behaviours import BEHAVIOURS
from domain.entity import Behaviour
from domain.messages import decode_message, encode_message
from domain.refusals import NO_REFUSALS, Refusals, refusals_from
from protocol.caller import Caller, Role
from protocol.frames import encode_exactly, encode_to_keep
from protocol.ids import Address, Channel, Kind
from storage.codec import restore
from storage.store import Loaded, new_epoch


class Outgoing(NamedTuple):
    """An effect that waits in the outbox until its target has stored it."""

    to: Address
    number: int
    message: Any
    caller: Caller
    creates: bool = False

    @property
    def entry(self) -> str:
        return f"e:{self.number}"

    def encoded(self) -> bytes:
        return encode_exactly(
            {
                "to": [self.to.kind, self.to.id, self.to.restaurant],
                "number": self.number,
                "message": encode_message(self.message),
                "caller": {"role": self.caller.role, "subject": self.caller.subject},
                "creates": self.creates,
            }
        )


class Alarm(NamedTuple):
    """A timer that waits in the outbox until it is due."""

    key: str
    due: datetime
    message: Any

    @property
    def entry(self) -> str:
        return f"t:{self.key}"

    def encoded(self) -> bytes:
        return encode_exactly({"due": self.due, "message": encode_message(self.message)})


Pending = Outgoing | Alarm

IN_DOUBT = -math.inf
"""Instead of the time at which an owner was last known to be in force."""
NONE: Mapping[Any, Any] = MappingProxyType({})
"""What most entities have most of the time; one for all of them."""
REMEMBERED = 4096
"""Mappings of counters that are given to more than one entity."""


def _decode_pending(entry: str, raw: bytes) -> Pending:
    stored = orjson.loads(raw)
    message = decode_message(stored["message"])
    if entry.startswith("t:"):
        return Alarm(entry[2:], datetime.fromisoformat(stored["due"]), message)
    kind, id_, restaurant = stored["to"]
    caller = Caller(Role(stored["caller"]["role"]), stored["caller"]["subject"])
    to = Address(Kind(kind), id_, restaurant)
    return Outgoing(to, stored["number"], message, caller, stored["creates"])


@dataclass(slots=True)
class Held:
    """State, version, counters, kept results and outbox of one claimed entity.

    `owner` is the fencing token in force, a new one from each commit on; where `unclaimed`, the
    first commit finds out whether the entity exists after all. `seqs` are its channels' last ones;
    `events` counts the history, `audits` what is on record beside it. `used_at` is the loop's time
    of the last message, `owned_at` of when `owner` was last known to be in force, in seconds.
    """

    address: Address
    behaviour: Behaviour[Any]
    owner: int
    state: Any
    version: int
    epoch: str
    events: int
    audits: int
    seqs: Mapping[str, int]
    last_effect: int
    settled: bool
    results: Answers
    outbox: Mapping[str, Pending]
    seen: Mapping[str, int]
    used_at: float = 0.0
    owned_at: float = 0.0
    unclaimed: bool = False
    refusals: Refusals = NO_REFUSALS
    views: Mapping[Channel, bytes] = field(default_factory=lambda: NONE)

    @property
    def in_doubt(self) -> bool:
        """Whether the store must be asked before what is held may be taken at its word."""
        return self.owned_at == IN_DOUBT

    def view(self, channel: Channel, *, resumed: bool | None = None) -> bytes:
        """The encoded snapshot of a channel; `resumed=False` says that it could not be resumed."""
        if resumed is None and channel in self.views:
            return self.views[channel]
        type_, data = self.behaviour.snapshot(self.state, channel)
        data = {**data, "version": self.version}
        if resumed is not None:
            data["resumed"] = resumed
        frame = encode_to_keep(
            {"type": type_, "data": data, "seq": self.seqs.get(channel, 0), "epoch": self.epoch}
        )
        if resumed is None:
            self.views = {**self.views, channel: frame}
        return frame


def shared(seqs: Mapping[str, int]) -> Mapping[str, int]:
    """The same counters in one mapping for all that have them: most orders count alike."""
    return _shared(tuple(seqs.items()))


@lru_cache(REMEMBERED)
def _shared(counters: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    return dict(counters)


def without(outbox: Mapping[str, Pending], entries: Collection[str]) -> Mapping[str, Pending]:
    """An outbox less some of its entries."""
    return {name: each for name, each in outbox.items() if name not in entries} or NONE


def earliest(outbox: Mapping[str, Pending], now: datetime) -> float | None:
    """The first moment (epoch seconds) at which something in an outbox is due; effects are now."""
    return min(
        ((entry.due if isinstance(entry, Alarm) else now).timestamp() for entry in outbox.values()),
        default=None,
    )


def held_from(address: Address, loaded: Loaded, used_at: float) -> Held:
    """What a claim brought, as an entity in memory."""
    behaviour = BEHAVIOURS[address.kind]
    state = restore(behaviour.state, loaded.state) if loaded.exists else None
    return Held(
        address=address,
        behaviour=behaviour,
        owner=loaded.owner,
        state=state,
        version=loaded.version,
        epoch=loaded.epoch or new_epoch(),
        events=loaded.events,
        audits=loaded.audits,
        seqs=shared(loaded.seqs),
        last_effect=loaded.last_effect,
        settled=state is not None and behaviour.settled(state),
        results=Answers(loaded.results),
        outbox={name: _decode_pending(name, raw) for name, raw in loaded.outbox.items()} or NONE,
        seen=dict(loaded.seen) or NONE,
        used_at=used_at,
        owned_at=used_at,
        refusals=refusals_from(loaded.refusals),
    )
