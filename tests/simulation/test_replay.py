"""A seed is all there is: the same one is the same evening, wherever and after whatever it runs."""

from tests.simulation.runner import digests

SEEDS = (3, 5, 8, 13, 21, 34)


def test_a_seed_replays_exactly_in_another_process_and_in_another_order() -> None:
    assert digests(SEEDS) == digests(reversed(SEEDS))


def test_two_seeds_are_two_evenings() -> None:
    assert len(set(digests(SEEDS).values())) == len(SEEDS)
