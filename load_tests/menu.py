"""The menu of a load test's restaurants, and orders from it with options."""

from random import Random
from typing import Any

INVALID_OPTIONS = 0.02
"""Share of orders with a dish whose required option is missing; the server refuses them."""
AGREED_TOTAL = 0.5
"""Share of orders that send the total that the guest has seen."""

GROUPS = [
    {
        "external_id": "degree",
        "name": "Degree",
        "min": 1,
        "options": [{"name": "Rare"}, {"name": "Medium"}, {"name": "Well done"}],
    },
    {
        "external_id": "extras",
        "name": "Extras",
        "max": 3,
        "options": [
            {"name": "Chips", "price": "4.50", "max_each": 2},
            {"name": "Salad", "price": "5.00"},
            {"name": "No butter", "price": "-0.50"},
        ],
    },
]
GROUPS_OF = {"Main": ["degree", "extras"], "Dessert": ["extras"]}


def _category(name: str) -> dict[str, Any]:
    groups = {"option_group_ids": GROUPS_OF.get(name, []), "allergens": ["milk"]}
    rows = [{"name": f"{name} {n}", "price": f"{n}.50", **groups} for n in range(2, 12)]
    return {"name": name, "items": rows}


MENU = {
    "categories": [_category(name) for name in ("Starter", "Main", "Dessert", "Wine")],
    "option_groups": GROUPS,
}


class GuestMenu:
    """A menu as a guest has read it: items that are available, and option groups."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._items = {
            item["id"]: item
            for category in data["categories"]
            for item in category["items"]
            if item["available"]
        }
        self._groups = {group["id"]: group for group in data.get("option_groups", ())}

    def order(self, random: Random) -> dict[str, Any]:
        """The fields of an order with valid options; often with its total."""
        chosen = random.sample(sorted(self._items), random.randint(1, 4))
        lines = [self._line(self._items[id_], random) for id_ in chosen]
        if random.random() < AGREED_TOTAL:
            total = sum(self._cents(line) for line in lines)
            return {"items": lines, "expected_total": f"{total // 100}.{total % 100:02}"}
        return {"items": lines}

    def invalid_order(self, random: Random) -> dict[str, Any] | None:
        """An order without a required option; None if no item has one, or usually."""
        if random.random() >= INVALID_OPTIONS:
            return None
        for item in self._items.values():
            if any(group["min"] > 0 for group in self._groups_of(item)):
                return {"items": [{"menu_item_id": item["id"]}]}
        return None

    def _groups_of(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        return [self._groups[id_] for id_ in item.get("option_group_ids", ())]

    def _line(self, item: dict[str, Any], random: Random) -> dict[str, Any]:
        options = []
        for group in self._groups_of(item):
            count = random.randint(group["min"], min(group["max"], len(group["options"])))
            options += [
                {"option_id": each["id"]} for each in random.sample(group["options"], count)
            ]
        return {"menu_item_id": item["id"], "quantity": random.randint(1, 3), "options": options}

    def _cents(self, line: dict[str, Any]) -> int:
        item = self._items[line["menu_item_id"]]
        prices = {
            each["id"]: _cents_of(each["price"])
            for group in self._groups_of(item)
            for each in group["options"]
        }
        options = sum(prices[each["option_id"]] for each in line["options"])
        return max(_cents_of(item["price"]) + options, 0) * int(line["quantity"])


def _cents_of(amount: str) -> int:
    return int(amount.replace(".", ""))
