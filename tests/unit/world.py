"""All rules together in memory: decide, evolve, publish, and effects delivered one by one.

Effects are encoded and decoded, as in an outbox. `refuse` checks that a refusal changes nothing.
"""

import copy
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from domain.behaviours import BEHAVIOURS
from domain.entity import NO_INPUTS, Context, Decision, Effect, Inputs, Redirect, RequestRef, Timer
from domain.messages import PriceLines, decode_message, encode_message
from domain.order.line import OrderLine
from domain.portions import AskReservation
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

RESTAURANT = Address(Kind.RESTAURANT, 2, 2)
MENU = Address(Kind.MENU, 2, 2)
TABLE = Address(Kind.TABLE, 5, 2)
ADA = Address(Kind.WAITER, 10, 2)


class Publication(NamedTuple):
    """An event as subscribers of a channel receive it."""

    at: Address
    channel: Channel
    type: str
    data: Mapping[str, Any]


class RulesWorld:
    """Entities in memory. `publications` and `effects` are those since the last `clear`."""

    def __init__(self) -> None:
        self.now = START
        self.states: dict[Address, Any] = {}
        self.timers: dict[tuple[Address, str], Timer] = {}
        self.online: set[Address] = {ADA}
        self.publications: list[Publication] = []
        self.effects: list[Effect] = []
        self.results: list[tuple[Address, RequestRef, Decision]] = []
        self.next_id = 100
        self.do(
            RESTAURANT, c.CreateRestaurant(name="Trattoria", currency="EUR", timezone="Europe/Rome")
        )
        self.do(RESTAURANT, c.AddWaiter(name="Ada"), id_=ADA.id)
        self.add_table(TABLE.id, "5", "A", ADA.id)
        self.clear()

    # --- commands --------------------------------------------------------------------------------

    def do(self, to: Address, command: Any, caller: Caller = MANAGER, **how: Any) -> Decision:
        """Run a command that must succeed, and all of its effects."""
        answer = self.send(to, command, caller, **how)
        assert isinstance(answer, Decision), answer
        return answer

    def refuse(
        self, to: Address, command: Any, code: Code, caller: Caller = MANAGER, **how: Any
    ) -> Rejected:
        """Run a command that must be refused with `code` and change nothing."""
        before = copy.deepcopy(self.states)
        publications, effects = len(self.publications), len(self.effects)
        answer = self.send(to, command, caller, **how)
        assert isinstance(answer, Rejected), answer
        assert answer.code is code
        assert self.states == before
        assert (len(self.publications), len(self.effects)) == (publications, effects)
        return answer

    def unchanged(
        self, to: Address, command: Any, caller: Caller = MANAGER, **how: Any
    ) -> Decision:
        """Run a command that must succeed and change nothing."""
        before = copy.deepcopy(self.states)
        decision = self.do(to, command, caller, **how)
        assert not decision.events
        assert not decision.effects
        assert not decision.timers
        assert self.states == before
        return decision

    def send(
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
        return self._send(to, command, caller, inputs, request_ref)

    def order_from_menu(
        self,
        to: Address,
        command: Any,
        caller: Caller = GUEST,
        request_id: str | None = None,
    ) -> Decision | Rejected:
        """Run a command whose lines the menu prices first, as it does on a host of its own."""
        ref = RequestRef(to, caller.subject, request_id or f"r{self.fresh()}", "digest")
        priced = self._send(MENU, PriceLines.of(command, ref), caller, NO_INPUTS, None)
        if isinstance(priced, Rejected):
            return priced
        return self.order_priced(to, command, Inputs(self.fresh(), **priced.result), ref, caller)

    def order_priced(
        self, to: Address, command: Any, inputs: Inputs, ref: RequestRef, caller: Caller = GUEST
    ) -> Decision | Rejected:
        """Run a command that the menu has priced. If it changes nothing, its reservation ends."""
        answer = self._send(to, command, caller, inputs, ref)
        is_used = isinstance(answer, Decision) and answer.events
        if inputs.reservation is not None and not is_used:
            question = AskReservation(inputs.reservation.number)
            self._send(to, question, caller, NO_INPUTS, None)
        return answer

    def _send(
        self,
        to: Address,
        command: Any,
        caller: Caller,
        inputs: Inputs,
        request_ref: RequestRef | None,
    ) -> Decision | Rejected:
        answer = self.decide(to, command, caller, inputs=inputs, request_ref=request_ref)
        if isinstance(answer, Redirect):
            elsewhere = self._send(answer.to, answer.message, caller, NO_INPUTS, request_ref)
            if isinstance(elsewhere, Rejected):
                return elsewhere
            kept = [
                each for at, request, each in self.results if (at, request) == (to, request_ref)
            ]
            return kept[-1] if kept else self._send(to, command, caller, inputs, request_ref)
        if isinstance(answer, Decision):
            self._apply(to, answer, caller)
        return answer

    def decide(
        self, to: Address, message: Any, caller: Caller, **known: Any
    ) -> Decision | Rejected | Redirect:
        context = Context(to, self.now, caller, online=to in self.online, **known)
        return BEHAVIOURS[to.kind].decide(self.states.get(to), message, context)

    # --- effects ---------------------------------------------------------------------------------

    def _apply(self, to: Address, decision: Decision, caller: Caller) -> None:
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
                self.publications.append(Publication(at, each.channel, each.type, data))
        for key in decision.cancels:
            self.timers.pop((at, key), None)
        for timer in decision.timers:
            self.timers[at, timer.key] = timer
        if decision.completes is not None:
            self.results.append((at, decision.completes, decision))
        return [(at, effect) for effect in decision.effects]

    def wait(self, seconds: float) -> None:
        """Advance the time and fire due timers."""
        self.now += timedelta(seconds=seconds)
        due = [entry for entry, timer in self.timers.items() if timer.due <= self.now]
        for at, key in due:
            message = self.timers.pop((at, key)).message
            answer = self.decide(at, message, SYSTEM, source=at)
            assert isinstance(answer, Decision)
            self._apply(at, answer, SYSTEM)

    # --- results ---------------------------------------------------------------------------------

    def snapshot(self, at: Address, channel: Channel | None = None) -> dict[str, Any]:
        """Data of a channel's snapshot, as a client receives it."""
        channel = channel or Channel(at.kind.value)
        _, data = BEHAVIOURS[at.kind].snapshot(self.states[at], channel)
        decoded: dict[str, Any] = orjson.loads(encode(data))
        return decoded

    def types(self, at: Address, channel: Channel | None = None) -> list[str]:
        """Types of the events published on a channel, in order."""
        channel = channel or Channel(at.kind.value)
        return [each.type for each in self.publications if (each.at, each.channel) == (at, channel)]

    def last(self, at: Address, channel: Channel | None = None) -> Mapping[str, Any]:
        """Data of the last event published on a channel."""
        channel = channel or Channel(at.kind.value)
        return [
            each.data for each in self.publications if (each.at, each.channel) == (at, channel)
        ][-1]

    def clear(self) -> None:
        self.publications.clear()
        self.effects.clear()

    # --- commands of a typical session -----------------------------------------------------------

    def fresh(self) -> int:
        self.next_id += 1
        return self.next_id

    def add_table(self, id_: int, number: str, zone: str, waiter_id: int | None) -> Address:
        added = c.AddTable(number=number, zone=zone, seats=4, waiter_id=waiter_id)
        self.do(RESTAURANT, added, id_=id_)
        return Address(Kind.TABLE, id_, RESTAURANT.id)

    def add_waiter(self, name: str) -> Address:
        id_ = self.fresh()
        self.do(RESTAURANT, c.AddWaiter(name=name), id_=id_)
        return Address(Kind.WAITER, id_, RESTAURANT.id)

    def occupy(self, table: Address = TABLE, **fields: Any) -> Address:
        decision = self.do(table, c.Occupy(**fields), id_=self.fresh())
        return Address(Kind.SESSION, decision.result["session_id"], RESTAURANT.id)

    def order(self, session: Address, *lines: c.Line) -> Address:
        """An order of these lines, or of one soup for 12.50."""
        items = lines or (line("Soup", 1250),)
        decision = self.do(session, c.PlaceOrder(items=items), id_=self.fresh())
        return Address(Kind.ORDER, decision.result["order_id"], RESTAURANT.id)

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
