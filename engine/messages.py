"""The messages between gateways and hosts, and between hosts.

Each message gets one reply. A release may append fields with defaults to a message, because arrays
with missing or additional elements can be decoded.
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
    """Base class of messages and replies: immutable, encoded as an array of its fields."""


class Submit(_Value, frozen=True):
    """A client's command. Reply: Done, Rejected or Redirect.

    `request_ref` identifies retries of the command. `view` requests that channel's snapshot with
    the result. `followed` is the target of an earlier Redirect that the gateway has followed.
    `trace` is the command's trace (`engine/tracing.py`)."""

    to: Address
    command: Any
    caller: Caller
    request_ref: RequestRef | None = None
    inputs: Inputs = NO_INPUTS
    view: Channel | None = None
    followed: Address | None = None
    trace: str = ""


class RecordDenial(_Value, frozen=True):
    """Audits a client's command that the gateway has refused. Reply: ACCEPTED."""

    to: Address
    command: Any
    caller: Caller
    code: Code


class DeliverEffects(_Value, frozen=True):
    """Delivers effects of the entity `source`, oldest first: (number, message, caller). Reply:
    ACCEPTED or Rejected.

    They are stored together or not at all. An effect that was stored before is ignored.
    """

    to: Address
    source: Address
    messages: tuple[tuple[int, Any, Caller], ...]


class Read(_Value, frozen=True):
    """Reads a channel's snapshot as a role may see it. Reply: View or Rejected."""

    to: Address
    channel: Channel
    role: Role | None = None


class CheckGuest(_Value, frozen=True):
    """Asks a session whether its guests may access an entity. `target` is None if there is no such
    entity. `code` is the session code of a guest who joins. Reply: Access or Rejected."""

    to: Address
    target: Address | None
    code: str | None = None


class CheckDevice(_Value, frozen=True):
    """Asks a restaurant whether a staff device has access. Reply: Access or Rejected."""

    to: Address
    device_id: int


class ReadCodes(_Value, frozen=True):
    """Reads the codes of a table or a restaurant. Reply: CodeValues or Rejected."""

    to: Address


class Subscribe(_Value, frozen=True):
    """Subscribes a connection, which resumes after the seq `since` if possible. Reply: Subscribed
    or Rejected."""

    topic: Topic
    gateway: str
    connection: int
    role: Role
    epoch: str | None = None
    since: int | None = None

    @property
    def connections(self) -> tuple[tuple[int, Role], ...]:
        return ((self.connection, self.role),)


class Resubscribe(_Value, frozen=True):
    """Replaces a gateway's subscriptions of a topic, and resumes after the seq `since`. Reply:
    Subscribed or Rejected."""

    topic: Topic
    gateway: str
    connections: tuple[tuple[int, Role], ...]
    epoch: str
    since: int


class Unsubscribe(_Value, frozen=True):
    """Unsubscribes a connection. Reply: ACCEPTED."""

    topic: Topic
    gateway: str
    connection: int


class Activate(_Value, frozen=True):
    """Has the host load an entity and resume its effects and timers. Reply: ACCEPTED or
    Rejected."""

    to: Address


class TimerFired(_Value, frozen=True):
    """A timer of the entity is due. A host's message to itself. Reply: ACCEPTED or Rejected."""

    to: Address
    key: str


class CheckOwner(_Value, frozen=True):
    """Has the host verify its ownership of the entity. A host's message to itself. Reply:
    ACCEPTED."""

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
"""Messages of a turn, including a host's messages to itself."""


def address_of(message: AnyMessage) -> Address:
    """The entity that a message is for."""
    return (
        message.topic.address
        if isinstance(message, Subscribe | Resubscribe | Unsubscribe)
        else message.to
    )


class Done(_Value, frozen=True):
    """A command is stored, or has changed nothing. `result` has further fields of the ack, `view`
    the requested snapshot."""

    changed: bool
    version: int
    result: Mapping[str, Any]
    view: bytes | None = None


Variants = Mapping[str, tuple[bytes, ...]]
"""The frames of each role that must not see all of a channel (`domain/redaction.py`); none if the
message's own frames hide enough. A role of the channel is missing if the host, of another release,
has not redacted for it."""


class View(_Value, frozen=True):
    """An encoded snapshot, and the entity's version. `admitted` is that of `domain/access.py`; also
    None if the host runs an earlier release."""

    frame: bytes
    version: int = 0
    variants: Variants = {}
    admitted: tuple[int, ...] | None = None


class Subscribed(_Value, frozen=True):
    """The first frames for a subscriber: a snapshot or, if `resumed`, the missed events. The events
    after `seq` follow on the same stream."""

    epoch: str
    seq: int
    frames: tuple[bytes, ...]
    resumed: bool
    variants: Variants = {}
    admitted: tuple[int, ...] | None = None


class Moved(_Value, frozen=True):
    """The message was not handled, because another host holds the entity in the placement of that
    generation. A reply to any message."""

    generation: int


ACCEPTED = True
"""The reply to a message that was stored, or that needs no other reply."""
Reply = Done | View | Access | CodeValues | Subscribed | Rejected | Redirect | Moved | bool


class Published(_Value, frozen=True):
    """Consecutive events of a topic as encoded frames. `seq` is the number of the first one,
    `stored_at` the time of their commit in epoch seconds. `traces` are the sampled traces of the
    commands that caused them. `admitted` is that of the state after the last event."""

    topic: Topic
    epoch: str
    seq: int
    frames: tuple[bytes, ...]
    stored_at: float = 0.0
    traces: tuple[str, ...] = ()
    variants: Variants = {}
    admitted: tuple[int, ...] | None = None


class Dropped(_Value, frozen=True):
    """The host has stopped publishing a topic to the gateway, which must resubscribe."""

    topic: Topic
