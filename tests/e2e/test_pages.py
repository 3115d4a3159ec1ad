"""The pages of guests and kitchens in Chromium, against a real service.

What they do is tested in JavaScript, in `web/*.test.mjs`.
"""

import pytest

from tests.e2e.javascript import run_tests
from tests.e2e.service import Service

pytestmark = pytest.mark.e2e


def test_every_language_has_every_text() -> None:
    run_tests(None, "texts")


@pytest.mark.slow
def test_guests_order_and_the_kitchen_cooks(rough_service: Service) -> None:
    run_tests(rough_service, "pages")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["layout", "layout-names"])
def test_pages_fit_every_window_text_size_and_direction(rough_service: Service, name: str) -> None:
    run_tests(rough_service, name)


@pytest.mark.slow
def test_everybody_can_use_them_by_day_and_by_night(rough_service: Service) -> None:
    run_tests(rough_service, "accessible")


@pytest.mark.slow
def test_a_first_visit_takes_few_requests_and_bytes(rough_service: Service) -> None:
    run_tests(rough_service, "first-screen")


@pytest.mark.slow
def test_the_kitchen_page_shows_the_current_state_of_orders(rough_service: Service) -> None:
    run_tests(rough_service, "kitchen")


@pytest.mark.slow
def test_the_pages_work_in_rough_browsers_and_networks(rough_service: Service) -> None:
    run_tests(rough_service, "rough")
