"""Checks of portions: none is sold twice, each reservation ends once, and the numbers add up.

The numbers are computed from the histories of menus and orders, independently of `domain/`.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from protocol.ids import Address, Kind
from tests.simulation.client_view import Violation, check_equal
from tests.simulation.final_state import FinalEntity, FinalState
from tests.simulation.world import SimWorld


def check_portions(stored: FinalState, world: SimWorld) -> None:
    """Raises Violation. Needs histories without data loss."""
    for menu in stored.of(Kind.MENU):
        replay = _Replay(menu)
        taken, returned = _orders_of(menu.address, stored)
        check_equal(f"{menu.address}: sold, and ordered", +replay.sold, +taken)
        check_equal(f"{menu.address}: given back", +replay.returned, +returned)
        check_equal(f"{menu.address}: portions left", dict(menu.state.counted), replay.left)
        outbox = f"{menu.key.decode()}:out"
        waiting = {entry for name, entry in world.outboxes() if name == outbox}
        for number in replay.open:
            if f"t:reservation-{number}".encode() not in waiting:
                raise Violation(f"{menu.address}: reservation {number} will not end")


class _Replay:
    """The portions after all events of a menu."""

    def __init__(self, menu: FinalEntity) -> None:
        self.left: dict[int, int] = {}
        self.open: dict[int, Mapping[str, int]] = {}
        self.sold: Counter[int] = Counter()
        self.returned: Counter[int] = Counter()
        self._name = menu.address
        for event in menu.history:
            self._apply(event)

    def _apply(self, event: Any) -> None:
        data = event["data"]
        match event["type"]:
            case "MenuChanged":
                items = [i for c in data["menu"]["categories"] for i in c["items"]]
                self.left = {i["id"]: i["portions"] for i in items if i["portions"] is not None}
            case "MenuItemChanged" if data["item"]["portions"] is not None:
                self.left[data["item"]["id"]] = data["item"]["portions"]
            case "PortionsReserved":
                self._reserve(data["reservation"])
            case "ReservationEnded":
                self._end(data)
            case "PortionsReturned":
                self._add(data["returned"], self.returned)

    def _reserve(self, reservation: Any) -> None:
        self.open[reservation["number"]] = reservation["portions"]
        for item_id, count in reservation["portions"].items():
            self.left[int(item_id)] -= count
            if self.left[int(item_id)] < 0:
                raise Violation(f"{self._name}: {self.left} portions after {reservation}")

    def _end(self, data: Any) -> None:
        if data["number"] not in self.open:
            raise Violation(f"{self._name}: reservation {data['number']} has ended before")
        reserved = self.open.pop(data["number"])
        for item_id, count in reserved.items():
            self.sold[int(item_id)] += count - data["returned"].get(item_id, 0)
        self._add(data["returned"], Counter())

    def _add(self, portions: Mapping[str, int], sums: Counter[int]) -> None:
        for item_id, count in portions.items():
            self.left[int(item_id)] += count
            sums[int(item_id)] += count


def _orders_of(menu: Address, stored: FinalState) -> tuple[Counter[int], Counter[int]]:
    """The portions that a menu's orders took, and those that they gave back while pending."""
    taken: Counter[int] = Counter()
    returned: Counter[int] = Counter()
    for order in stored.of(Kind.ORDER):
        if order.address.restaurant != menu.restaurant:
            continue
        before: Counter[int] = Counter()
        is_pending = True
        for version in dict.fromkeys(event["version"] for event in order.history):
            events = [event for event in order.history if event["version"] == version]
            after = _after(before, events)
            taken += after - before
            if is_pending:
                returned += before - after
            before = after
            statuses = [e["data"]["status"] for e in events if e["type"] == "StatusChanged"]
            is_pending = is_pending and not statuses
    return taken, returned


def _after(before: Counter[int], events: list[Any]) -> Counter[int]:
    """The portions of counted items that an order has after the events of one version."""
    portions = before
    for event in events:
        data = event["data"]
        items = data.get("order", data).get("items")
        if items is not None:
            portions = Counter()
            for item in items:
                if item["status"] != "voided":
                    portions.update(dict.fromkeys(item["portions_of"], item["quantity"]))
        if data.get("status") == "cancelled":
            portions = Counter()
    return portions
