"""Deciding is synchronous and changes only the transactions that it stages."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.entity import NO_INPUTS, Inputs, RequestRef
from engine.decide import Decider
from engine.entity import UNVERIFIED, LoadedEntity
from engine.messages import DeliverEffects, Done, Submit, TimerFired
from engine.outbox_entries import OutboxEffect
from engine.placement import Mode, Placement
from engine.staging import Missing, Staging
from protocol import commands as c
from protocol.caller import SYSTEM, Caller, Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind, Topic
from storage.store import StoredEntity

MANAGER = Caller(Role.MANAGER, "manager:1")
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
RESTAURANT = Address(Kind.RESTAURANT, 1, 1)
MENU = Address(Kind.MENU, 1, 1)
TABLE = Address(Kind.TABLE, 5, 1)
SESSION = Address(Kind.SESSION, 7, 1)
ONE_HOST = Placement(Mode.RESTAURANT)
HOST_PER_ENTITY = Placement(Mode.ENTITY)


class Entities:
    """Entities that a host has in memory."""

    def __init__(self) -> None:
        self.loaded: dict[Address, LoadedEntity] = {}
        self.pending: dict[Address, list[OutboxEffect]] = {}

    def entity(self, address: Address) -> LoadedEntity | None:
        return self.loaded.get(address)

    def has_subscribers(self, topic: Topic) -> bool:
        return False

    def pending_effects(self, source: Address) -> Collection[OutboxEffect]:
        return self.pending.get(source, ())

    def add(self, address: Address) -> LoadedEntity:
        """An entity that does not exist."""
        entity = self.loaded[address] = LoadedEntity.from_store(address, StoredEntity.empty(), 0.0)
        return entity


@pytest.fixture
def entities() -> Entities:
    """A restaurant and a table."""
    entities = Entities()
    entities.add(RESTAURANT)
    entities.add(TABLE)
    opening = c.CreateRestaurant(name="Trattoria", currency="EUR", timezone="Europe/Rome")
    adding = c.AddTable(number="5", zone="A", seats=4)
    staging = turn(entities)
    decider = Decider(staging)
    for message in (submit(RESTAURANT, opening), submit(RESTAURANT, adding, Inputs(id=TABLE.id))):
        assert isinstance(decider.decide(message).reply, Done)
    for staged in staging.transactions.values():
        staged.finish(100)
        staged.apply()
    return entities


def turn(
    entities: Entities, placement: Placement = ONE_HOST, host: str = "restaurant:1"
) -> Staging:
    return Staging(host, entities, placement, NOON)


def submit(to: Address, command: Any, inputs: Inputs = NO_INPUTS, request_id: str = "") -> Submit:
    request_ref = RequestRef(to, MANAGER.subject, request_id, "digest") if request_id else None
    return Submit(to, command, MANAGER, request_ref, inputs)


OCCUPY = submit(TABLE, c.Occupy(guests_count=2), Inputs(id=SESSION.id, code="C00007"), "r")


def test_a_cascade_of_effects_is_staged_without_changing_memory(entities: Entities) -> None:
    before = {address: entity.version for address, entity in entities.loaded.items()}
    staging = turn(entities)
    unit = Decider(staging).decide(OCCUPY)
    assert isinstance(unit.reply, Done)
    assert {SESSION, TABLE} <= set(unit.touched)
    assert staging.transactions[SESSION].state.guests_count == 2
    assert {address: entity.version for address, entity in entities.loaded.items()} == before
    assert SESSION not in entities.loaded


def test_a_missing_entity_raises_and_rolls_back_everything_staged(
    entities: Entities,
) -> None:
    placing = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1),))
    order = submit(SESSION, placing, Inputs(id=9, is_priced_by_host=True))
    entities.add(SESSION)
    staging = turn(entities)
    with pytest.raises(Missing) as missing:
        Decider(staging).decide(order)
    assert missing.value.address == MENU
    assert not staging.transactions


def test_a_failing_rule_rolls_back_only_its_own_message(entities: Entities) -> None:
    table = entities.loaded[TABLE]
    decide = table.behaviour.decide

    def failing(state: Any, command: Any, context: Any) -> Any:
        if isinstance(command, c.ChangeTable) and command.zone == "bug":
            raise ArithmeticError("a bug in a rule, by the test")
        return decide(state, command, context)

    table.behaviour = replace(table.behaviour, decide=failing)
    staging = turn(entities)
    decider = Decider(staging)
    zones = ("B", "bug", "C")
    units = [decider.decide(submit(TABLE, c.ChangeTable(zone=zone))) for zone in zones]
    assert [isinstance(unit.reply, Done) for unit in units] == [True, False, True]
    assert isinstance(units[1].reply, Rejected)
    assert units[1].reply.code is Code.INTERNAL_ERROR
    assert staging.transactions[TABLE].state.zone == "C"
    assert len(staging.transactions[TABLE].history) == 2


def test_effects_on_entities_of_other_hosts_go_to_the_outbox(entities: Entities) -> None:
    staging = turn(entities, HOST_PER_ENTITY, str(TABLE))
    unit = Decider(staging).decide(OCCUPY)
    staged = staging.transactions[TABLE]
    assert [effect.to for effect in unit.creates] == [SESSION]
    assert [effect.number for effect in staged.effects] == list(range(1, len(staged.effects) + 1))
    assert SESSION not in staging.transactions


def test_an_effect_does_not_overtake_an_earlier_pending_one(
    entities: Entities,
) -> None:
    entities.pending[TABLE] = [OutboxEffect(SESSION, 1, "an earlier message", SYSTEM)]
    staging = turn(entities)
    Decider(staging).decide(OCCUPY)
    assert SESSION in [effect.to for effect in staging.transactions[TABLE].effects]


def test_a_request_repeated_in_one_turn_gets_its_first_result(entities: Entities) -> None:
    staging = turn(entities)
    decider = Decider(staging)
    first = decider.decide(OCCUPY)
    assert decider.decide(OCCUPY).reply == first.reply
    assert len(staging.transactions[TABLE].history) == 1


def test_a_kept_result_of_an_unverified_entity_is_not_repeated(entities: Entities) -> None:
    staging = turn(entities)
    Decider(staging).decide(OCCUPY)
    staging.transactions[TABLE].finish(100)
    staging.transactions[TABLE].apply()
    entities.loaded[TABLE].verified_at = UNVERIFIED
    with pytest.raises(Missing):
        Decider(turn(entities)).decide(OCCUPY)


def test_a_duplicate_effect_changes_nothing(entities: Entities) -> None:
    entities.loaded[TABLE].seen = {str(SESSION): 3}
    staging = turn(entities)
    Decider(staging).decide(DeliverEffects(TABLE, SESSION, ((3, "whatever", SYSTEM),)))
    assert not staging.transactions[TABLE].is_dirty


def test_a_cancelled_timer_does_nothing(entities: Entities) -> None:
    staging = turn(entities)
    Decider(staging).decide(TimerFired(TABLE, "late"))
    assert not staging.transactions[TABLE].is_dirty


def test_a_refusal_stages_no_event(entities: Entities) -> None:
    staging = turn(entities)
    unit = Decider(staging).decide(submit(TABLE, c.ChangeTable(zone="B", expected_version=99)))
    assert isinstance(unit.reply, Rejected)
    assert not staging.transactions[TABLE].history
