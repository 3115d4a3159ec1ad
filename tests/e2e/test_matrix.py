"""A guest's visit and the staff's work in Chromium, under combinations of device conditions.

Pairs of conditions in `make test`, every combination in `make e2e`: see `web/matrix.mjs`.
"""

import os

import pytest

from tests.e2e.javascript import TIMEOUT_S, run_tests
from tests.e2e.service import Service

EVERY_COMBINATION_S = 4 * 3600

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("journey", ["a guest orders", "the staff serves"])
def test_guests_and_staff_complete_their_work_under_all_tested_conditions(
    disposable_service: Service, journey: str
) -> None:
    """`MATRIX=all` runs every combination, which takes longer than `faulthandler_timeout`."""
    is_whole = os.environ.get("MATRIX") == "all"
    timeout_s = EVERY_COMBINATION_S if is_whole else TIMEOUT_S
    run_tests(disposable_service, "matrix", only=journey, timeout_s=timeout_s)
