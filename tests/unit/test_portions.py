"""Portions of counted items: reserved, sold, given back, and what is left in the menu."""

from typing import Any

import pytest

from domain.entity import NO_INPUTS, Decision, Inputs, RequestRef
from domain.menu.portions import RESERVED_S
from domain.menu.state import MAX_ORDERED, Menu
from domain.messages import PriceLines
from domain.portions import MAX_ANSWERS, AnsweredReservations, AskReservation
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind
from protocol.menu import MenuCategoryInput, MenuItemInput
from protocol.statuses import OrderStatus
from tests.unit.world import GUEST, MANAGER, MENU, WAITER, RulesWorld

SOUP, CAKE, TEA = 1, 2, 3


@pytest.fixture
def counted(world: RulesWorld) -> RulesWorld:
    """Three soups and ten cakes are left; tea is not counted."""
    world.do(MENU, menu(("Soup", 3), ("Cake", 10), ("Tea", None)))
    world.clear()
    return world


@pytest.fixture
def session(counted: RulesWorld) -> Address:
    return counted.occupy()


def menu(*items: tuple[str, int | None], **fields: Any) -> c.ReplaceMenu:
    inputs = tuple(
        MenuItemInput(name=name, price=500, portions=portions, **fields) for name, portions in items
    )
    return c.ReplaceMenu(categories=(MenuCategoryInput(name="All", items=inputs),))


def order_of(*lines: tuple[int, int], **fields: Any) -> c.PlaceOrder:
    items = tuple(c.MenuLine(menu_item_id=id_, quantity=quantity) for id_, quantity in lines)
    return c.PlaceOrder(items=items, **fields)


def left(world: RulesWorld) -> dict[int, int | None]:
    items = world.snapshot(MENU)["categories"][0]["items"]
    return {item["id"]: item["portions"] for item in items}


def state(world: RulesWorld) -> Menu:
    found = world.states[MENU]
    assert isinstance(found, Menu)
    return found


def placed(world: RulesWorld, session: Address, *lines: tuple[int, int], **how: Any) -> Address:
    answer = world.order_from_menu(session, order_of(*lines), **how)
    assert isinstance(answer, Decision), answer
    return Address(Kind.ORDER, answer.result["order_id"], session.restaurant)


def refused(answer: Decision | Rejected, code: Code) -> Rejected:
    assert isinstance(answer, Rejected), answer
    assert answer.code is code, answer
    return answer


def reserve(
    world: RulesWorld, to: Address, command: c.Command, request_id: str, caller: Caller = GUEST
) -> tuple[Inputs, RequestRef]:
    """The inputs of a command that is not sent yet."""
    ref = RequestRef(to, caller.subject, request_id, "digest")
    priced = world._send(MENU, PriceLines.of(command, ref), caller, NO_INPUTS, None)
    assert isinstance(priced, Decision), priced
    return Inputs(world.fresh(), **priced.result), ref


def ask(world: RulesWorld, owner: Address, number: int) -> None:
    world._send(owner, AskReservation(number), GUEST, NO_INPUTS, None)


# --- setting -------------------------------------------------------------------------------------


def test_setting_portions_replaces_the_number_that_is_left(
    counted: RulesWorld, session: Address
) -> None:
    placed(counted, session, (CAKE, 4))
    assert left(counted) == {SOUP: 3, CAKE: 6, TEA: None}
    counted.do(MENU, c.ChangeMenuItem(item_id=CAKE, portions=10))
    assert left(counted)[CAKE] == 10
    counted.unchanged(MENU, c.ChangeMenuItem(item_id=CAKE, portions=10))


def test_portions_of_null_are_not_counted_any_more(counted: RulesWorld, session: Address) -> None:
    counted.do(MENU, c.ChangeMenuItem(item_id=SOUP, portions=None))
    placed(counted, session, (SOUP, 99))
    assert left(counted)[SOUP] is None


