"""The policy of roles: commands, channels, records and visibility."""

from typing import Any, get_args, get_type_hints

import pytest
from typing_extensions import is_typeddict

from domain.redaction import HIDDEN, audiences
from gateway.auth.policy import COMMANDS, READS, Record, is_visible, may_do, may_read
from gateway.auth.principal import ANONYMOUS_PRINCIPAL, Principal
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.codec import ACTIONS
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind
from protocol.statuses import CallStatus, ItemStatus, OrderStatus, PaymentMethod
from restaurant_qr_wire.channels import MESSAGES

HOME = 2
PRINCIPALS: dict[Role, Principal] = {
    Role.ANONYMOUS: ANONYMOUS_PRINCIPAL,
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
    Kind.MENU: Address(Kind.MENU, HOME, HOME),
}
A, G, W, K, M, ADMIN = Role
STAFF_OF_TABLES = {A, W, M, ADMIN}
MANAGEMENT = {M, ADMIN}
LINE = c.MenuLine(menu_item_id=1)


def status(status: OrderStatus) -> c.UpdateStatus:
    return c.UpdateStatus(status=status)


ROWS: list[tuple[c.Command, set[Role]]] = [
    (c.Occupy(), STAFF_OF_TABLES),
    (c.Release(), STAFF_OF_TABLES),
    (c.Release(force=True, reason="x"), MANAGEMENT),
    (c.ChangeTable(seats=2), MANAGEMENT),
    (c.UpdateGuestsCount(guests_count=2), STAFF_OF_TABLES),
    (c.CloseSession(), STAFF_OF_TABLES),
    (c.CloseSession(force=True, reason="x"), MANAGEMENT),
    (c.CallWaiter(), {A, G, W, M, ADMIN}),
    (c.PlaceOrder(items=(LINE,)), {A, G, W, M, ADMIN}),
    (c.Quote(items=(LINE,)), {A, G, W, M, ADMIN}),
    (c.UpdateCall(call_id="7-1", status=CallStatus.RESOLVED), {W, M, ADMIN}),
    (status(OrderStatus.CONFIRMED), {W, K, M, ADMIN}),
    (status(OrderStatus.READY), {K, M, ADMIN}),
    (status(OrderStatus.DELIVERED), {W, M, ADMIN}),
    (status(OrderStatus.CANCELLED), {G, W, M, ADMIN}),
    (c.UpdateItem(item_id=1, status=ItemStatus.READY), {W, K, M, ADMIN}),
    (c.UpdateItem(item_id=1, status=ItemStatus.PENDING), {W, K, M, ADMIN}),
    (c.UpdateItem(item_id=1, status=ItemStatus.VOIDED), {W, M, ADMIN}),
    (c.ReplaceItems(items=(LINE,)), {W, M, ADMIN}),
    (c.AddItems(items=(LINE,)), {A, G, W, M, ADMIN}),
    (c.VoidItems(items=(c.VoidedItem(item_id=1),), reason="x"), {W, M, ADMIN}),
    (c.DeliverItems(item_ids=(1,)), {W, M, ADMIN}),
    (c.Pay(amount=100, method=PaymentMethod.CASH), {W, M, ADMIN}),
    (c.Refund(reason="x"), MANAGEMENT),
    (c.Acknowledge(notification_id="1"), STAFF_OF_TABLES),
    (c.Acknowledge(notification_id="1"), STAFF_OF_TABLES),
    (c.AssignTask(message="x"), MANAGEMENT),
    (c.RaiseAlert(message="x"), MANAGEMENT),
    (c.RaiseAlert(message="x"), MANAGEMENT),
    (c.Broadcast(message="x"), MANAGEMENT),
    (c.AddTable(number="1", zone="A", seats=2), MANAGEMENT),
    (c.AddWaiter(name="Ada"), MANAGEMENT),
    (c.ChangeRestaurant(guest_opens_table=False), MANAGEMENT),
    (c.ReplaceTableCode(), MANAGEMENT),
    (c.ReplaceMenu(categories=()), MANAGEMENT),
    (c.ImportMenu(), MANAGEMENT),
    (c.ChangeMenuItem(item_id=1, available=False), {W, K, M, ADMIN}),
    (c.ChangeMenuItem(item_id=1, price=100), MANAGEMENT),
    (c.PauseOrders(), {K, M, ADMIN}),
    (c.ResumeOrders(), {K, M, ADMIN}),
    (c.ChangeOrdering(day_starts_at="05:00"), MANAGEMENT),
    (c.AddDevice(role="kitchen", label="x"), MANAGEMENT),
    (c.RemoveDevice(device_id=1), MANAGEMENT),
    (c.IssueToken(role="admin", label="x"), {ADMIN}),
    (
        c.CreateRestaurant(name="x", currency="EUR", timezone="Europe/Rome"),
        {ADMIN},
    ),
]


