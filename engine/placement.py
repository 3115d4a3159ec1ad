"""Placement: the Ray actor that holds an entity, as a pure function of its address.

Placements are numbered by their generation. Every process adopts the highest one it receives.
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
    """With mode `entity`, each entity has its own actor; with `restaurant`, each restaurant; with
    `shard`, a fixed number of actors share all restaurants.

    With `restaurant` and `shard`, all entities of a restaurant share a host, so that a decision and
    its effects within the restaurant are stored in the same turn.

    `pinned` are pairs of a restaurant and the shard that it has for itself. `moves` are pairs of a
    shard and the number of its migrations, which is part of its actor's name. Raises ValueError if
    a pinned shard does not exist, or if all shards are pinned.
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
        """Whether all entities of a restaurant are on one host."""
        return self.mode is not Mode.ENTITY

    def host_of(self, address: Address) -> str:
        """The name of the Ray actor that holds this entity."""
        if self.mode is Mode.ENTITY:
            return str(address)
        if self.mode is Mode.RESTAURANT:
            return f"restaurant:{address.restaurant}"
        return _shard_actor(address.restaurant, self.shards, self.pinned, self.moves)

    def places(self, host: str) -> bool:
        """Whether any entity can be on the host of that name."""
        if self.mode is Mode.SHARD:
            return host in self.actors().values()
        return host.startswith("restaurant:") or self.mode is Mode.ENTITY

    def actors(self) -> dict[int, str]:
        """Shard -> the name of its actor."""
        moves = dict(self.moves)
        return {shard: _actor(shard, moves.get(shard, 0)) for shard in range(self.shards)}

    def moved(self, shard: int) -> Self:
        """The placement after a further migration of that shard."""
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
    """The shard that a restaurant is pinned to, or the unpinned one with the highest weight for it.
    If a shard is added, restaurants move only to that one.

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
    """The fewest migrations, shard -> node, after which every shard is on one of `nodes` and no
    node has two more than another. Deterministic: concurrent callers plan the same."""
    by_node = {
        node: sorted(shard for shard, home in homes.items() if home == node)
        for node in sorted(nodes)
    }
    moves: dict[int, str] = {}

    def move(shard: int) -> None:
        moves[shard] = min(by_node, key=lambda node: len(by_node[node]))
        by_node[moves[shard]].append(shard)

    if not by_node:
        return moves
    for shard in sorted(shard for shard, home in homes.items() if home not in by_node):
        move(shard)
    counts = [len(shards) for shards in by_node.values()]
    while max(counts) - min(counts) > 1:
        move(max(by_node.values(), key=len).pop())
        counts = [len(shards) for shards in by_node.values()]
    return moves
