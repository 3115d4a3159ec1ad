"""The pages of waiters and managers and the start page in Chromium, and a visit in four windows.

The tests are in JavaScript, in `web/*.test.mjs`.
"""

import pytest

from tests.e2e.javascript import run_tests
from tests.e2e.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_waiters_managers_and_sign_in_work_in_chromium(disposable_service: Service) -> None:
    """Run at the same time: the tests mostly wait, and only `floor` changes restaurant 2."""
    run_tests(disposable_service, "floor", "staff", "double-taps")


def test_managers_edit_the_menu_in_chromium(disposable_service: Service) -> None:
    run_tests(disposable_service, "menu-editor")


def test_managers_set_a_restaurant_up_in_chromium(disposable_service: Service) -> None:
    run_tests(disposable_service, "setup")


def test_managers_import_a_menu_from_a_file_in_chromium(disposable_service: Service) -> None:
    run_tests(disposable_service, "menu-file")


def test_a_visit_in_four_windows_survives_a_killed_gateway(disposable_service: Service) -> None:
    run_tests(disposable_service, "four-windows")


def test_pages_of_the_staff_are_accessible_in_light_and_dark_colours(
    disposable_service: Service,
) -> None:
    run_tests(disposable_service, "accessibility-floor")