def test_another_change_of_an_item_keeps_its_portions(
    counted: RulesWorld, session: Address
) -> None:
    placed(counted, session, (CAKE, 4))
    counted.do(MENU, c.ChangeMenuItem(item_id=CAKE, price=700))
    assert left(counted)[CAKE] == 6
    items = tuple(MenuItemInput(id=id_, name=f"Dish {id_}", price=500) for id_ in (SOUP, CAKE, TEA))
    counted.do(MENU, c.ReplaceMenu(categories=(MenuCategoryInput(name="All", items=items),)))
    assert left(counted) == {SOUP: 3, CAKE: 6, TEA: None}


def test_a_sale_does_not_change_the_content_that_is_stored(
    counted: RulesWorld, session: Address
) -> None:
    before = state(counted).content
    placed(counted, session, (CAKE, 4))
    assert state(counted).content is before


# --- ordering ------------------------------------------------------------------------------------


def test_an_item_without_portions_left_cannot_be_ordered(
    counted: RulesWorld, session: Address
) -> None:
    placed(counted, session, (SOUP, 3))
    answer = refused(
        counted.order_from_menu(session, order_of((SOUP, 1), (TEA, 1)), MANAGER),
        Code.ITEM_UNAVAILABLE,
    )
    assert answer.error == "Sold out: Soup. Choose something else."
    assert answer.details == {
        "menu_item_ids": [SOUP],
        "portions": [{"menu_item_id": SOUP, "left": 0}],
    }
    assert left(counted)[SOUP] == 0


@pytest.mark.parametrize(("caller", "shown"), [(GUEST, None), (WAITER, 10)])
def test_a_refusal_shows_guests_only_low_numbers(
    counted: RulesWorld, session: Address, caller: Caller, shown: int | None
) -> None:
    answer = refused(
        counted.order_from_menu(session, order_of((SOUP, 4), (CAKE, 11)), caller),
        Code.ITEM_UNAVAILABLE,
    )
    cakes = "fewer" if shown is None else "only 10"
    assert answer.error == (
        f"Not enough portions: Soup (only 3 left), Cake ({cakes} left). "
        "Order fewer, or choose something else."
    )
    assert answer.details["portions"] == [
        {"menu_item_id": SOUP, "left": 3},
        {"menu_item_id": CAKE, "left": shown},
    ]


def test_a_quote_reserves_nothing_and_is_refused_if_too_few_are_left(
    counted: RulesWorld, session: Address
) -> None:
    quote = c.Quote(items=order_of((SOUP, 3)).items)
    assert isinstance(counted.order_from_menu(session, quote), Decision)
    assert left(counted)[SOUP] == 3
    more = c.Quote(items=order_of((SOUP, 4)).items)
    refused(counted.order_from_menu(session, more), Code.ITEM_UNAVAILABLE)


def test_lines_of_one_item_are_counted_together(counted: RulesWorld, session: Address) -> None:
    refused(counted.order_from_menu(session, order_of((SOUP, 2), (SOUP, 2))), Code.ITEM_UNAVAILABLE)
    placed(counted, session, (SOUP, 2), (SOUP, 1))
    assert left(counted)[SOUP] == 0


def test_an_order_without_counted_items_does_not_change_the_menu(
    counted: RulesWorld, session: Address
) -> None:
    before, publications = state(counted), len(counted.publications)
    placed(counted, session, (TEA, 50))
    assert state(counted) is before
    assert [each.at for each in counted.publications[publications:] if each.at == MENU] == []
    assert not [effect for effect in counted.effects if effect.to == MENU]


def test_counted_lines_without_a_reservation_are_unavailable(
    counted: RulesWorld, session: Address
) -> None:
    """A gateway of the previous release has not made one."""
    priced = counted.do(MENU, PriceLines.of(order_of((SOUP, 1)), None), GUEST)
    ref = RequestRef(session, GUEST.subject, "r", "digest")
    inputs = Inputs(counted.fresh(), **priced.result)
    refused(counted.order_priced(session, order_of((SOUP, 1)), inputs, ref), Code.UNAVAILABLE)


# --- reservations --------------------------------------------------------------------------------