def _named(value: Any) -> str | None:
    return type(value).__name__ if isinstance(value, c.Command) else None


@pytest.mark.parametrize(("command", "allowed"), ROWS, ids=_named)
def test_a_command_is_allowed_only_for_its_roles(command: c.Command, allowed: set[Role]) -> None:
    for role, principal in PRINCIPALS.items():
        refusal = may_do(principal, command)
        if role in allowed:
            assert refusal is None, role
        else:
            assert refusal is not None, role
            assert refusal.code is Code.FORBIDDEN, role


def test_the_policy_table_lists_every_command() -> None:
    known = {command for commands in COMMANDS.values() for command in commands}
    assert known == {type(command) for command, _ in ROWS}
    requested = {command for actions in ACTIONS.values() for command in actions.values()}
    assert requested - known == {c.Get}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("what", [*Channel, *Record])
def test_a_channel_or_record_is_read_by_the_roles_of_the_table(
    role: Role, what: Channel | Record
) -> None:
    refusal = may_read(PRINCIPALS[role], what)
    if what in READS[role]:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.code is Code.FORBIDDEN


@pytest.mark.parametrize(
    ("record", "allowed"),
    [
        (Record.HISTORY, MANAGEMENT),
        (Record.AUDIT, MANAGEMENT),
        (Record.TABLE_CODE, {W, *MANAGEMENT}),
        (Record.DEVICE_CODE, MANAGEMENT),
        (Record.MENU_FILE, MANAGEMENT),
    ],
)
def test_a_record_can_be_read_only_by_its_roles(record: Record, allowed: set[Role]) -> None:
    assert {role for role in Role if record in READS[role]} == allowed


@pytest.mark.parametrize("role", [Role.GUEST, Role.WAITER, Role.KITCHEN, Role.MANAGER])
@pytest.mark.parametrize("kind", list(Kind))
def test_an_entity_of_another_restaurant_is_not_visible(role: Role, kind: Kind) -> None:
    assert not is_visible(PRINCIPALS[role], ENTITIES[kind]._replace(restaurant=3))


def test_only_its_own_waiter_channel_is_visible_to_a_waiter() -> None:
    other = Address(Kind.WAITER, 11, HOME)
    assert not is_visible(PRINCIPALS[Role.WAITER], other)
    assert is_visible(PRINCIPALS[Role.MANAGER], other)


# --- redaction -----------------------------------------------------------------------------------


def field_names(form: Any) -> set[str]:
    """The names of all fields of a message's data, at any depth."""
    hints = get_type_hints(form) if is_typeddict(form) else {}
    inner = hints.values() if hints else get_args(form)
    return {*hints, *(name for each in inner for name in field_names(each))}


@pytest.mark.parametrize("role", Role)
def test_no_channel_shows_a_role_what_another_hides_from_it(role: Role) -> None:
    tables = [each[role] for each in HIDDEN.values() if role in each]
    hidden = {name for each in tables for name in (*each.fields, *each.nulls)}
    showing = {
        (channel, name)
        for channel, messages in MESSAGES.items()
        for form in messages.values()
        for name in hidden & field_names(form)
    }
    assert bool(showing) == (role in (Role.KITCHEN, Role.GUEST))
    shown = {(channel, name) for channel, name in showing
             if channel in READS[role] and role not in audiences(channel)}  # fmt: skip
    why_a_guest_calls = (Channel.SESSION, "reason")
    assert shown == ({why_a_guest_calls} if role is Role.GUEST else set())
