"""Removing any one guarantee makes the simulation fail."""

import pytest

from tests.simulation.mutations import MUTATIONS
from tests.simulation.runner import first_failure

MAX_SEEDS = 1000
"""Within which each mutation must be detected; most are within a dozen."""


@pytest.mark.slow
@pytest.mark.parametrize("guarantee", MUTATIONS)
def test_simulation_detects_a_missing_guarantee(guarantee: str) -> None:
    found = first_failure(range(1, MAX_SEEDS + 1), without=guarantee)
    assert found is not None, f"not detected in {MAX_SEEDS} seeds: {guarantee}"
