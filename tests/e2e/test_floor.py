"""The pages of waiters and managers and the start page in Chromium, and an evening in four windows.

What they do is tested in JavaScript, in `web/*.test.mjs`.
"""

import pytest

from tests.e2e.javascript import run_tests
from tests.e2e.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_waiters_serve_and_managers_decide(rough_service: Service) -> None:
    run_tests(rough_service, "floor")


def test_staff_sign_in_and_see_dishes_names_and_payments(rough_service: Service) -> None:
    run_tests(rough_service, "staff")


def test_the_second_tap_of_a_double_tap_is_ignored(rough_service: Service) -> None:
    run_tests(rough_service, "taps")


def test_an_evening_in_four_windows_while_the_gateway_is_killed(rough_service: Service) -> None:
    run_tests(rough_service, "evening")


def test_everybody_can_use_them_by_day_and_by_night(rough_service: Service) -> None:
    run_tests(rough_service, "accessible-floor")
