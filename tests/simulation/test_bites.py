"""Without any one of its guarantees, the product is caught: none of these checks is for show."""

import pytest

from tests.simulation.mutations import MUTATIONS
from tests.simulation.runner import first_failure

MOST_SEEDS = 1000
"""Within which each has to be found; most are within a dozen."""


@pytest.mark.slow
@pytest.mark.parametrize("guarantee", MUTATIONS)
def test_what_is_missing_is_found(guarantee: str) -> None:
    found = first_failure(range(1, MOST_SEEDS + 1), without=guarantee)
    assert found is not None, f"nobody noticed in {MOST_SEEDS} seeds: {guarantee}"
