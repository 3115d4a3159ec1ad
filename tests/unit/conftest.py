"""Fixtures and Hypothesis settings of the unit tests."""

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.world import RulesWorld

settings.register_profile(
    "unit",
    deadline=None,  # a slow example on a slow machine is no failure
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unit")


@pytest.fixture
def world() -> RulesWorld:
    """Restaurant 2 with waiter 10 and table 5 in zone A, free."""
    return RulesWorld()
