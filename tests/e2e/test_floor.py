"""The pages of waiters and managers and the start page in Chromium, and an evening in four windows.

What they do is tested in JavaScript, in `web/*.test.mjs`.
"""

import pytest

from tests.e2e.javascript import run_tests
from tests.e2e.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_waiters_serve_and_managers_decide_and_sign_in(rough_service: Service) -> None:
    """All at a time: they mostly wait, and only the first one changes restaurant 2."""
    run_tests(rough_service, "floor", "staff", "taps")


def test_managers_edit_the_menu(rough_service: Service) -> None:
    run_tests(rough_service, "menu-editor")


def test_four_windows_recover_from_a_killed_gateway(rough_service: Service) -> None:
    run_tests(rough_service, "evening")


def test_everybody_can_use_them_by_day_and_by_night(rough_service: Service) -> None:
    run_tests(rough_service, "accessible-floor")
