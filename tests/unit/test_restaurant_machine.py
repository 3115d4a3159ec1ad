"""Invariants of tables, sessions and orders under any sequence of commands."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from load_tests import invariants
from protocol import commands as c
from protocol.caller import Caller
from protocol.ids import Address, Channel, Kind
from protocol.statuses import CallReason, CallStatus, OrderStatus, PaymentMethod
from tests.unit.world import GUEST, KITCHEN, MANAGER, RESTAURANT, TABLE, WAITER, RulesWorld, line

CALLERS = st.sampled_from([GUEST, WAITER, KITCHEN, MANAGER])
ONE_OF_FOUR = st.integers(0, 3)


class RestaurantMachine(RuleBasedStateMachine):
    """Two tables. Commands go to any existing entity, and effects are delivered at once."""

    def __init__(self) -> None:
        super().__init__()
        self.world = RulesWorld()
        self.tables = [TABLE, self.world.add_table(6, "6", "A", None)]
        self.ended: set[Address] = set()

    def addresses(self, kind: Kind) -> list[Address]:
        return [at for at in self.world.states if at.kind is kind]

    def pick(self, kind: Kind, which: int) -> Address | None:
        recent = self.addresses(kind)[::-1]
        return recent[which % len(recent)] if recent else None

    @rule(which=st.integers(0, 1), guests=st.integers(1, 4))
    def occupy(self, which: int, guests: int) -> None:
        id_ = self.world.fresh()
        self.world.send(self.tables[which], c.Occupy(guests_count=guests), id_=id_, code=f"C{id_}")

    @rule(which=st.integers(0, 1), force=st.booleans(), caller=CALLERS)
    def release(self, which: int, force: bool, caller: Caller) -> None:
        request = f"release-{self.world.fresh()}"
        command = c.Release(force=force, reason="why")
        self.world.send(self.tables[which], command, caller, request_id=request)

    @rule(which=st.integers(0, 1), active=st.booleans())
    def set_active(self, which: int, active: bool) -> None:
        self.world.send(self.tables[which], c.ChangeTable(is_active=active))

    @rule(which=ONE_OF_FOUR, guests=st.integers(1, 4))
    def update_guests_count(self, which: int, guests: int) -> None:
        if session := self.pick(Kind.SESSION, which):
            self.world.send(session, c.UpdateGuestsCount(guests_count=guests))

    @rule(which=ONE_OF_FOUR, price=st.sampled_from([0, 250, 1000]))
    def order(self, which: int, price: int) -> None:
        if session := self.pick(Kind.SESSION, which):
            items = (line("Soup", price, 2),)
            self.world.send(session, c.PlaceOrder(items=items), id_=self.world.fresh())

    @rule(which=ONE_OF_FOUR, force=st.booleans(), caller=CALLERS)
    def close(self, which: int, force: bool, caller: Caller) -> None:
        if session := self.pick(Kind.SESSION, which):
            self.world.send(session, c.CloseSession(force=force, reason="why"), caller)

    @rule(which=ONE_OF_FOUR, status=st.sampled_from(OrderStatus), caller=CALLERS)
    def update_order(self, which: int, status: OrderStatus, caller: Caller) -> None:
        if order := self.pick(Kind.ORDER, which):
            self.world.send(order, c.UpdateStatus(status=status), caller)

    @rule(which=ONE_OF_FOUR, amount=st.sampled_from([250, 500, 2000]))
    def pay(self, which: int, amount: int) -> None:
        if order := self.pick(Kind.ORDER, which):
            self.world.send(order, c.Pay(amount=amount, method=PaymentMethod.CASH))

    @rule(which=ONE_OF_FOUR, reason=st.sampled_from(CallReason), online=st.booleans())
    def call(self, which: int, reason: CallReason, online: bool) -> None:
        if session := self.pick(Kind.SESSION, which):
            self.world.online = {Address(Kind.WAITER, 10, RESTAURANT.id)} if online else set()
            self.world.send(session, c.CallWaiter(reason=reason), GUEST)

    @rule(which=ONE_OF_FOUR, number=st.integers(1, 3), status=st.sampled_from(CallStatus))
    def update_call(self, which: int, number: int, status: CallStatus) -> None:
        if session := self.pick(Kind.SESSION, which):
            command = c.UpdateCall(call_id=f"{session.id}-{number}", status=status)
            self.world.send(session, command)

    @rule(seconds=st.sampled_from([1, 59, 60]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    # --- invariants ------------------------------------------------------------------------------

    def snapshots(self, kind: Kind) -> list[dict[str, Any]]:
        return [self.world.snapshot(at) for at in self.addresses(kind)]

    @invariant()
    def a_table_is_occupied_by_the_one_open_session_on_it(self) -> None:
        sessions = self.snapshots(Kind.SESSION)
        for table in self.snapshots(Kind.TABLE):
            assert [*invariants.of_table(table, sessions)] == []

    @invariant()
    def a_closed_session_stays_closed(self) -> None:
        closed = {at for at in self.addresses(Kind.SESSION) if not self.world.states[at].is_open}
        assert self.ended <= closed
        self.ended = closed

    @invariant()
    def sessions_list_their_orders(self) -> None:
        orders = self.snapshots(Kind.ORDER)
        for session in self.snapshots(Kind.SESSION):
            assert [*invariants.of_session(session)] == []
            assert [*invariants.of_session_orders(session, orders)] == []

    @invariant()
    def restaurant_lists_its_tables_and_open_orders(self) -> None:
        tables, orders = self.snapshots(Kind.TABLE), self.snapshots(Kind.ORDER)
        assert [*invariants.of_restaurant(self.world.snapshot(RESTAURANT), tables, orders)] == []

    @invariant()
    def only_open_calls_have_escalation_timers(self) -> None:
        for session in (self.world.states[at] for at in self.addresses(Kind.SESSION)):
            for call in session.calls.values():
                timed = any(key == call.timer for _, key in self.world.timers)
                assert timed == (call.status is CallStatus.OPEN and call.escalated < 2)

    @invariant()
    def a_call_is_acknowledged_with_its_notification(self) -> None:
        notes = self.world.snapshot(RESTAURANT, Channel.NOTIFICATIONS)["notifications"]
        done = {note["notification_id"]: note["acknowledged_at"] is not None for note in notes}
        for session in (self.world.states[at] for at in self.addresses(Kind.SESSION)):
            for call in session.calls.values():
                assert done[call.notification_id] == (call.status is not CallStatus.OPEN)


TestRestaurantMachine = RestaurantMachine.TestCase
TestRestaurantMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
