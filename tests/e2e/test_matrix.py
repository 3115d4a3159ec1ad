"""A guest's visit and the staff's work in Chromium, under the conditions of people's own devices.

Pairs of conditions in `make test`, every combination in `make e2e`: see `web/matrix.mjs`.
"""

import os

import pytest

from tests.e2e.javascript import run_tests
from tests.e2e.service import Service

EVERY_COMBINATION_S = 4 * 3600

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_guests_order_under_every_tested_combination_of_conditions(rough_service: Service) -> None:
    _run(rough_service, "matrix")


def _run(service: Service, name: str) -> None:
    if os.environ.get("MATRIX") == "all":
        run_tests(service, name, timeout_s=EVERY_COMBINATION_S)
    else:
        run_tests(service, name)
