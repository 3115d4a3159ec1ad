"""A guest's visit and the staff's work in Chromium, under the conditions of people's own devices.

Pairs of conditions in `make test`, every combination in `make e2e`: see `web/matrix.mjs`.
"""

import os

import pytest

from tests.e2e.javascript import PATIENCE_S, run_tests
from tests.e2e.service import Service

EVERY_COMBINATION_S = 4 * 3600

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("journey", ["a guest orders", "the staff serves"])
def test_people_do_their_work_under_every_tested_combination_of_conditions(
    rough_service: Service, journey: str
) -> None:
    """Each test item may take as long as pytest's `faulthandler_timeout` allows."""
    is_whole = os.environ.get("MATRIX") == "all"
    timeout_s = EVERY_COMBINATION_S if is_whole else PATIENCE_S
    run_tests(rough_service, "matrix", only=journey, timeout_s=timeout_s)
