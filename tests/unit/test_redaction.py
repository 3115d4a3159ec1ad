"""Kitchens see no session codes, takings or payments in snapshots and events; guests do not see why
and by whom items were voided, nor high numbers of portions."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from domain.behaviours import BEHAVIOURS
from domain.redaction import HIDDEN, audience, redact
from protocol import commands as c
from protocol.caller import Role
from protocol.codec import encode
from protocol.ids import Address, Channel, Kind
from protocol.menu import MenuCategoryInput, MenuItemInput
from protocol.statuses import ItemStatus, OrderStatus
from tests.unit.world import GUEST, MENU, RESTAURANT, WAITER, RulesWorld, line

SECRETS = (b"session_code", b"ABC234", b"figures", b"Payment", b'"payment"', b"method")
KITCHENS = [Channel.RESTAURANT, Channel.NOTIFICATIONS]
GUESTS = [Channel.ORDER, Channel.ITEMS]
SHOWN = 5
"""The highest number of portions that guests see."""
CASES = [(role, channel) for channel, roles in HIDDEN.items() for role in roles]


def message(type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": type_, "data": {**data, "version": 1}, "seq": 1}


@pytest.fixture
def busy(world: RulesWorld) -> RulesWorld:
    """A world whose restaurant has published something of everything."""
    session = world.occupy()
    order = world.order(session)
    world.pay(order, 400)
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    world.call(session)
    world.wait(60)
    for notification_id in list(world.states[RESTAURANT].notifications):
        world.do(RESTAURANT, c.Acknowledge(notification_id=notification_id))
    world.do(RESTAURANT, c.RaiseAlert(message="Spill"))
    world.do(RESTAURANT, c.Broadcast(message="Last orders"))
    counted = [MenuItemInput(name=f"{n} left", price=100, portions=n) for n in range(SHOWN + 3)]
    items = (*counted, MenuItemInput(name="not counted", price=100))
    world.do(MENU, c.ReplaceMenu(categories=(MenuCategoryInput(name="All", items=items),)))
    return world


@pytest.fixture
def voided(busy: RulesWorld) -> Address:
    """An order of which units, an item and then the rest were voided."""
    [session] = [each for each in busy.states if each.kind is Kind.SESSION]
    order = busy.order(session, line("Soup", 500), line("Fish", 900, 3), line("Cake", 400))
    units = (c.VoidedItem(item_id=2, units=1),)
    busy.do(order, c.VoidItems(items=units, reason="burnt"), WAITER)
    busy.do(order, c.UpdateItem(item_id=1, status=ItemStatus.VOIDED, reason="burnt"), WAITER)
    busy.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED, reason="burnt"), WAITER)
    return order


def events(world: RulesWorld, channel: Channel) -> list[dict[str, Any]]:
    return [message(each.type, each.data) for each in world.publications
            if each.channel is channel]  # fmt: skip


def messages(world: RulesWorld, channel: Channel, at: Address) -> list[dict[str, Any]]:
    """The snapshot of a channel, and all its events."""
    snapshot = BEHAVIOURS[at.kind].snapshot(world.states[at], channel)
    return [message(*snapshot), *events(world, channel)]


@pytest.mark.parametrize("channel", KITCHENS)
def test_kitchens_see_no_secrets_of_a_restaurant(busy: RulesWorld, channel: Channel) -> None:
    whole = messages(busy, channel, RESTAURANT)
    assert any(secret in encode(whole) for secret in SECRETS)
    shown = encode([redact(Role.KITCHEN, channel, each) for each in whole])
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize("channel", GUESTS)
def test_guests_do_not_see_why_and_by_whom_items_were_voided(
    busy: RulesWorld, voided: Address, channel: Channel
) -> None:
    whole = messages(busy, channel, voided)
    assert b"burnt" in encode(whole)
    for each in whole:
        shown = orjson.loads(encode(redact(Role.GUEST, channel, each)))
        assert b"burnt" not in encode(shown)
        expected = orjson.loads(encode(each))
        data = expected["data"]
        for part in (data, *data.get("items", ())):
            if "reason" in part:
                part["reason"] = None
            for void in part.get("voids", ()):
                void.update(reason=None, by=None)
        assert shown == expected


def entity_of(channel: Channel, order: Address) -> Address:
    return MENU if channel is Channel.MENU else order if channel in GUESTS else RESTAURANT


def test_guests_see_how_many_portions_are_left_if_there_are_few(busy: RulesWorld) -> None:
    snapshot = messages(busy, Channel.MENU, MENU)[0]
    items = redact(Role.GUEST, Channel.MENU, snapshot)["data"]["categories"][0]["items"]
    assert [each["portions"] for each in items] == [*range(SHOWN + 1), None, None, None]


@pytest.mark.parametrize(("count", "is_withheld"), [(7, True), (6, False), (4, False)])
def test_an_update_that_guests_do_not_see_is_withheld(
    world: RulesWorld, count: int, *, is_withheld: bool
) -> None:
    soup = MenuItemInput(name="Soup", price=100, portions=count)
    world.do(MENU, c.ReplaceMenu(categories=(MenuCategoryInput(name="All", items=(soup,)),)))
    world.clear()
    ordering = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1),))
    world.order_from_menu(world.occupy(), ordering)
    [update] = events(world, Channel.MENU)
    assert update["data"]["item"]["portions"] == count - 1
    shown = redact(Role.GUEST, Channel.MENU, update)
    assert (shown["type"] == "withheld") is is_withheld
    assert is_withheld or shown["data"]["item"]["portions"] == count - 1


@pytest.mark.parametrize(("role", "channel"), CASES)
def test_redaction_of_values_equals_that_of_their_json(
    busy: RulesWorld, voided: Address, role: Role, channel: Channel
) -> None:
    """Events from the journal are redacted as JSON."""
    for each in messages(busy, channel, entity_of(channel, voided)):
        shown = orjson.loads(encode(redact(role, channel, each)))
        assert shown == redact(role, channel, orjson.loads(encode(each)))


@pytest.mark.parametrize(("role", "channel"), CASES)
def test_the_pattern_is_in_every_message_that_hides_something(
    busy: RulesWorld, voided: Address, role: Role, channel: Channel
) -> None:
    found = set()
    for each in messages(busy, channel, entity_of(channel, voided)):
        is_found = HIDDEN[channel][role].pattern.search(encode(each)) is not None
        assert is_found or redact(role, channel, each) is each
        found.add(is_found)
    assert True in found


def test_an_order_without_reasons_hides_nothing_from_guests(world: RulesWorld) -> None:
    order = world.order(world.occupy())
    world.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED), GUEST)
    [status] = events(world, Channel.ORDER)
    hidden = HIDDEN[Channel.ORDER][Role.GUEST]
    assert hidden.pattern.search(encode(status)) is None
    assert redact(Role.GUEST, Channel.ORDER, status) is status


def test_messages_that_hide_nothing_are_not_copied(busy: RulesWorld) -> None:
    same = {
        each["type"]: redact(Role.KITCHEN, Channel.RESTAURANT, each) is each
        for each in events(busy, Channel.RESTAURANT)
    }
    assert same.pop("table_update") is False
    assert len(same) > 2
    assert all(same.values())


def test_a_payment_becomes_withheld(busy: RulesWorld) -> None:
    shown = [
        redact(Role.KITCHEN, Channel.NOTIFICATIONS, each)
        for each in events(busy, Channel.NOTIFICATIONS)
        if each["data"]["kind"] == "payment"
    ]
    assert shown == [{"type": "withheld", "data": {"version": 1}, "seq": 1}] * 2


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("channel", Channel)
def test_other_roles_see_whole_messages(role: Role, channel: Channel) -> None:
    is_redacted = channel in {Role.KITCHEN: KITCHENS, Role.GUEST: [*GUESTS, Channel.MENU]}.get(
        role, []
    )
    assert audience(role, channel) == (role if is_redacted else None)
