"""The pages of guests and kitchens in Chromium, against a real service.

The tests are in JavaScript, in `web/*.test.mjs`.
"""

import pytest

from tests.e2e.javascript import run_tests
from tests.e2e.service import Service

pytestmark = pytest.mark.e2e


def test_every_language_has_all_texts_of_the_pages() -> None:
    run_tests(None, "texts")


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("pages", "layout-names"), id="orders and long names"),
        pytest.param(("adverse-conditions", "kitchen"), id="adverse conditions and the kitchen"),
    ],
)
def test_pages_of_guests_and_kitchens_work_in_chromium(
    disposable_service: Service, names: tuple[str, ...]
) -> None:
    """Run two files at a time: they mostly wait, and only one changes restaurant 2."""
    run_tests(disposable_service, *names)


@pytest.mark.slow
def test_guests_choose_options_and_confirm_changed_prices(disposable_service: Service) -> None:
    run_tests(disposable_service, "guest-options")


@pytest.mark.slow
def test_waiters_take_orders_and_staff_set_what_guests_can_order(
    disposable_service: Service,
) -> None:
    run_tests(disposable_service, "order-pad")


@pytest.mark.slow
def test_waiters_and_guests_add_items_to_an_open_order(disposable_service: Service) -> None:
    run_tests(disposable_service, "add-items")


@pytest.mark.slow
def test_waiters_serve_items_one_by_one(disposable_service: Service) -> None:
    run_tests(disposable_service, "serve-items")


@pytest.mark.slow
def test_guests_order_in_a_right_to_left_language(disposable_service: Service) -> None:
    run_tests(disposable_service, "arabic")


@pytest.mark.slow
def test_pages_fit_every_window_text_size_and_direction(disposable_service: Service) -> None:
    run_tests(disposable_service, "layout")


@pytest.mark.slow
def test_pages_of_guests_and_kitchens_are_accessible_in_light_and_dark_colours(
    disposable_service: Service,
) -> None:
    run_tests(disposable_service, "accessibility")


@pytest.mark.slow
def test_a_first_visit_takes_few_requests_and_bytes(disposable_service: Service) -> None:
    run_tests(disposable_service, "first-screen")


@pytest.mark.slow
def test_documentation_pages_send_requests_only_to_the_service(disposable_service: Service) -> None:
    run_tests(disposable_service, "documents")
