"""The entries of an entity's outbox: effects on entities of other hosts, and timers.

An entry is stored by the commit of the turn that creates it. It is removed once the target has
stored the effect, or by the commit that handles the timer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from domain.messages import decode_message, encode_message
from protocol.caller import Caller, Role
from protocol.codec import encode_stored
from protocol.ids import Address, Kind

_EFFECT, _TIMER = "e:", "t:"
"""Prefixes of entries' names in the store."""


class OutboxEffect(NamedTuple):
    """A message to an entity of another host. `creates`: whether it creates that entity."""

    to: Address
    number: int
    message: Any
    caller: Caller
    creates: bool = False

    @property
    def name(self) -> str:
        """The entry's name in the store."""
        return f"{_EFFECT}{self.number}"

    def encoded(self) -> bytes:
        return encode_stored(
            {
                "to": [self.to.kind, self.to.id, self.to.restaurant],
                "number": self.number,
                "message": encode_message(self.message),
                "caller": {"role": self.caller.role, "subject": self.caller.subject},
                "creates": self.creates,
            }
        )


class OutboxTimer(NamedTuple):
    """A message of an entity to itself at the time `due` of the wall clock."""

    key: str
    due: datetime
    message: Any

    @property
    def name(self) -> str:
        """The entry's name in the store."""
        return f"{_TIMER}{self.key}"

    def encoded(self) -> bytes:
        return encode_stored({"due": self.due, "message": encode_message(self.message)})


def decode_effects(stored: Mapping[str, bytes]) -> list[OutboxEffect]:
    """The effects of a stored outbox, oldest first."""
    effects = [_effect(raw) for name, raw in stored.items() if name.startswith(_EFFECT)]
    return sorted(effects, key=lambda effect: effect.number)


def decode_timers(stored: Mapping[str, bytes]) -> dict[str, OutboxTimer]:
    """The timers of a stored outbox, by key."""
    return {
        name.removeprefix(_TIMER): _timer(name.removeprefix(_TIMER), raw)
        for name, raw in stored.items()
        if name.startswith(_TIMER)
    }


def _effect(raw: bytes) -> OutboxEffect:
    stored = orjson.loads(raw)
    kind, id_, restaurant = stored["to"]
    caller = Caller(Role(stored["caller"]["role"]), stored["caller"]["subject"])
    message = decode_message(stored["message"])
    to = Address(Kind(kind), id_, restaurant)
    return OutboxEffect(to, stored["number"], message, caller, stored["creates"])


def _timer(key: str, raw: bytes) -> OutboxTimer:
    stored = orjson.loads(raw)
    return OutboxTimer(
        key, datetime.fromisoformat(stored["due"]), decode_message(stored["message"])
    )


def first_due(timers: Mapping[str, OutboxTimer]) -> float | None:
    """When the first of the timers is due, in epoch seconds; None if there are none."""
    return min((timer.due.timestamp() for timer in timers.values()), default=None)
