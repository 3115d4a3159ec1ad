"""What is stored at the end, as the rules' own states, and all that ever happened to each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from domain.behaviours import BEHAVIOURS
from domain.order_state import Order
from domain.restaurant_state import Restaurant
from domain.session_state import Session
from domain.table import Table
from domain.waiter import Waiter
from protocol.ids import Address, Kind
from storage import keys
from storage.codec import restore
from tests.simulation.truth import Truth
from tests.simulation.view import Violation


@dataclass
class Entity:
    """One entity's last state and its history, decoded."""

    address: Address
    key: bytes
    version: int
    fields: dict[bytes, bytes]
    history: list[Any]

    @cached_property
    def state(self) -> Any:
        fields = {
            name[2:].decode(): raw for name, raw in self.fields.items() if name.startswith(b"s:")
        }
        return restore(BEHAVIOURS[self.address.kind].state, fields)

    def events(self, type_: str) -> list[Any]:
        return [event for event in self.history if event["type"] == type_]

    def count(self, type_: str) -> int:
        return len(self.events(type_))


class Stored:
    """All entities of all restaurants."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.entities: dict[Address, Entity] = {}
        for key, versions in truth.versions.items():
            if not versions:
                continue
            address = _address(key)
            last = max(versions)
            history = [orjson.loads(raw) for raw in truth.history[key]]
            self.entities[address] = Entity(address, key, last, versions[last], history)

    def of(self, kind: Kind) -> Iterator[Entity]:
        return (each for address, each in self.entities.items() if address.kind is kind)

    def at(self, kind: Kind, id_: int, restaurant: int) -> Entity:
        """An entity that must be there."""
        found = self.entities.get(Address(kind, id_, restaurant))
        if found is None:
            raise Violation(f"{kind.value}:{id_} was promised and is not stored")
        return found


def _address(key: bytes) -> Address:
    _, restaurant, kind, id_ = key.decode().split(":")
    address = Address(Kind(kind), int(id_), int(restaurant[1:-1]))
    assert keys.entity(address).encode() == key
    return address


def order_of(entity: Entity) -> Order:
    assert isinstance(entity.state, Order)
    return entity.state


def session_of(entity: Entity) -> Session:
    assert isinstance(entity.state, Session)
    return entity.state


def table_of(entity: Entity) -> Table:
    assert isinstance(entity.state, Table)
    return entity.state


def restaurant_of(entity: Entity) -> Restaurant:
    assert isinstance(entity.state, Restaurant)
    return entity.state


def waiter_of(entity: Entity) -> Waiter:
    assert isinstance(entity.state, Waiter)
    return entity.state
