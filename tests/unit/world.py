"""All rules together in memory: decide, evolve, publish, and effects delivered one by one.

Messages cross every border as JSON, as they would through an outbox. Each refusal is checked to
have changed nothing.
"""

import copy
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from domain.behaviours import BEHAVIOURS
from domain.entity import NO_INPUTS, Context, Decision, Effect, Inputs, Redirect, RequestRef, Timer
from domain.messages import decode_message, encode_message
from domain.order.line import OrderLine
from protocol import commands as c
from protocol.caller import SYSTEM, Caller, Role
from protocol.codec import encode, encode_stored
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.statuses import OrderStatus, PaymentMethod

MANAGER = Caller(Role.MANAGER, "manager:1")
WAITER = Caller(Role.WAITER, "waiter:10")
KITCHEN = Caller(Role.KITCHEN, "kitchen:1")
GUEST = Caller(Role.GUEST, "session:1")
ANONYMOUS = Caller(Role.ANONYMOUS, "anonymous")

START = datetime(2026, 1, 28, 21, 0, tzinfo=UTC)

HOME = Address(Kind.RESTAURANT, 2, 2)
MENU = Address(Kind.MENU, 2, 2)
TABLE = Address(Kind.TABLE, 5, 2)
ADA = Address(Kind.WAITER, 10, 2)


class Heard(NamedTuple):
    """One publication, as its subscribers see it."""

    at: Address
    channel: Channel
    type: str
    data: Mapping[str, Any]


