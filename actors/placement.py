"""Which Ray actor carries an entity: one pure function of its address.

A placement is numbered, and the higher number holds: whoever knows an older one adopts it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Self

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

    `pinned` are pairs of a restaurant and the shard that it has for itself. `moves` are pairs of a
    shard and how often it has moved, which makes the name of the actor that it lives in now. Raises
    ValueError where a pinned shard does not exist, or none is left for the others.
    """

    mode: Mode = Mode.ENTITY
    shards: int = 1
    pinned: frozenset[tuple[int, int]] = frozenset()
    moves: frozenset[tuple[int, int]] = frozenset()
    generation: int = 0

    def __post_init__(self) -> None:
        taken = {shard for _, shard in self.pinned}
        for restaurant, shard in sorted(self.pinned):
            if not 0 <= shard < self.shards:
                raise ValueError(
                    f"restaurant {restaurant} is pinned to shard {shard}, "
                    f"but there are only shards 0 to {self.shards - 1}"
                )
        if len(taken) == self.shards:
            raise ValueError(
                f"all of the {self.shards} shards are pinned: none is left for the other "
                "restaurants; raise `shards`"
            )

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
        return _carrier(address.restaurant, self.shards, self.pinned, self.moves)

    def places(self, host: str) -> bool:
        """Whether a host of that name may have anything to carry."""
        if self.mode is Mode.SHARD:
            return host in self.actors().values()
        return host.startswith("restaurant:") or self.mode is Mode.ENTITY

    def actors(self) -> dict[int, str]:
        """Shard -> the name of its actor."""
        moves = dict(self.moves)
        return {shard: _actor(shard, moves.get(shard, 0)) for shard in range(self.shards)}

    def moved(self, shard: int) -> Self:
        """The same with that shard in its next actor."""
        moves = dict(self.moves)
        moves[shard] = moves.get(shard, 0) + 1
        return replace(self, moves=frozenset(moves.items()))


def _actor(shard: int, moves: int) -> str:
    return f"shard:{shard}#{moves}" if moves else f"shard:{shard}"


@lru_cache(maxsize=100_000)
def _carrier(
    restaurant: int,
    shards: int,
    pinned: frozenset[tuple[int, int]],
    moves: frozenset[tuple[int, int]],
) -> str:
    shard = shard_of(restaurant, shards, pinned)
    return _actor(shard, dict(moves).get(shard, 0))


def shard_of(restaurant: int, shards: int, pinned: frozenset[tuple[int, int]]) -> int:
    """Its own where it is pinned, or that of the others' which ranks highest for it: with one
    shard more, only what falls to that one moves.

    Highest random weight: D. Thaler, C. Ravishankar, "Using name-based mappings to increase hit
    rates", IEEE/ACM Transactions on Networking 6 (1998).
    """
    own = dict(pinned)
    if restaurant in own:
        return own[restaurant]
    return max(set(range(shards)).difference(own.values()), key=lambda s: _weight(restaurant, s))


def _weight(restaurant: int, shard: int) -> bytes:
    return blake2b(f"{restaurant} {shard}".encode(), digest_size=8).digest()


def balanced(homes: Mapping[int, str], nodes: Collection[str]) -> dict[int, str]:
    """The fewest moves, shard -> node, after which every shard is on one of `nodes` and none of
    them has two more than another. Who asks the same is answered the same."""
    carried = {
        node: sorted(shard for shard, home in homes.items() if home == node)
        for node in sorted(nodes)
    }
    moves: dict[int, str] = {}

    def move(shard: int) -> None:
        moves[shard] = min(carried, key=lambda node: len(carried[node]))
        carried[moves[shard]].append(shard)

    if not carried:
        return moves
    for shard in sorted(shard for shard, home in homes.items() if home not in carried):
        move(shard)
    counts = [len(shards) for shards in carried.values()]
    while max(counts) - min(counts) > 1:
        move(max(carried.values(), key=len).pop())
        counts = [len(shards) for shards in carried.values()]
    return moves
