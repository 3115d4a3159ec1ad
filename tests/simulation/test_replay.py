"""A seed determines the whole run, in any process and any order."""

from tests.simulation.runner import digests

SEEDS = (3, 5, 8, 13, 21, 34)


def test_seed_replays_exactly_in_another_process_and_order() -> None:
    assert digests(SEEDS) == digests(reversed(SEEDS))


def test_different_seeds_run_different_workloads() -> None:
    assert len(set(digests(SEEDS).values())) == len(SEEDS)
