"""Placement: a pure function from an entity's address to the name of the host that holds it.

Placements are numbered by their generation. Every process adopts the highest one that it receives.
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
    """With mode `entity`, each entity has its own host. With `restaurant`, each restaurant has its
    own. With `shard`, a fixed number of hosts share the restaurants. With the last two, one host
    holds all entities of a restaurant, so it stores a decision and its effects within the
    restaurant in one turn.

    `pinned` has pairs of a restaurant and the shard that is reserved for it, `moves` pairs of a
    shard and the number of its migrations, which is part of its host's name. Raises ValueError if
    a pinned shard does not exist or all shards are pinned.
    """

    mode: Mode = Mode.ENTITY
    shards: int = 1
    pinned: frozenset[tuple[int, int]] = frozenset()
    moves: frozenset[tuple[int, int]] = frozenset()
    generation: int = 0

    def __post_init__(self) -> None:
        pinned_shards = {shard for _, shard in self.pinned}
        for restaurant, shard in sorted(self.pinned):
            if not 0 <= shard < self.shards:
                raise ValueError(
                    f"restaurant {restaurant} is pinned to shard {shard}, "
                    f"but there are only shards 0 to {self.shards - 1}: "
                    "pin it to one of these, or raise `shards`"
                )
        if len(pinned_shards) == self.shards:
            raise ValueError(
                f"cannot pin all {self.shards} shards because none is left for the other "
                "restaurants: raise `shards`"
            )

    @property
    def together(self) -> bool:
        """Whether all entities of a restaurant are on one host."""
        return self.mode is not Mode.ENTITY

    def host_of(self, address: Address) -> str:
        """The name of the host that holds this entity, which is also that of its Ray actor."""
        if self.mode is Mode.ENTITY:
            return str(address)
        if self.mode is Mode.RESTAURANT:
            return f"restaurant:{address.restaurant}"
        return _shard_actor(address.restaurant, self.shards, self.pinned, self.moves)

    def places(self, host: str) -> bool:
        """Whether the host of that name can hold any entity."""
        if self.mode is Mode.SHARD:
            return host in self.actors().values()
        return host.startswith("restaurant:") or self.mode is Mode.ENTITY

    def actors(self) -> dict[int, str]:
        """The names of the shards' hosts, by shard."""
        moves = dict(self.moves)
        return {shard: _actor(shard, moves.get(shard, 0)) for shard in range(self.shards)}

    def moved(self, shard: int) -> Self:
        """The placement after one more migration of this shard."""
        moves = dict(self.moves)
        moves[shard] = moves.get(shard, 0) + 1
        return replace(self, moves=frozenset(moves.items()))


def _actor(shard: int, moves: int) -> str:
    return f"shard:{shard}#{moves}" if moves else f"shard:{shard}"


@lru_cache(maxsize=100_000)
def _shard_actor(
    restaurant: int,
    shards: int,
    pinned: frozenset[tuple[int, int]],
    moves: frozenset[tuple[int, int]],
) -> str:
    shard = shard_of(restaurant, shards, pinned)
    return _actor(shard, dict(moves).get(shard, 0))


def shard_of(restaurant: int, shards: int, pinned: frozenset[tuple[int, int]]) -> int:
    """The shard of a restaurant: the one that it is pinned to, or the unpinned shard with the
    highest weight (rendezvous hashing). If a shard is added, restaurants move only to that one.

    D. Thaler, C. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
    Transactions on Networking 6 (1998).
    """
    shard_of_pinned = dict(pinned)
    if restaurant in shard_of_pinned:
        return shard_of_pinned[restaurant]
    unpinned = set(range(shards)).difference(shard_of_pinned.values())
    return max(unpinned, key=lambda shard: _weight(restaurant, shard))


def _weight(restaurant: int, shard: int) -> bytes:
    return blake2b(f"{restaurant} {shard}".encode(), digest_size=8).digest()


def balanced(current_nodes: Mapping[int, str], nodes: Collection[str]) -> dict[int, str]:
    """The fewest migrations (shard -> new node) after which every shard is on one of `nodes`, and
    the numbers of shards per node differ by at most one. Deterministic, so that concurrent callers
    plan the same migrations."""
    by_node = {
        node: sorted(shard for shard, current in current_nodes.items() if current == node)
        for node in sorted(nodes)
    }
    moves: dict[int, str] = {}

    def move(shard: int) -> None:
        moves[shard] = min(by_node, key=lambda node: len(by_node[node]))
        by_node[moves[shard]].append(shard)

    if not by_node:
        return moves
    for shard in sorted(shard for shard, node in current_nodes.items() if node not in by_node):
        move(shard)
    counts = [len(shards) for shards in by_node.values()]
    while max(counts) - min(counts) > 1:
        move(max(by_node.values(), key=len).pop())
        counts = [len(shards) for shards in by_node.values()]
    return moves
