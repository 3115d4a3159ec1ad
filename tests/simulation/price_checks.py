"""Checks of prices and options: orders against the versions of their menu, and of refusals."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from protocol.caller import STAFF
from protocol.ids import Kind
from protocol.values import parse_money
from tests.simulation.client_view import Violation, check_equal
from tests.simulation.final_state import FinalEntity, FinalState, order_of
from tests.simulation.menu import Prices, is_valid
from tests.simulation.request import Response, SimRequest

PRICED_BEFORE = timedelta(seconds=6)
"""Longer than a gateway waits for the reply to an order that was priced."""


def check_prices(stored: FinalState) -> None:
    """The lines of each order cost what one version of the menu said. Raises Violation."""
    versions = {each.address.restaurant: list(_versions(each)) for each in stored.of(Kind.MENU)}
    for entity in stored.of(Kind.ORDER):
        order = order_of(entity)
        if not any(_agrees(entity, prices) for prices in versions[order.restaurant_id]):
            raise Violation(f"{entity.address}: no version of the menu has the prices of its lines")


def _agrees(entity: FinalEntity, prices: Prices) -> bool:
    for item in order_of(entity).items:
        options = {each.option_id: each.price for each in item.options}
        if any(prices.options[id_] != price for id_, price in options.items()):
            return False
        chosen = [{"option_id": o.option_id, "quantity": o.quantity} for o in item.options]
        line = {"menu_item_id": item.menu_item_id, "options": chosen}
        if item.unit_price != prices.of(line):
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
        if request.name in ("place_order", "replace_items"):
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


def check_agreed_total(request: SimRequest, order: FinalEntity) -> None:
    """A placed order has the total that its request agreed to. Raises Violation."""
    if "expected_total" in request.body:
        [placed] = order.events("OrderPlaced")
        items = placed["data"]["order"]["items"]
        total = sum(item["unit_price"] * item["quantity"] for item in items)
        check_equal(f"{request}: its total", total, parse_money(request.body["expected_total"]))
