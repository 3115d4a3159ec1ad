"""What travels between gateways and hosts: lists of these, never one alone.

A host answers a batch with one reply a message, in the same order. All are plain tuples, so that
they cross processes cheaply.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.entity import NOTHING, Origin, Redirect, Supplies
from protocol.caller import Caller, Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Topic


class Submit(NamedTuple):
    """A client's command. `origin` is set for all that may be sent again; `view` asks for that
    channel's snapshot beside the result; `followed` is who was asked, as an earlier answer wanted.
    `trace` is for `actors/tracing.py`. Answered with Done, Rejected or Redirect."""

    to: Address
    command: Any
    caller: Caller
    origin: Origin | None = None
    supplies: Supplies = NOTHING
    view: Channel | None = None
    followed: Address | None = None
    trace: str = ""


class Denied(NamedTuple):
    """A client's command that the gateway has refused, for the record. Answered with STORED."""

    to: Address
    command: Any
    caller: Caller
    code: Code


class Tell(NamedTuple):
    """Another entity's effects, oldest first: (number, message, on whose behalf).

    Stored together or not at all, each at most once. Answered with STORED or Rejected.
    """

    to: Address
    source: Address
    messages: tuple[tuple[int, Any, Caller], ...]


class Read(NamedTuple):
    """A channel's snapshot for one caller. Answered with View or Rejected."""

    to: Address
    channel: Channel


class Join(NamedTuple):
    """A connection subscribes, from `since` on where it can be resumed. Answered with Joined."""

    topic: Topic
    gateway: str
    connection: int
    role: Role
    epoch: str | None = None
    since: int | None = None


class Rejoin(NamedTuple):
    """All of a gateway's connections subscribe again after their host was lost."""

    topic: Topic
    gateway: str
    connections: tuple[tuple[int, Role], ...]
    epoch: str
    since: int


class Leave(NamedTuple):
    """A connection is gone. Answered with STORED."""

    topic: Topic
    gateway: str
    connection: int


class Wake(NamedTuple):
    """The entity has effects or timers that nobody carries. Answered with STORED."""

    to: Address


class Fire(NamedTuple):
    """A timer of the entity is due: a host's word to itself. Answered with STORED."""

    to: Address
    key: str


Message = Submit | Denied | Tell | Read | Join | Rejoin | Leave | Wake


def address_of(message: Message | Fire) -> Address:
    """Whom a message is for."""
    return message.topic.address if isinstance(message, Join | Rejoin | Leave) else message.to


class Done(NamedTuple):
    """The command is stored (or changed nothing); `result` are the ack's further fields."""

    changed: bool
    version: int
    result: Mapping[str, Any]
    view: bytes | None = None


class View(NamedTuple):
    """One encoded snapshot frame."""

    frame: bytes


class Joined(NamedTuple):
    """What a subscriber is sent first: the snapshot, or where `resumed` the events it missed.

    Events after `seq` follow through the feed of the host's `incarnation`.
    """

    incarnation: str
    epoch: str
    seq: int
    frames: tuple[bytes, ...]
    resumed: bool


class Moved(NamedTuple):
    """Nothing was done: another host carries the entity, in the placement of that number. Every
    message may be answered so."""

    generation: int


STORED = True
Reply = Done | View | Joined | Rejected | Redirect | Moved | bool


class Published(NamedTuple):
    """Events of one topic with consecutive numbers, the first being `seq`; encoded frames."""

    topic: Topic
    epoch: str
    seq: int
    frames: tuple[bytes, ...]


class Feed(NamedTuple):
    """What a poll brings. `cursor` is sent with the next poll and acknowledges this one.

    A new `incarnation`, or an empty one, knows none of the gateway's subscribers: it must rejoin
    them. `dropped` topics overflowed: rejoin those. `stored_at` (epoch seconds) is when the first
    of the events was, `traces` what they come from.
    """

    incarnation: str
    cursor: int
    published: tuple[Published, ...]
    dropped: tuple[Topic, ...] = ()
    stored_at: float = 0.0
    traces: tuple[str, ...] = ()


class Exchanged(NamedTuple):
    """A batch's replies, and what was published for its gateway until then, if anything was."""

    replies: list[Reply]
    feed: Feed | None
