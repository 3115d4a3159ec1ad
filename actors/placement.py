"""Which Ray actor carries an entity: one pure function of its address."""

from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from protocol.ids import Address


class Mode(StrEnum):
    ENTITY = "entity"
    RESTAURANT = "restaurant"
    SHARD = "shard"


@dataclass(frozen=True, slots=True)
class Placement:
    """`entity`: one each; `restaurant`: one a restaurant; `shard`: a fixed number for all.

    Under `restaurant` and `shard` all entities of a restaurant share a host, so that what one
    sets off in another is decided and stored in the same turn.
    """

    mode: Mode = Mode.ENTITY
    shards: int = 1

    @property
    def together(self) -> bool:
        """Whether all of a restaurant is on one host."""
        return self.mode is not Mode.ENTITY

    def host_of(self, address: Address) -> str:
        """The name of the Ray actor that carries this entity."""
        if self.mode is Mode.ENTITY:
            return str(address)
        if self.mode is Mode.RESTAURANT:
            return f"restaurant:{address.restaurant}"
        return f"shard:{crc32(str(address.restaurant).encode()) % self.shards}"