class RulesWorld:
    """Entities by address. `heard` and `effects` are what happened since they were last cleared."""

    def __init__(self) -> None:
        self.now = START
        self.states: dict[Address, Any] = {}
        self.timers: dict[tuple[Address, str], Timer] = {}
        self.online: set[Address] = {ADA}
        self.heard: list[Heard] = []
        self.effects: list[Effect] = []
        self.kept: list[tuple[Address, RequestRef, Decision]] = []
        self.next_id = 100
        self.do(HOME, c.CreateRestaurant(name="Trattoria", currency="EUR", timezone="Europe/Rome"))
        self.do(HOME, c.AddWaiter(name="Ada"), id_=ADA.id)
        self.add_table(TABLE.id, "5", "A", ADA.id)
        self.forget()

    # --- asking ----------------------------------------------------------------------------------

    def do(self, to: Address, command: Any, caller: Caller = MANAGER, **how: Any) -> Decision:
        """A command that is carried out, with everything that it sets off."""
        answer = self.ask(to, command, caller, **how)
        assert isinstance(answer, Decision), answer
        return answer

    def refuse(
        self, to: Address, command: Any, code: Code, caller: Caller = MANAGER, **how: Any
    ) -> Rejected:
        """A command that is refused, and changes nothing anywhere."""
        before = copy.deepcopy(self.states)
        heard, effects = len(self.heard), len(self.effects)
        answer = self.ask(to, command, caller, **how)
        assert isinstance(answer, Rejected), answer
        assert answer.code is code
        assert self.states == before
        assert (len(self.heard), len(self.effects)) == (heard, effects)
        return answer

    def unchanged(
        self, to: Address, command: Any, caller: Caller = MANAGER, **how: Any
    ) -> Decision:
        """A command that succeeds and changes nothing anywhere."""
        before = copy.deepcopy(self.states)
        decision = self.do(to, command, caller, **how)
        assert not decision.events
        assert not decision.effects
        assert not decision.timers
        assert self.states == before
        return decision

    def ask(
        self,
        to: Address,
        command: Any,
        caller: Caller = MANAGER,
        *,
        id_: int | None = None,
        code: str = "ABC234",
        prices: Mapping[int, tuple[str, int]] | None = None,
        request_id: str | None = "request",
    ) -> Decision | Rejected:
        prices = prices or {}
        lines = tuple(
            OrderLine(name, line.quantity, price, line.notes, line.menu_item_id)
            for line in (command.priced_lines if prices else ())
            for name, price in (prices[line.menu_item_id],)
        )
        inputs = Inputs(id_, code, lines) if id_ or lines else NO_INPUTS
        request_ref = (
            None if request_id is None else RequestRef(to, caller.subject, request_id, "digest")
        )
        return self._ask(to, command, caller, inputs, request_ref)

    def _ask(
        self,
        to: Address,
        command: Any,
        caller: Caller,
        inputs: Inputs,
        request_ref: RequestRef | None,
    ) -> Decision | Rejected:
        answer = self.decide(to, command, caller, inputs=inputs, request_ref=request_ref)
        if isinstance(answer, Redirect):
            elsewhere = self._ask(answer.to, answer.message, caller, NO_INPUTS, request_ref)
            if isinstance(elsewhere, Rejected):
                return elsewhere
            kept = [each for at, request, each in self.kept if (at, request) == (to, request_ref)]
            return kept[-1] if kept else self._ask(to, command, caller, inputs, request_ref)
        if isinstance(answer, Decision):
            self._carry_out(to, answer, caller)
        return answer

    def decide(
        self, to: Address, message: Any, caller: Caller, **known: Any
    ) -> Decision | Rejected | Redirect:
        context = Context(to, self.now, caller, online=to in self.online, **known)
        return BEHAVIOURS[to.kind].decide(self.states.get(to), message, context)

    # --- what follows ----------------------------------------------------------------------------

    def _carry_out(self, to: Address, decision: Decision, caller: Caller) -> None:
        pending = deque(self._stage(to, decision))
        while pending:
            source, effect = pending.popleft()
            self.effects.append(effect)
            message = decode_message(orjson.loads(encode_stored(encode_message(effect.message))))
            reaction = self.decide(effect.to, message, caller, source=source)
            assert isinstance(reaction, Decision), f"an effect is never refused: {reaction}"
            pending += self._stage(effect.to, reaction)

    def _stage(self, at: Address, decision: Decision) -> list[tuple[Address, Effect]]:
        behaviour = BEHAVIOURS[at.kind]
        for event in decision.events:
            encode(event)  # the history keeps it
            self.states[at] = behaviour.evolve(self.states.get(at), event)
            for each in behaviour.publish(event, self.states[at]):
                data = orjson.loads(encode(each.data))
                self.heard.append(Heard(at, each.channel, each.type, data))
        for key in decision.cancels:
            self.timers.pop((at, key), None)
        for timer in decision.timers:
            self.timers[at, timer.key] = timer
        if decision.completes is not None:
            self.kept.append((at, decision.completes, decision))
        return [(at, effect) for effect in decision.effects]

    def wait(self, seconds: float) -> None:
        """Time passes, and what is due is done."""
        self.now += timedelta(seconds=seconds)
        due = [entry for entry, timer in self.timers.items() if timer.due <= self.now]
        for at, key in due:
            message = self.timers.pop((at, key)).message
            answer = self.decide(at, message, SYSTEM, source=at)
            assert isinstance(answer, Decision)
            self._carry_out(at, answer, SYSTEM)

    # --- looking ---------------------------------------------------------------------------------

    def see(self, at: Address, channel: Channel | None = None) -> dict[str, Any]:
        """The data of a snapshot as a client gets it."""
        channel = channel or Channel(at.kind.value)
        _, data = BEHAVIOURS[at.kind].snapshot(self.states[at], channel)
        seen: dict[str, Any] = orjson.loads(encode(data))
        return seen

    def types(self, at: Address, channel: Channel | None = None) -> list[str]:
        """The types of what was heard there, in order."""
        channel = channel or Channel(at.kind.value)
        return [each.type for each in self.heard if (each.at, each.channel) == (at, channel)]

    def last(self, at: Address, channel: Channel | None = None) -> Mapping[str, Any]:
        """The data of what was heard there last."""
        channel = channel or Channel(at.kind.value)
        return [each.data for each in self.heard if (each.at, each.channel) == (at, channel)][-1]

    def forget(self) -> None:
        self.heard.clear()
        self.effects.clear()

    # --- a restaurant's day ----------------------------------------------------------------------

    def fresh(self) -> int:
        self.next_id += 1
        return self.next_id

    def add_table(self, id_: int, number: str, zone: str, waiter_id: int | None) -> Address:
        added = c.AddTable(number=number, zone=zone, seats=4, waiter_id=waiter_id)
        self.do(HOME, added, id_=id_)
        return Address(Kind.TABLE, id_, HOME.id)

    def add_waiter(self, name: str) -> Address:
        id_ = self.fresh()
        self.do(HOME, c.AddWaiter(name=name), id_=id_)
        return Address(Kind.WAITER, id_, HOME.id)

    def occupy(self, table: Address = TABLE, **fields: Any) -> Address:
        decision = self.do(table, c.Occupy(**fields), id_=self.fresh())
        return Address(Kind.SESSION, decision.result["session_id"], HOME.id)

    def order(self, session: Address, *lines: c.Line) -> Address:
        """An order of these lines, or of one soup for 12.50."""
        items = lines or (line("Soup", 1250),)
        decision = self.do(session, c.PlaceOrder(items=items), id_=self.fresh())
        return Address(Kind.ORDER, decision.result["order_id"], HOME.id)

    def advance(self, order: Address, *statuses: OrderStatus) -> None:
        for status in statuses:
            self.do(order, c.UpdateStatus(status=status))

    def pay(self, order: Address, amount: int) -> Decision:
        return self.do(order, c.Pay(amount=amount, method=PaymentMethod.CARD))

    def call(self, session: Address, **fields: Any) -> str:
        decision = self.do(session, c.CallWaiter(**fields), GUEST)
        call_id: str = decision.result["call_id"]
        return call_id


def line(name: str, price: int, quantity: int = 1, notes: str = "") -> c.FreeLine:
    return c.FreeLine(name=name, unit_price=price, quantity=quantity, notes=notes)