def test_a_repeated_request_reserves_nothing_more(counted: RulesWorld, session: Address) -> None:
    first, ref = reserve(counted, session, order_of((SOUP, 2)), "a")
    again, _ = reserve(counted, session, order_of((SOUP, 2)), "a")
    assert again.reservation == first.reservation
    assert left(counted)[SOUP] == 1
    counted.order_priced(session, order_of((SOUP, 2)), first, ref)
    after, _ = reserve(counted, session, order_of((SOUP, 2)), "a")
    assert after.reservation is None
    assert left(counted)[SOUP] == 1


def test_requests_of_other_callers_or_to_other_entities_reserve_for_themselves(
    counted: RulesWorld, session: Address
) -> None:
    other = counted.occupy(counted.add_table(6, "6", "A", None))
    found = [
        reserve(counted, to, order_of((CAKE, 1)), "a", caller)[0].reservation
        for to, caller in ((session, GUEST), (session, WAITER), (other, GUEST))
    ]
    assert [each and each.number for each in found] == [1, 2, 3]
    assert left(counted)[CAKE] == 7


def test_a_refused_order_gives_its_portions_back_at_once(
    counted: RulesWorld, session: Address
) -> None:
    answer = counted.order_from_menu(session, order_of((SOUP, 3), expected_total=1))
    refused(answer, Code.PRICE_CHANGED)
    assert left(counted)[SOUP] == 3
    assert state(counted).reservations == {}
    assert not counted.timers
    placed(counted, session, (SOUP, 3))


def test_the_menu_asks_for_an_order_after_a_minute(counted: RulesWorld, session: Address) -> None:
    inputs, ref = reserve(counted, session, order_of((SOUP, 3)), "a")
    counted.wait(RESERVED_S - 1)
    assert left(counted)[SOUP] == 0
    counted.wait(1)
    assert left(counted)[SOUP] == 3
    assert not counted.timers
    late = counted.order_priced(session, order_of((SOUP, 3)), inputs, ref)
    refused(late, Code.UNAVAILABLE)
    assert left(counted)[SOUP] == 3
    placed(counted, session, (SOUP, 3), request_id="a")
    assert left(counted)[SOUP] == 0


def test_an_order_that_is_asked_for_stays_sold(counted: RulesWorld, session: Address) -> None:
    inputs, ref = reserve(counted, session, order_of((SOUP, 2)), "a")
    counted.order_priced(session, order_of((SOUP, 2)), inputs, ref)
    assert inputs.reservation is not None
    ask(counted, session, inputs.reservation.number)
    assert left(counted)[SOUP] == 1


def test_only_the_owner_of_a_reservation_ends_it(counted: RulesWorld, session: Address) -> None:
    reserve(counted, session, order_of((SOUP, 2)), "a")
    other = counted.occupy(counted.add_table(6, "6", "A", None))
    ask(counted, other, 1)
    assert left(counted)[SOUP] == 1
    assert list(state(counted).reservations) == [1]


def test_a_reservation_ends_if_its_owner_does_not_exist(counted: RulesWorld) -> None:
    reserve(counted, Address(Kind.SESSION, 999, 2), order_of((SOUP, 2)), "a")
    counted.wait(RESERVED_S)
    assert left(counted)[SOUP] == 3


def test_reservations_outlive_a_new_number_of_portions(
    counted: RulesWorld, session: Address
) -> None:
    inputs, ref = reserve(counted, session, order_of((SOUP, 2)), "a")
    counted.do(MENU, c.ChangeMenuItem(item_id=SOUP, portions=5))
    counted.order_priced(session, order_of((SOUP, 2)), inputs, ref)
    assert left(counted)[SOUP] == 5
    reserve(counted, session, order_of((SOUP, 2)), "b")
    counted.do(MENU, c.ChangeMenuItem(item_id=SOUP, portions=0))
    counted.wait(RESERVED_S)
    assert left(counted)[SOUP] == 2


def test_answers_that_are_forgotten_stay_void() -> None:
    answers = AnsweredReservations()
    for number in range(10, 11 + MAX_ANSWERS):
        answers = answers.add(number, {SOUP: 1})
    assert len(answers) == MAX_ANSWERS
    assert answers.find(10) == answers.find(3) == {}
    assert answers.find(11) == {SOUP: 1}
    assert answers.find(11 + MAX_ANSWERS) is None


