"""Invariants of an order under any sequence of commands."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import lifecycle
from domain.entity import READY_GRACE_S
from domain.order.item import are_delivered
from domain.order.state import Order
from domain.order.views import items_data
from load_tests import invariants
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code, Rejected
from protocol.ids import Channel
from protocol.statuses import ItemStatus, OrderStatus, PaymentMethod, PaymentStatus
from protocol.values import parse_money
from tests.unit.world import GUEST, KITCHEN, MANAGER, RESTAURANT, TABLE, RulesWorld, line

STAMPS = ("confirmed_at", "ready_at", "delivered_at", "cancelled_at", "paid_at")
LINES = st.builds(
    line,
    st.sampled_from(["Soup", "Fish", "Cake"]),
    st.sampled_from([0, 100, 250]),
    st.integers(1, 3),
)
CALLERS = st.sampled_from([GUEST, KITCHEN, MANAGER])


class AnyOrder(RuleBasedStateMachine):
    """Commands of all kinds. Each succeeds, changes nothing, or is refused with a code."""

    def __init__(self) -> None:
        super().__init__()
        self.world = RulesWorld()
        self.session = self.world.occupy()
        self.at = self.world.order(self.session, line("Soup", 250), line("Fish", 100, 2))
        self.was: Order = self.order
        self.stamps: dict[str, Any] = {}
        self.payments: list[PaymentStatus] = [PaymentStatus.UNPAID]

    @property
    def order(self) -> Order:
        order: Order = self.world.states[self.at]
        return order

    def send(self, command: c.Command, caller: Caller) -> None:
        before = self.order
        self.was = before
        answer = self.world.send(self.at, command, caller)
        self.world.now = self.world.now.replace(microsecond=self.world.now.microsecond + 1)
        if isinstance(answer, Rejected):
            assert self.order is before
            assert answer.code in {
                Code.INVALID_TRANSITION, Code.FORBIDDEN, Code.OVERPAYMENT, Code.INVALID_MESSAGE,
            }  # fmt: skip
        else:
            assert (self.order is before) == (not answer.events)
        self.payments.append(self.order.money.status)

    @rule(
        status=st.sampled_from(OrderStatus),
        reason=st.none() | st.just("why"),
        caller=CALLERS,
    )
    def set_status(self, status: OrderStatus, reason: str | None, caller: Caller) -> None:
        self.send(c.UpdateStatus(status=status, reason=reason), caller)

    @rule(seconds=st.sampled_from([1.0, READY_GRACE_S]))
    def wait(self, seconds: float) -> None:
        self.was = self.order
        self.world.wait(seconds)

    @rule(data=st.data(), status=st.sampled_from(ItemStatus), caller=CALLERS)
    def set_item_status(self, data: st.DataObject, status: ItemStatus, caller: Caller) -> None:
        item = data.draw(st.sampled_from(self.order.items))
        self.send(c.UpdateItem(item_id=item.item_id, status=status, reason="why"), caller)

    @rule(lines=st.lists(LINES, min_size=1, max_size=4))
    def replace_items(self, lines: list[c.FreeLine]) -> None:
        self.send(c.ReplaceItems(items=tuple(lines)), MANAGER)

    @rule(lines=st.lists(LINES, min_size=1, max_size=2))
    def add_items(self, lines: list[c.FreeLine]) -> None:
        self.send(c.AddItems(items=tuple(lines)), MANAGER)

    @rule(data=st.data(), units=st.none() | st.integers(1, 3), caller=CALLERS)
    def void_an_item(self, data: st.DataObject, units: int | None, caller: Caller) -> None:
        item = data.draw(st.sampled_from(self.order.items))
        voided = c.VoidedItem(item_id=item.item_id, units=units)
        self.send(c.VoidItems(items=(voided,), reason="why"), caller)

    @rule(data=st.data(), caller=CALLERS)
    def deliver_items(self, data: st.DataObject, caller: Caller) -> None:
        ids = st.sampled_from([item.item_id for item in self.order.items])
        chosen = data.draw(st.lists(ids, min_size=1, max_size=4))
        self.send(c.DeliverItems(item_ids=tuple(chosen)), caller)

    @precondition(lambda self: self.order.money.balance)
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        amount = data.draw(st.integers(1, self.order.money.balance + 1))
        self.send(c.Pay(amount=amount, method=PaymentMethod.CASH), MANAGER)

    @rule()
    def refund(self) -> None:
        self.send(c.Refund(reason="why"), MANAGER)

    @invariant()
    def total_equals_sum_of_items_that_are_not_voided(self) -> None:
        items = self.world.snapshot(self.at, Channel.ITEMS)["items"]
        live = [each for each in items if each["status"] != "voided"]
        total = sum(each["quantity"] * parse_money(each["unit_price"]) for each in live)
        seen = self.world.snapshot(self.at)
        assert parse_money(seen["total_amount"]) == total
        assert seen["items_count"] == sum(each["quantity"] for each in live)

    @invariant()
    def balance_equals_the_unpaid_amount(self) -> None:
        assert [*invariants.of_order(self.world.snapshot(self.at))] == []
        assert 0 <= self.order.money.net_paid <= self.order.money.paid

    @invariant()
    def timestamps_are_set_once(self) -> None:
        if self.order.status is OrderStatus.CONFIRMED:  # perhaps after a recall
            assert self.order.ready_at is None
            self.stamps.pop("ready_at", None)
        for name in STAMPS:
            moment = getattr(self.order, name)
            assert self.stamps.setdefault(name, moment) in (None, moment)
            self.stamps[name] = moment

    @invariant()
    def transitions_are_in_the_table(self) -> None:
        was, now = self.was.status, self.order.status
        ends_grace = self.was.status is OrderStatus.CONFIRMED and now is OrderStatus.DELIVERED
        assert was is now or now in lifecycle.ORDER[was] or ends_grace
        before = {item.item_id: item.status for item in self.was.items}
        for item in self.order.items:
            old = before.get(item.item_id, item.status)
            again = item.status is ItemStatus.PENDING  # another quantity
            assert item.status is old or again or item.status in lifecycle.ITEM[old]

    @invariant()
    def payment_transitions_are_in_the_table(self) -> None:
        for was, now in zip(self.payments, self.payments[1:], strict=False):
            assert was is now or now in lifecycle.PAYMENT[was]
        self.payments = self.payments[-1:]

    @invariant()
    def order_is_ready_when_all_items_are(self) -> None:
        statuses = {item.status for item in self.order.items} - {ItemStatus.VOIDED}
        has_timer = (self.at, "ready") in self.world.timers
        assert has_timer == self.order.is_in_grace
        if self.order.status is OrderStatus.CONFIRMED:
            assert has_timer or ItemStatus.PENDING in statuses
        is_open = self.order.status in (OrderStatus.CONFIRMED, OrderStatus.READY)
        assert not (is_open and are_delivered(self.order.items))
        if self.order.status in (OrderStatus.READY, OrderStatus.DELIVERED):
            assert statuses == {ItemStatus.READY}

    @invariant()
    def units_of_a_confirmed_order_are_only_taken_away_by_voiding(self) -> None:
        assert all(item.quantity > 0 for item in self.order.items)
        if self.was.status is not OrderStatus.PENDING:
            before, after = items_data(self.was)["items"], items_data(self.order)["items"]
            assert [*invariants.of_units("order", before, after)] == []

    @invariant()
    def only_a_ready_order_has_an_open_notification_that_it_is_ready(self) -> None:
        notes = self.world.snapshot(RESTAURANT, Channel.NOTIFICATIONS)["notifications"]
        ready = [note for note in notes if note["kind"] == "order_ready"]
        ids = [note["notification_id"] for note in ready]
        assert len(set(ids)) == len(ids)
        open_ = [note for note in ready if note["acknowledged_at"] is None]
        if self.order.status is OrderStatus.READY:
            assert [note["created_at"] for note in open_] == [
                self.world.snapshot(self.at)["ready_at"]
            ]
        elif self.order.status in (OrderStatus.PENDING, OrderStatus.CONFIRMED):
            assert not open_

    @invariant()
    def item_ids_are_unique(self) -> None:
        ids = [item.item_id for item in self.order.items]
        assert ids == sorted(set(ids))
        assert max(ids) < self.order.next_item_id
        assert self.order.next_item_id >= self.was.next_item_id

    @invariant()
    def payment_completes_at_most_once(self) -> None:
        completed = self.world.types(RESTAURANT).count("payment_completed")
        assert completed == (self.order.paid_at is not None)

    @invariant()
    def session_and_restaurant_list_the_order(self) -> None:
        order, session = self.world.snapshot(self.at), self.world.snapshot(self.session)
        restaurant, table = self.world.snapshot(RESTAURANT), self.world.snapshot(TABLE)
        assert [*invariants.of_session_orders(session, [order])] == []
        assert [*invariants.of_restaurant(restaurant, [table], [order])] == []


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
