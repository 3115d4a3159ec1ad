"""The messages between gateways and hosts, and between hosts, as values.

Each message of a gateway gets one reply. A release may add fields with defaults at the end of a
message: arrays that are too long or too short can be decoded.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.access import Access
from domain.codes import CodeValues
from domain.entity import NO_INPUTS, Inputs, Redirect, RequestRef
from protocol.caller import Caller, Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Topic

replaced = msgspec.structs.replace
"""A copy of a message with some fields changed."""


class _Value(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Immutable; encoded as an array of its fields."""


class Submit(_Value, frozen=True):
    """A client's command. `request_ref` is set if it may be sent again; `view` requests that
    channel's snapshot with the result; `followed` is the target of an earlier Redirect that the
    gateway has followed; `trace` is for `engine/tracing.py`. Reply: Done, Rejected or Redirect."""

    to: Address
    command: Any
    caller: Caller
    request_ref: RequestRef | None = None
    inputs: Inputs = NO_INPUTS
    view: Channel | None = None
    followed: Address | None = None
    trace: str = ""


class RecordDenial(_Value, frozen=True):
    """A client's command that the gateway has refused, for the audit. Reply: ACCEPTED."""

    to: Address
    command: Any
    caller: Caller
    code: Code


class DeliverEffects(_Value, frozen=True):
    """Another entity's effects, oldest first: (number, message, caller).

    They are stored together or not at all, each at most once. Reply: ACCEPTED or Rejected.
    """

    to: Address
    source: Address
    messages: tuple[tuple[int, Any, Caller], ...]


class Read(_Value, frozen=True):
    """Reads a channel's snapshot. Reply: View or Rejected."""

    to: Address
    channel: Channel


class CheckGuest(_Value, frozen=True):
    """Checks with a session whether its guests may access an entity; `target` is None if there is
    no such entity, `code` is the session code of a guest who joins. Reply: Access or Rejected."""

    to: Address
    target: Address | None
    code: str | None = None


class CheckDevice(_Value, frozen=True):
    """Checks with a restaurant whether a staff device has access. Reply: Access or Rejected."""

    to: Address
    device_id: int


class ReadCodes(_Value, frozen=True):
    """Reads the codes of a table or a restaurant. Reply: CodeValues or Rejected."""

    to: Address


class Subscribe(_Value, frozen=True):
    """Subscribes a connection; it resumes after `since` if possible. Reply: Subscribed or
    Rejected."""

    topic: Topic
    gateway: str
    connection: int
    role: Role
    epoch: str | None = None
    since: int | None = None


class Resubscribe(_Value, frozen=True):
    """Subscribes all of a gateway's connections to a topic again. Reply: Subscribed or Rejected."""

    topic: Topic
    gateway: str
    connections: tuple[tuple[int, Role], ...]
    epoch: str
    since: int


class Unsubscribe(_Value, frozen=True):
    """Removes a connection. Reply: ACCEPTED."""

    topic: Topic
    gateway: str
    connection: int


class Activate(_Value, frozen=True):
    """Has the host load an entity, and resume its effects and timers. Reply: ACCEPTED."""

    to: Address


class TimerFired(_Value, frozen=True):
    """A timer of the entity is due: a host's message to itself. Reply: ACCEPTED."""

    to: Address
    key: str


class CheckOwner(_Value, frozen=True):
    """Has the host check its ownership of the entity: a message to itself. Reply: ACCEPTED."""

    to: Address


Query = Read | CheckGuest | CheckDevice | ReadCodes
Message = (
    Submit
    | RecordDenial
    | DeliverEffects
    | Query
    | Subscribe
    | Resubscribe
    | Unsubscribe
    | Activate
)
AnyMessage = Message | TimerFired | CheckOwner
"""The messages of a turn, including a host's messages to itself."""


def address_of(message: AnyMessage) -> Address:
    """The entity that a message is for."""
    return (
        message.topic.address
        if isinstance(message, Subscribe | Resubscribe | Unsubscribe)
        else message.to
    )


class Done(_Value, frozen=True):
    """The command is stored, or has changed nothing; `result` are further fields of the ack."""

    changed: bool
    version: int
    result: Mapping[str, Any]
    view: bytes | None = None


class View(_Value, frozen=True):
    """One encoded snapshot frame, and the entity's version."""

    frame: bytes
    version: int = 0


class Subscribed(_Value, frozen=True):
    """The first frames for a subscriber: the snapshot or, if `resumed`, the events that it missed.

    Events after `seq` follow on the same stream.
    """

    epoch: str
    seq: int
    frames: tuple[bytes, ...]
    resumed: bool


class Moved(_Value, frozen=True):
    """Nothing was done: in the placement of that generation, another host holds the entity. A reply
    to any message."""

    generation: int


ACCEPTED = True
Reply = Done | View | Access | CodeValues | Subscribed | Rejected | Redirect | Moved | bool


class Published(_Value, frozen=True):
    """Events of one topic with consecutive numbers, the first being `seq`; encoded frames.

    They were stored at `stored_at`, in epoch seconds; `traces` are the commands that caused them.
    """

    topic: Topic
    epoch: str
    seq: int
    frames: tuple[bytes, ...]
    stored_at: float = 0.0
    traces: tuple[str, ...] = ()


class Dropped(_Value, frozen=True):
    """The host no longer publishes this topic to the gateway, which must resubscribe."""

    topic: Topic
