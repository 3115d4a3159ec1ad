"""The interface of the rules, which is the same for every kind of entity.

`decide(state, command, context)` returns a `Decision`, a `Rejected` or a `Redirect`;
`evolve(state, event)` returns the state after an event; `publish(event, state)` returns the
publications for subscribers. They are pure functions; a `Behaviour` contains those of one kind.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from domain.order.line import OrderLine
from domain.order.number import BusinessDay, OrderNumber
from domain.portions import Reservation
from protocol.caller import Caller
from protocol.errors import Rejected
from protocol.ids import Address, Channel, Kind
from protocol.stored_names import UNSTORED, stored_under

S = TypeVar("S")


READY_GRACE_S = 3
"""Grace period of orders, in seconds, unless the restaurant sets another."""


class Confirmation(StrEnum):
    """When a new order is confirmed: by staff; when it is placed; or when it is placed, if staff
    have confirmed another one of its session."""

    BY_STAFF = "by_staff"
    AT_ONCE = "at_once"
    AFTER_FIRST = "after_first"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Values that a command needs and a pure function cannot compute. The gateway collects them.

    `id` is a new id for the created entity, `code` a session code that no open session has. `lines`
    are the priced menu lines of the command. If the menu is on the entity's own host, that host
    prices the lines (`is_priced_by_host`). `confirmation` is when the menu confirms a new order,
    `business_day` the menu's, and `order_number` a new number of it. `reservation` has the portions
    that the menu has reserved for the lines. `empty_session_minutes` and `ready_grace_s` are the
    menu's settings (`domain/menu/state.py`). `refusal` is set if the inputs could not be collected;
    it is the reply unless the request has an earlier result.
    """

    id: int | None = None
    code: str | None = None
    lines: tuple[OrderLine, ...] = ()
    is_priced_by_host: bool = False
    confirmation: Confirmation = Confirmation.BY_STAFF
    refusal: Rejected | None = None
    reservation: Reservation | None = None
    business_day: BusinessDay | None = None
    order_number: OrderNumber | None = None
    empty_session_minutes: int = 0
    ready_grace_s: int = READY_GRACE_S


NO_INPUTS = Inputs()


@dataclass(frozen=True, slots=True)
class RequestRef:
    """Identifies a client's request, so that a repeated request gets the first result.

    `target` is the entity that the client addressed. `digest` distinguishes requests with the same
    `request_id`; it is empty if the gateway has generated the id. `previous_digest` is the digest
    of the previous release, which may have stored the result.
    """

    target: Address = field(metadata=stored_under("asked"))
    subject: str
    request_id: str
    digest: str
    previous_digest: str = field(default="", metadata=UNSTORED)

    def matches(self, digest: str) -> bool:
        """Whether a result that was stored with this digest, under the same request id, belongs to
        this request."""
        return digest in (self.digest, self.previous_digest)


@dataclass(frozen=True, slots=True)
class Context:
    """The arguments of `decide` besides state and command: the entity's address, the time, the
    caller and more.

    `online` is whether the entity's first channel has subscribers. `source` is the entity that sent
    a message; None for a client's command. `redirected` is the entity to which this request was
    redirected before, `followed` whether that entity has handled it since.
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
    """A message to another entity. If the effect `creates` that entity, the client's reply is sent
    only after the entity exists."""

    to: Address
    message: Any
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A message of the entity to itself at the time `due`. It replaces a timer with the same
    `key`."""

    key: str
    due: datetime
    message: Any


@dataclass(frozen=True, slots=True)
class Decision:
    """The changes that a command or message causes. Without events, the state does not change.

    `cancels` are the keys of timers to remove. `result` adds fields to the ack. `completes` is a
    client's request to this entity that was redirected to another one, and whose result this
    decision is.
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
    """The entity cannot decide a command before another one. Send `message` to `to`, then send the
    command again."""

    to: Address
    message: Any


@dataclass(frozen=True, slots=True)
class Publication:
    """An event of a channel as its subscribers receive it, without `seq`."""

    channel: Channel
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Behaviour(Generic[S]):
    """The rules of one kind of entity. A state of None means that the entity does not exist.

    `snapshot(state, channel)` returns the type and data of a snapshot. `is_final(state)` returns
    whether the entity will not change again, so that its retention begins;
    `is_short_lived(state)`, whether a final entity is kept for only a day.
    """

    kind: Kind
    state: type[S]
    decide: Callable[[S | None, Any, Context], Decision | Rejected | Redirect]
    evolve: Callable[[S | None, Any], S]
    publish: Callable[[Any, S], Iterable[Publication]]
    snapshot: Callable[[S, Channel], tuple[str, Mapping[str, Any]]]
    is_final: Callable[[S], bool]
    is_short_lived: Callable[[S], bool] = lambda state: False
