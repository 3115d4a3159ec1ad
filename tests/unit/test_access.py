"""Access of guests to entities of their session, and of staff devices to a restaurant."""

from typing import Any

import pytest

from domain.access import Access, admitted, device_access, guest_access
from protocol import commands as c
from protocol.ids import Address, Channel, Kind
from tests.unit.world import RESTAURANT, TABLE, RulesWorld


@pytest.fixture
def session(world: RulesWorld) -> Address:
    return world.occupy(guests_count=2)


def access_of(world: RulesWorld, session: Address, target: Address | None) -> Access:
    state: Any = world.states[session]
    return guest_access(state, target)


@pytest.mark.parametrize(
    ("target", "access"),
    [
        (TABLE, Access.GRANTED),
        (RESTAURANT, Access.GRANTED),
        (Address(Kind.TABLE, TABLE.id + 1, TABLE.restaurant), Access.HIDDEN),
        (Address(Kind.SESSION, 99_999, TABLE.restaurant), Access.HIDDEN),
        (Address(Kind.ORDER, 99_999, TABLE.restaurant), Access.HIDDEN),
        (Address(Kind.WAITER, 1, TABLE.restaurant), Access.HIDDEN),
        (Address(Kind.TABLE, TABLE.id, TABLE.restaurant + 1), Access.HIDDEN),
        (None, Access.HIDDEN),
    ],
    ids=["table", "restaurant", "other table", "other session", "other order", "waiter",
         "other restaurant", "nothing"],
)  # fmt: skip
def test_guests_see_only_their_table_and_restaurant(
    world: RulesWorld, session: Address, target: Address | None, access: Access
) -> None:
    assert access_of(world, session, target) is access


def test_guests_see_their_session_and_its_orders(world: RulesWorld, session: Address) -> None:
    order = world.order(session)
    assert access_of(world, session, session) is Access.GRANTED
    assert access_of(world, session, order) is Access.GRANTED


def test_a_guest_joins_with_the_code_of_its_open_session(
    world: RulesWorld, session: Address
) -> None:
    state: Any = world.states[session]
    code = state.session_code
    assert guest_access(state, session, code) is Access.GRANTED
    assert guest_access(state, session, f"{code}A") is Access.HIDDEN
    world.do(session, c.CloseSession())
    closed: Any = world.states[session]
    assert guest_access(closed, session, code) is Access.ENDED


def test_a_guest_sees_nothing_once_its_session_is_closed(
    world: RulesWorld, session: Address
) -> None:
    world.do(session, c.CloseSession())
    for target in (session, TABLE, RESTAURANT, None):
        assert access_of(world, session, target) is Access.ENDED


def test_a_device_has_access_until_it_is_removed(world: RulesWorld) -> None:
    def access(device: int) -> Access:
        state: Any = world.states[RESTAURANT]
        return device_access(state, device)

    device = world.do(RESTAURANT, c.AddDevice(role="kitchen", label="Pass")).result["device_id"]
    assert access(device) is Access.GRANTED
    assert access(device + 1) is Access.ENDED
    world.do(RESTAURANT, c.RemoveDevice(device_id=device))
    assert access(device) is Access.ENDED


# --- admitted ids --------------------------------------------------------------------------------


def test_a_session_admits_its_guests_until_it_is_closed(
    world: RulesWorld, session: Address
) -> None:
    assert admitted(world.states[session], Channel.SESSION) == (session.id,)
    world.do(session, c.CloseSession())
    assert admitted(world.states[session], Channel.SESSION) == ()


def test_a_table_admits_the_guests_of_its_current_session(world: RulesWorld) -> None:
    assert admitted(world.states[TABLE], Channel.TABLE) == ()
    session = world.occupy()
    assert admitted(world.states[TABLE], Channel.TABLE) == (session.id,)
    world.do(session, c.CloseSession())
    assert admitted(world.states[TABLE], Channel.TABLE) == ()


def test_a_restaurant_admits_its_devices(world: RulesWorld) -> None:
    device = world.do(RESTAURANT, c.AddDevice(role="kitchen", label="Pass")).result["device_id"]
    assert admitted(world.states[RESTAURANT], Channel.DEVICES) == (device,)
    world.do(RESTAURANT, c.RemoveDevice(device_id=device))
    assert admitted(world.states[RESTAURANT], Channel.DEVICES) == ()


def test_other_channels_admit_all_who_may_read_them(world: RulesWorld, session: Address) -> None:
    order = world.order(session)
    assert admitted(world.states[order], Channel.ORDER) is None
    assert admitted(world.states[RESTAURANT], Channel.RESTAURANT) is None
