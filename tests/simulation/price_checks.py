"""Checks of prices and options: orders against the versions of their menu, and of refusals."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from protocol.caller import STAFF
from protocol.ids import Kind
from protocol.values import parse_money
from tests.simulation.client_view import Violation, check_equal
from tests.simulation.final_state import FinalEntity, FinalState
from tests.simulation.menu import Prices, is_valid
from tests.simulation.request import Response, SimRequest

PRICED_BEFORE = timedelta(seconds=6)
"""Longer than a gateway waits for the reply to an order that was priced."""


def check_prices(stored: FinalState) -> None:
    """Lines that came together cost what one version of the menu said. Raises Violation."""
    versions = {each.address.restaurant: list(_versions(each)) for each in stored.of(Kind.MENU)}
    for entity in stored.of(Kind.ORDER):
        for items in _added_together(entity):
            if not any(_agree(items, prices) for prices in versions[entity.address.restaurant]):
                raise Violation(f"{entity.address}: no version of the menu has prices of {items}")


def _added_together(order: FinalEntity) -> Iterator[list[Any]]:
    """The items that each event added to an order."""
    known: set[int] = set()
    for event in order.history:
        data = event["data"]
        added = [each for each in items_in(data) if each["item_id"] not in known]
        known.update(each["item_id"] for each in added)
        yield added


def items_in(data: Any) -> list[Any]:
    """The items in the data of an event of an order."""
    items: list[Any] = data.get("order", data).get("items", [])
    return items


def _agree(items: list[Any], prices: Prices) -> bool:
    for item in items:
        options = item["options"]
        if any(prices.options[each["option_id"]] != each["price"] for each in options):
            return False
        if item["unit_price"] != prices.of(item):
            return False
    return True


def _versions(menu: FinalEntity) -> Iterator[Prices]:
    """The prices after each change of a menu."""
    items: dict[int, int] = {}
    options: dict[int, int] = {}
    for event in menu.history:
        data = event["data"]
        if event["type"] == "MenuChanged":
            content = data["menu"]
            items = {i["id"]: i["price"] for c in content["categories"] for i in c["items"]}
            options = {o["id"]: o["price"] for g in content["option_groups"] for o in g["options"]}
        elif event["type"] == "MenuItemChanged":
            items = {**items, data["item"]["id"]: data["item"]["price"]}
        if items:  # a new menu has none
            yield Prices(items, options)


def check_pauses(stored: FinalState) -> None:
    """Guests place no orders while ordering is paused. Raises Violation."""
    pauses = {each.address.restaurant: list(_pauses(each)) for each in stored.of(Kind.MENU)}
    for session in stored.of(Kind.SESSION):
        for event in session.events("OrderNoted"):
            is_new = event["data"]["card"]["version"] == 1
            at = datetime.fromisoformat(event["at"])
            is_paused = any(begin < at < end for begin, end in pauses[session.address.restaurant])
            if is_new and is_paused and event["by"].startswith("guest:"):
                raise Violation(f"{session.address}: a guest's order during a pause, at {at}")


def _pauses(menu: FinalEntity) -> Iterator[tuple[datetime, datetime]]:
    """The pauses of a menu, without the first seconds, when orders that were priced before may
    still arrive."""
    begin = None
    for event in menu.history:
        at = datetime.fromisoformat(event["at"])
        if event["type"] == "OrderingPaused" and begin is None:
            begin = at + PRICED_BEFORE
        elif event["type"] == "OrderingResumed" and begin is not None:
            yield begin, at
            begin = None
    if begin is not None:
        yield begin, datetime.max.replace(tzinfo=UTC)


def check_refusals(requests: list[SimRequest]) -> None:
    """Invalid options are always refused, valid ones never for that reason; an order has the
    total that was agreed to. Raises Violation."""
    for request in requests:
        if request.name in ("place_order", "replace_items", "add_items"):
            for response in request.responses:
                _check_response(request, response)


def _check_response(request: SimRequest, response: Response) -> None:
    are_valid = all(is_valid(line) for line in request.body["items"])
    if response.code is None and not are_valid:
        raise Violation(f"{request}: accepted with invalid options")
    if response.code == "invalid_options" and are_valid:
        raise Violation(f"{request}: its options are valid, and were refused")
    if response.code == "ordering_paused" and request.role in STAFF:
        raise Violation(f"{request}: staff may order during a pause")
    if response.code == "price_changed":
        agreed = parse_money(request.body["expected_total"])
        if parse_money(response.data["total_amount"]) == agreed:
            raise Violation(f"{request}: refused with the total that it agreed to")


def check_added_items(request: SimRequest, response: Response, items: list[Any]) -> None:
    """The items that a request has added are those of the response, at the total that it agreed to.
    Raises Violation."""
    added = [each for each in items if each["item_id"] in response.result["item_ids"]]
    wanted = [(line["menu_item_id"], line["quantity"]) for line in request.body["items"]]
    check_equal(request, [(each["menu_item_id"], each["quantity"]) for each in added], wanted)
    if "expected_total" in request.body:
        total = sum(item["unit_price"] * item["quantity"] for item in added)
        check_equal(f"{request}: its total", total, parse_money(request.body["expected_total"]))


def check_agreed_total(request: SimRequest, order: FinalEntity) -> None:
    """A placed order has the total that its request agreed to. Raises Violation."""
    if "expected_total" in request.body:
        [placed] = order.events("OrderPlaced")
        items = placed["data"]["order"]["items"]
        total = sum(item["unit_price"] * item["quantity"] for item in items)
        check_equal(f"{request}: its total", total, parse_money(request.body["expected_total"]))
