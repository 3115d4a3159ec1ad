"""Portions add up under any sequence of orders, lost messages and changes of the number."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.entity import NO_INPUTS, Decision, Inputs, RequestRef
from domain.menu.portions import RESERVED_S
from domain.menu.state import Menu
from domain.messages import PriceLines
from domain.order.state import Order
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind
from protocol.menu import MenuCategoryInput, MenuItemInput
from protocol.statuses import OrderStatus
from tests.unit.world import GUEST, MENU, RESTAURANT, WAITER, RulesWorld

SOUP = 1
REQUESTS = st.sampled_from("abcdefghij")
UNITS = st.integers(1, 4)


def soups(units: int) -> tuple[c.MenuLine, ...]:
    return (c.MenuLine(menu_item_id=SOUP, quantity=units),)


class AnyOrders(RuleBasedStateMachine):
    """`expected` is what is left if no reservation is open."""

    def __init__(self) -> None:
        super().__init__()
        self.world = RulesWorld()
        soup = MenuItemInput(name="Soup", price=500, portions=9)
        category = MenuCategoryInput(name="All", items=(soup,))
        self.world.do(MENU, c.ReplaceMenu(categories=(category,)))
        self.session = self.world.occupy()
        self.expected = 9
        self.priced: dict[str, tuple[c.PlaceOrder, Inputs, RequestRef]] = {}
        self.placed: set[str] = set()
        self.orders: list[Address] = []

    @property
    def menu(self) -> Menu:
        menu: Menu = self.world.states[MENU]
        return menu

    def order(self, at: Address) -> Order:
        order: Order = self.world.states[at]
        return order

    @rule(units=UNITS, request=REQUESTS)
    def price(self, units: int, request: str) -> None:
        """A gateway has an order priced. It may send it later, twice or never."""
        command = c.PlaceOrder(items=soups(units))
        ref = RequestRef(self.session, GUEST.subject, request, "digest")
        open_before = dict(self.menu.reservations)
        pricing = PriceLines.of(command, ref)
        priced = self.world._send(MENU, pricing, GUEST, NO_INPUTS, None)
        if isinstance(priced, Rejected):
            assert priced.code is Code.ITEM_UNAVAILABLE
            assert self.menu.reservations == open_before
            return
        assert isinstance(priced, Decision)
        inputs = Inputs(self.world.fresh(), **priced.result)
        if request not in self.placed:
            self.priced[request] = command, inputs, ref

    @precondition(lambda self: self.priced)
    @rule(data=st.data())
    def place(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(sorted(self.priced)))
        command, inputs, ref = self.priced[request]
        answer = self.world.order_priced(self.session, command, inputs, ref)
        if isinstance(answer, Rejected):
            assert answer.code in (Code.UNAVAILABLE, Code.ITEM_UNAVAILABLE, Code.RATE_LIMITED)
            return
        self.placed.add(request)  # a host answers a repeated request with this result
        del self.priced[request]
        self.expected -= command.items[0].quantity
        order_id = answer.result["order_id"]
        self.orders.append(Address(Kind.ORDER, order_id, RESTAURANT.id))

    @rule(seconds=st.sampled_from([1, RESERVED_S]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule(portions=st.integers(0, 9))
    def set_portions(self, portions: int) -> None:
        reserved = sum(each.portions.get(SOUP, 0) for each in self.menu.reservations.values())
        self.world.do(MENU, c.ChangeMenuItem(item_id=SOUP, portions=portions))
        self.expected = portions + reserved

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), units=UNITS)
    def change(self, data: st.DataObject, units: int) -> None:
        """Add, replace, void or cancel."""
        at = data.draw(st.sampled_from(self.orders))
        before = self.order(at)
        commands: list[c.Command] = [
            c.AddItems(items=soups(units)),
            c.ReplaceItems(items=soups(units)),
            c.VoidItems(items=(c.VoidedItem(item_id=1, units=1),), reason="a mistake"),
            c.UpdateStatus(status=OrderStatus.CANCELLED, reason="a mistake"),
            c.UpdateStatus(status=OrderStatus.CONFIRMED),
        ]
        command = data.draw(st.sampled_from(commands))
        if command.priced_lines:
            self.world.order_from_menu(at, command, WAITER)
        else:
            self.world.send(at, command, WAITER)
        taken = self.order(at).portions.get(SOUP, 0) - before.portions.get(SOUP, 0)
        if taken > 0 or before.status is OrderStatus.PENDING:
            self.expected -= taken

    @invariant()
    def numbers_add_up(self) -> None:
        reserved = sum(each.portions.get(SOUP, 0) for each in self.menu.reservations.values())
        left = self.menu.counted[SOUP]
        assert left == self.expected - reserved
        assert left >= 0

    @invariant()
    def every_reservation_has_a_timer(self) -> None:
        timers = {key for at, key in self.world.timers if at == MENU}
        assert timers == {f"reservation-{number}" for number in self.menu.reservations}


TestAnyOrders = AnyOrders.TestCase
TestAnyOrders.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
