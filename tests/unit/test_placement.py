"""Placement of entities on actors, and the moves when the number of shards changes."""

import pytest

from engine.placement import Mode, Placement, balanced
from protocol.ids import Address, Kind

RESTAURANTS = range(1, 1001)


def shards(placement: Placement) -> dict[int, str]:
    return {n: placement.host_of(Address(Kind.RESTAURANT, n, n)) for n in RESTAURANTS}


def test_one_more_shard_moves_only_restaurants_of_the_new_shard() -> None:
    for count in range(1, 9):
        before = shards(Placement(Mode.SHARD, count))
        after = shards(Placement(Mode.SHARD, count + 1))
        moved = {n for n in RESTAURANTS if before[n] != after[n]}
        assert {after[n] for n in moved} == {f"shard:{count}"}
        assert len(moved) < 1.3 * len(RESTAURANTS) / (count + 1)


def test_restaurants_are_spread_evenly() -> None:
    homes = list(shards(Placement(Mode.SHARD, 8)).values())
    counts = [homes.count(f"shard:{shard}") for shard in range(8)]
    assert min(counts) > 0.7 * len(RESTAURANTS) / 8


def test_pinning_a_restaurant_moves_only_others_of_its_shard() -> None:
    before = shards(Placement(Mode.SHARD, 4))
    after = shards(Placement(Mode.SHARD, 4, frozenset({(2, 1)})))
    assert [n for n in RESTAURANTS if after[n] == "shard:1"] == [2]
    assert all(before[n] == "shard:1" for n in RESTAURANTS if n != 2 and before[n] != after[n])


def test_two_restaurants_can_be_pinned_to_one_shard() -> None:
    placement = Placement(Mode.SHARD, 2, frozenset({(2, 1), (3, 1)}))
    assert [n for n, host in shards(placement).items() if host == "shard:1"] == [2, 3]


@pytest.mark.parametrize(
    ("count", "pinned", "says"),
    [
        (2, {(2, 2)}, "restaurant 2 is pinned to shard 2, but there are only shards 0 to 1"),
        (2, {(2, -1)}, "restaurant 2 is pinned to shard -1"),
        (1, {(2, 0)}, "none is left for the other restaurants"),
        (2, {(2, 0), (3, 1)}, "none is left for the other restaurants"),
    ],
)
def test_placement_without_a_shard_for_a_restaurant_is_rejected(
    count: int, pinned: set[tuple[int, int]], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Placement(Mode.SHARD, count, frozenset(pinned))


def test_a_migrated_shard_keeps_its_restaurants() -> None:
    before = Placement(Mode.SHARD, 3)
    after = shards(before.moved(1).moved(1))
    assert {(host, after[n]) for n, host in shards(before).items()} == {
        ("shard:0", "shard:0"),
        ("shard:1", "shard:1#2"),
        ("shard:2", "shard:2"),
    }
    assert not before.moved(1).places("shard:1")
    assert before.moved(1).places("shard:1#1")


def test_balancing_uses_the_fewest_moves() -> None:
    assert balanced({0: "a", 1: "a", 2: "a", 3: "a", 4: "b"}, ["a", "b", "c"]) == {3: "c", 2: "b"}
    assert balanced({0: "a", 1: "b"}, ["a", "b", "c"]) == {}


def test_shards_of_a_removed_node_are_spread_over_the_others() -> None:
    homes = {0: "a", 1: "a", 2: "b", 3: "c"}
    assert sorted(balanced(homes, ["b", "c"]).items()) == [(0, "b"), (1, "c")]
    assert balanced(homes, []) == {}
