"""The stored states at the end, decoded, with each entity's history."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from domain.behaviours import BEHAVIOURS
from domain.order.state import Order
from domain.session.state import Session
from domain.waiter.state import Waiter
from gateway.http.rest_api import format_amounts
from protocol.codec import encode
from protocol.ids import Address, Channel, Kind
from storage import keys
from storage.codec import restore
from tests.simulation.client_view import Violation
from tests.simulation.commit_log import CommitLog


@dataclass
class FinalEntity:
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

    @cached_property
    def data(self) -> Any:
        """The data of its snapshot, as the public API returns it."""
        kind = self.address.kind
        _, data = BEHAVIOURS[kind].snapshot(self.state, Channel(kind.value))
        return {**orjson.loads(encode(data)), "version": self.version}

    @cached_property
    def public_history(self) -> Any:
        """Its history, as the public API returns it."""
        return format_amounts(self.history)

    def events(self, type_: str) -> list[Any]:
        return [event for event in self.history if event["type"] == type_]

    def count(self, type_: str) -> int:
        return len(self.events(type_))


class FinalState:
    """All entities of all restaurants."""

    def __init__(self, commit_log: CommitLog) -> None:
        self.commit_log = commit_log
        self.entities: dict[Address, FinalEntity] = {}
        for key, versions in commit_log.versions.items():
            if not versions:
                continue
            address = _address(key)
            last = max(versions)
            history = [orjson.loads(raw) for raw in commit_log.history[key]]
            self.entities[address] = FinalEntity(address, key, last, versions[last], history)

    def of(self, kind: Kind) -> Iterator[FinalEntity]:
        return (each for address, each in self.entities.items() if address.kind is kind)

    def at(self, kind: Kind, id_: int, restaurant: int) -> FinalEntity:
        """The entity. Raises Violation if it is not stored."""
        found = self.entities.get(Address(kind, id_, restaurant))
        if found is None:
            raise Violation(f"{kind.value}:{id_} is referenced and not stored")
        return found


def _address(key: bytes) -> Address:
    _, restaurant, kind, id_ = key.decode().split(":")
    address = Address(Kind(kind), int(id_), int(restaurant[1:-1]))
    assert keys.entity(address).encode() == key
    return address


def order_of(entity: FinalEntity) -> Order:
    assert isinstance(entity.state, Order)
    return entity.state


def session_of(entity: FinalEntity) -> Session:
    assert isinstance(entity.state, Session)
    return entity.state


def waiter_of(entity: FinalEntity) -> Waiter:
    assert isinstance(entity.state, Waiter)
    return entity.state
