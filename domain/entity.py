"""The signatures of the rules, which are the same for every kind of entity.

`decide(state, command, context)` returns a `Decision`, a `Rejected` or a `Redirect`;
`evolve(state, event)` is the state after an event; `publish` returns the publications for its
subscribers. All are pure functions, and a `Behaviour` names those of one kind.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.order.line import OrderLine
from protocol.caller import Caller
from protocol.errors import Rejected
from protocol.ids import Address, Channel, Kind
from protocol.stored_names import UNSTORED, stored_under

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Values that a command needs and a pure function cannot make. The gateway collects them first.

    `id` is unused in its kind, `code` is a session code that no open session has, `lines` are the
    command's menu lines as the menu prices them. A menu on the entity's own host prices them there:
    then only the ids of their items are here, `price_lookups`.
    `refusal` is why they could not be had; that is the answer, unless there was one before.
    """

    id: int | None = None
    code: str | None = None
    lines: tuple[OrderLine, ...] = ()
    price_lookups: tuple[int, ...] = ()
    refusal: Rejected | None = None


NO_INPUTS = Inputs()


@dataclass(frozen=True, slots=True)
class RequestRef:
    """The client's request that a message was sent for, so that its result can be kept elsewhere.

    `target` is the entity that the client addressed. `digest` distinguishes two bodies under one
    `request_id`; it is empty for an id that the gateway made up. `previous_digest` is that of the
    previous release, which may have kept the result.
    """

    target: Address = field(metadata=stored_under("asked"))
    subject: str
    request_id: str
    digest: str
    previous_digest: str = field(default="", metadata=UNSTORED)

    def matches(self, digest: str) -> bool:
        """Whether a result that is kept under the same id, with this digest, is that of this
        request."""
        return digest in (self.digest, self.previous_digest)


@dataclass(frozen=True, slots=True)
class Context:
    """All that `decide` may know besides the state: itself, the moment, the caller.

    `online` says whether anybody listens to the entity's first channel right now. `source` is the
    entity that sent a message, and None where a client sent a command. `redirected` is where this
    same request was redirected to before, `followed` whether it has been asked there meanwhile.
    """

    address: Address
    now: datetime
    caller: Caller
    inputs: Inputs = NO_INPUTS
    online: bool = False
    source: Address | None = None
    request_ref: RequestRef | None = None
    redirected: Address | None = None
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """A message to another entity. A client's reply waits for an effect that `creates` one."""

    to: Address
    message: Any
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A message to oneself at `due`. Setting a `key` again replaces it."""

    key: str
    due: datetime
    message: Any


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a command or message. Without events, nothing changes.

    `result` adds fields to the ack. `completes` is a request to another entity of which this
    decision is the first result.
    """

    events: tuple[Any, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancels: tuple[str, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    completes: RequestRef | None = None


UNCHANGED = Decision()


@dataclass(frozen=True, slots=True)
class Redirect:
    """Not mine to decide: send `message` to `to` first, then ask me again."""

    to: Address
    message: Any


@dataclass(frozen=True, slots=True)
class Publication:
    """One event of one channel, as its subscribers see it (without `seq`)."""

    channel: Channel
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Behaviour(Generic[S]):
    """The rules of one kind. A state of None is an entity that does not exist (yet).

    `snapshot(state, channel)` gives the first message's type and data; `settled(state)` says that
    the entity will not change any more, so that its retention may begin; `brief(state)` that a
    settled entity need not be kept for longer than a day.
    """

    kind: Kind
    state: type[S]
    decide: Callable[[S | None, Any, Context], Decision | Rejected | Redirect]
    evolve: Callable[[S | None, Any], S]
    publish: Callable[[Any, S], Iterable[Publication]]
    snapshot: Callable[[S, Channel], tuple[str, Mapping[str, Any]]]
    is_final: Callable[[S], bool]
    is_short_lived: Callable[[S], bool] = lambda state: False
