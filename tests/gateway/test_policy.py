"""The table of roles, row by row."""

from typing import Any

import pytest

from gateway.identity import NOBODY, Principal
from gateway.policy import COMMANDS, READS, may_do, may_read, not_found
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import Code
from protocol.frames import ACTIONS
from protocol.ids import KIND_OF, Address, Channel, Kind
from protocol.statuses import CallStatus, ItemStatus, OrderStatus, PaymentMethod

HOME = 2
WHO: dict[Role, Principal] = {
    Role.ANONYMOUS: NOBODY,
    Role.GUEST: Principal(Caller(Role.GUEST, "guest:7"), HOME, session_id=7),
    Role.WAITER: Principal(Caller(Role.WAITER, "waiter:10"), HOME, waiter_id=10),
    Role.KITCHEN: Principal(Caller(Role.KITCHEN, "kitchen:2"), HOME),
    Role.MANAGER: Principal(Caller(Role.MANAGER, "manager:2"), HOME),
    Role.ADMIN: Principal(Caller(Role.ADMIN, "admin:chain")),
}
ENTITIES = {
    Kind.RESTAURANT: Address(Kind.RESTAURANT, HOME, HOME),
    Kind.TABLE: Address(Kind.TABLE, 5, HOME),
    Kind.SESSION: Address(Kind.SESSION, 7, HOME),
    Kind.ORDER: Address(Kind.ORDER, 1, HOME),
    Kind.WAITER: Address(Kind.WAITER, 10, HOME),
}
A, G, W, K, M, ADMIN = Role
STAFF_OF_TABLES = {A, W, M, ADMIN}
MANAGEMENT = {M, ADMIN}
LINE = c.MenuLine(menu_item_id=1)


def status(status: OrderStatus) -> c.UpdateStatus:
    return c.UpdateStatus(status=status)


ROWS: list[tuple[Kind, c.Command, set[Role]]] = [
    (Kind.TABLE, c.Occupy(), STAFF_OF_TABLES),
    (Kind.TABLE, c.Release(), STAFF_OF_TABLES),
    (Kind.TABLE, c.Release(force=True, reason="x"), MANAGEMENT),
    (Kind.TABLE, c.ChangeTable(seats=2), MANAGEMENT),
    (Kind.SESSION, c.UpdateGuestsCount(guests_count=2), STAFF_OF_TABLES),
    (Kind.SESSION, c.CloseSession(), STAFF_OF_TABLES),
    (Kind.SESSION, c.CloseSession(force=True, reason="x"), MANAGEMENT),
    (Kind.SESSION, c.CallWaiter(), {A, G, W, M, ADMIN}),
    (Kind.SESSION, c.PlaceOrder(items=(LINE,)), {A, G, W, M, ADMIN}),
    (Kind.SESSION, c.UpdateCall(call_id="7-1", status=CallStatus.RESOLVED), {W, M, ADMIN}),
    (Kind.ORDER, status(OrderStatus.CONFIRMED), {W, K, M, ADMIN}),
    (Kind.ORDER, status(OrderStatus.READY), {K, M, ADMIN}),
    (Kind.ORDER, status(OrderStatus.DELIVERED), {W, M, ADMIN}),
    (Kind.ORDER, status(OrderStatus.CANCELLED), {G, W, M, ADMIN}),
    (Kind.ORDER, c.UpdateItem(item_id=1, status=ItemStatus.READY), {W, K, M, ADMIN}),
    (Kind.ORDER, c.UpdateItem(item_id=1, status=ItemStatus.VOIDED), {W, M, ADMIN}),
    (Kind.ORDER, c.ReplaceItems(items=(LINE,)), {W, M, ADMIN}),
    (Kind.ORDER, c.Pay(amount=100, method=PaymentMethod.CASH), {W, M, ADMIN}),
    (Kind.ORDER, c.Refund(reason="x"), MANAGEMENT),
    (Kind.WAITER, c.Acknowledge(notification_id="1"), STAFF_OF_TABLES),
    (Kind.RESTAURANT, c.Acknowledge(notification_id="1"), STAFF_OF_TABLES),
    (Kind.WAITER, c.AssignTask(message="x"), MANAGEMENT),
    (Kind.WAITER, c.RaiseAlert(message="x"), MANAGEMENT),
    (Kind.RESTAURANT, c.RaiseAlert(message="x"), MANAGEMENT),
    (Kind.RESTAURANT, c.Broadcast(message="x"), MANAGEMENT),
    (Kind.RESTAURANT, c.AddTable(number="1", zone="A", seats=2), MANAGEMENT),
    (Kind.RESTAURANT, c.AddWaiter(name="Ada"), MANAGEMENT),
    (Kind.RESTAURANT, c.ChangeRestaurant(guest_opens_table=False), MANAGEMENT),
    (Kind.TABLE, c.ReplaceTableCode(), MANAGEMENT),
    (Kind.RESTAURANT, c.ReplaceMenu(categories=()), MANAGEMENT),
    (Kind.RESTAURANT, c.ChangeMenuItem(item_id=1, available=False), MANAGEMENT),
    (Kind.RESTAURANT, c.AddDevice(role="kitchen", label="x"), MANAGEMENT),
    (Kind.RESTAURANT, c.RemoveDevice(device_id=1), MANAGEMENT),
    (
        Kind.RESTAURANT,
        c.CreateRestaurant(name="x", currency="EUR", timezone="Europe/Rome"),
        {ADMIN},
    ),
]


