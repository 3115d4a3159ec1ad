"""Contents of the codes of tables and devices."""

from typing import Any

from domain.codes import CodeValues, DeviceCode, code_values
from domain.device.rules import SignIn
from protocol import commands as c
from protocol.caller import Role
from protocol.ids import Address
from tests.unit.world import RESTAURANT, TABLE, RulesWorld


def codes(world: RulesWorld, address: Address) -> CodeValues:
    state: Any = world.states[address]
    return code_values(state)


def test_a_table_and_its_restaurant_have_the_same_table_code(world: RulesWorld) -> None:
    session = world.occupy()
    world.do(TABLE, c.ReplaceTableCode())
    [code] = codes(world, TABLE).tables
    assert (code.table_id, code.version, code.session_id) == (TABLE.id, 2, session.id)
    assert code in codes(world, RESTAURANT).tables
    world.do(session, c.CloseSession())
    [code] = codes(world, TABLE).tables
    assert code.session_id is None
    assert code in codes(world, RESTAURANT).tables


def test_a_device_has_a_code_until_it_is_signed_in(world: RulesWorld) -> None:
    added = world.do(RESTAURANT, c.AddDevice(role="kitchen", label="Pass"))
    device = added.result["device_id"]
    assert codes(world, RESTAURANT).devices == {device: DeviceCode(Role.KITCHEN, None)}
    world.do(RESTAURANT, SignIn(device))
    assert codes(world, RESTAURANT).devices == {}


def test_a_restaurant_states_whether_guests_can_open_tables(world: RulesWorld) -> None:
    assert codes(world, RESTAURANT).guest_opens_table is True
    world.do(RESTAURANT, c.ChangeRestaurant(guest_opens_table=False))
    assert codes(world, RESTAURANT).guest_opens_table is False