def test_a_menu_forgets_the_oldest_ordered_requests(counted: RulesWorld, session: Address) -> None:
    counted.do(MENU, c.ChangeMenuItem(item_id=CAKE, portions=MAX_ORDERED + 1))
    for number in range(MAX_ORDERED + 1):
        placed(counted, session, (CAKE, 1), caller=WAITER, request_id=f"order {number}")
    assert list(state(counted).ordered) == list(range(2, MAX_ORDERED + 2))


# --- changes of an order -------------------------------------------------------------------------


def test_a_cancelled_pending_order_gives_its_portions_back(
    counted: RulesWorld, session: Address
) -> None:
    order = placed(counted, session, (SOUP, 2), (TEA, 1))
    counted.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED), GUEST)
    assert left(counted) == {SOUP: 3, CAKE: 10, TEA: None}


@pytest.mark.parametrize(("status", "expected"), [(None, 2), (OrderStatus.CONFIRMED, 1)])
def test_units_that_are_voided_before_they_are_confirmed_are_given_back(
    counted: RulesWorld, session: Address, status: OrderStatus | None, expected: int
) -> None:
    order = placed(counted, session, (SOUP, 2))
    if status is not None:
        counted.advance(order, status)
    units = (c.VoidedItem(item_id=1, units=1),)
    counted.do(order, c.VoidItems(items=units, reason="a mistake"), WAITER)
    assert left(counted)[SOUP] == expected


def test_portions_of_an_item_that_is_not_counted_any_more_are_not_given_back(
    counted: RulesWorld, session: Address
) -> None:
    order = placed(counted, session, (SOUP, 2))
    counted.do(MENU, c.ChangeMenuItem(item_id=SOUP, portions=None))
    counted.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED), GUEST)
    assert left(counted)[SOUP] is None
    assert state(counted).taken == {}


def test_added_items_are_reserved_for_the_order(counted: RulesWorld, session: Address) -> None:
    order = placed(counted, session, (SOUP, 2))
    lines = order_of((SOUP, 1)).items
    assert isinstance(counted.order_from_menu(order, c.AddItems(items=lines)), Decision)
    assert left(counted)[SOUP] == 0
    refused(counted.order_from_menu(order, c.AddItems(items=lines)), Code.ITEM_UNAVAILABLE)


def test_replaced_items_take_only_what_they_add(counted: RulesWorld, session: Address) -> None:
    order = placed(counted, session, (SOUP, 2))
    same = c.MenuLine(menu_item_id=SOUP, quantity=2, notes="hot")
    for lines, expected in (
        ((same,), 1),
        (order_of((SOUP, 3)).items, 0),
        (order_of((SOUP, 3)).items, 0),
        (order_of((SOUP, 1), (CAKE, 1)).items, 2),
    ):
        answer = counted.order_from_menu(order, c.ReplaceItems(items=lines), WAITER)
        assert isinstance(answer, Decision), answer
        assert left(counted)[SOUP] == expected
        assert state(counted).reservations == {}


def test_replaced_items_need_enough_portions(counted: RulesWorld, session: Address) -> None:
    order = placed(counted, session, (SOUP, 2))
    lines = order_of((SOUP, 4)).items
    answer = counted.order_from_menu(order, c.ReplaceItems(items=lines), WAITER)
    assert isinstance(answer, Rejected), answer
    assert answer.code is Code.ITEM_UNAVAILABLE
    assert left(counted)[SOUP] == 1
    assert state(counted).reservations == {}


# --- the channel ---------------------------------------------------------------------------------


def test_a_sale_publishes_the_item_alone(counted: RulesWorld, session: Address) -> None:
    placed(counted, session, (CAKE, 4), (TEA, 1))
    [update] = [each for each in counted.publications if each.at == MENU]
    assert update.type == "menu_item_updated"
    assert (update.data["item"]["id"], update.data["item"]["portions"]) == (CAKE, 6)
    assert update.data["kind"] == "portions"
