"""What every kind of entity has in common: how a rule is asked and what it may answer.

`decide(state, command, context)` answers with a `Decision`, a `Rejected` or a `Redirect`;
`evolve(state, event)` is the state after an event; `publish` says what subscribers hear of it. All
are pure functions, and a `Behaviour` names those of one kind.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from protocol.caller import Caller
from protocol.errors import Rejected
from protocol.ids import Address, Channel, Kind

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Supplies:
    """What a command needs and no pure function can make; the gateway fetched it beforehand.

    `id` is unused in its kind, `code` is a session code that no open session has, `prices` are the
    menu items that the command names: id -> (name, price in minor units). Where the restaurant is
    on the entity's own host, they come from there, and only their ids are here, `to_price`.
    `refusal` is why they could not be had; that is the answer, unless there was one before.
    """

    id: int | None = None
    code: str | None = None
    prices: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    to_price: tuple[int, ...] = ()
    refusal: Rejected | None = None


NOTHING = Supplies()


@dataclass(frozen=True, slots=True)
class Origin:
    """The client's request that a message was sent for, so that its result can be kept elsewhere.

    `asked` is the entity that the client spoke to. `digest` tells two bodies under one `request_id`
    apart; it is empty for an id that the gateway made up.
    """

    asked: Address
    subject: str
    request_id: str
    digest: str


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
    supplies: Supplies = NOTHING
    online: bool = False
    source: Address | None = None
    origin: Origin | None = None
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
    """What happens: no events means that nothing changed. `result` adds fields to the ack.

    `kept_for` is a request of another entity's caller whose first result this decision is.
    """

    events: tuple[Any, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancels: tuple[str, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    kept_for: Origin | None = None


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
    settled: Callable[[S], bool]
    brief: Callable[[S], bool] = lambda state: False
