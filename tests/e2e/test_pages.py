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
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("pages", "layout-names"), id="orders and long names"),
        pytest.param(("rough", "kitchen"), id="rough networks and the kitchen's board"),
    ],
)
def test_guests_order_and_kitchens_cook(rough_service: Service, names: tuple[str, ...]) -> None:
    """Two files at a time, which mostly wait, and of which only one changes restaurant 2."""
    run_tests(rough_service, *names)


@pytest.mark.slow
def test_guests_choose_options_and_agree_to_prices(rough_service: Service) -> None:
    run_tests(rough_service, "guest-options")


@pytest.mark.slow
def test_pages_fit_every_window_text_size_and_direction(rough_service: Service) -> None:
    run_tests(rough_service, "layout")


@pytest.mark.slow
def test_everybody_can_use_them_by_day_and_by_night(rough_service: Service) -> None:
    run_tests(rough_service, "accessible")


@pytest.mark.slow
def test_a_first_visit_takes_few_requests_and_bytes(rough_service: Service) -> None:
    run_tests(rough_service, "first-screen")


@pytest.mark.slow
def test_documentation_pages_send_requests_only_to_the_service(rough_service: Service) -> None:
    run_tests(rough_service, "documents")