def _named(value: Any) -> str | None:
    return type(value).__name__ if isinstance(value, c.Command) else None


@pytest.mark.parametrize(("kind", "command", "allowed"), ROWS, ids=_named)
def test_a_command_is_for_these_roles_alone(
    kind: Kind, command: c.Command, allowed: set[Role]
) -> None:
    for role, principal in WHO.items():
        refusal = may_do(principal, ENTITIES[kind], command)
        if role in allowed:
            assert refusal is None, role
        elif role is Role.GUEST and kind is Kind.WAITER:
            assert refusal == not_found(kind, ENTITIES[kind].id)
        else:
            assert refusal is not None, role
            assert refusal.code is Code.FORBIDDEN, role


def test_every_command_stands_in_the_table() -> None:
    known = {command for commands in COMMANDS.values() for command in commands}
    assert known == {type(command) for _, command, _ in ROWS}
    asked = {command for actions in ACTIONS.values() for command in actions.values()}
    assert asked - known == {c.Get}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("channel", list(Channel))
def test_a_channel_is_read_by_the_roles_of_the_table(role: Role, channel: Channel) -> None:
    entity = ENTITIES[KIND_OF[channel]]
    refusal = may_read(WHO[role], entity, channel)
    if channel in READS[role]:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.code in (Code.FORBIDDEN, Code.NOT_FOUND)


@pytest.mark.parametrize("role", [Role.GUEST, Role.WAITER, Role.KITCHEN, Role.MANAGER])
@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_of_another_restaurant_is_not_there(role: Role, kind: Kind) -> None:
    foreign = ENTITIES[kind]._replace(restaurant=3)
    answer = not_found(kind, foreign.id)
    assert may_do(WHO[role], foreign, c.Occupy()) == answer
    for channel in Channel:
        if KIND_OF[channel] is kind:
            assert may_read(WHO[role], foreign, channel) == answer


def test_another_waiters_channel_is_not_there_for_a_waiter() -> None:
    other = Address(Kind.WAITER, 11, HOME)
    assert may_read(WHO[Role.WAITER], other, Channel.WAITER) == not_found(Kind.WAITER, 11)
    assert may_read(WHO[Role.MANAGER], other, Channel.WAITER) is None


def test_another_session_is_not_there_for_a_guest() -> None:
    other = Address(Kind.SESSION, 8, HOME)
    answer = not_found(Kind.SESSION, 8)
    assert may_read(WHO[Role.GUEST], other, Channel.SESSION) == answer
    assert may_do(WHO[Role.GUEST], other, c.PlaceOrder(items=(LINE,))) == answer
