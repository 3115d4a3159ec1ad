"""The menu of a simulated restaurant: what its dishes cost, and which options a line accepts.

The rules are written independently of those in `domain/menu/`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, NamedTuple

from protocol.values import format_money, parse_money

DISHES = (1, 2, 3)
GROUPS = {"degree": (1, 1, {2: 1, 3: 1}), "extras": (0, 2, {5: 2, 6: 1})}
"""Minimum, maximum, and how often each option may be chosen, by option id. Groups and options share
one sequence of ids: the groups are 1 and 4."""
GROUP_IDS = {"degree": 1, "extras": 4}
FIRST_PORTIONS = {1: 4, 2: 9}
"""Dishes of which portions are counted, always; there are few."""
GROUPS_OF = {1: ("degree", "extras"), 2: ("extras",), 3: ()}


class Prices(NamedTuple):
    """Prices in minor units by item id and by option id."""

    items: Mapping[int, int]
    options: Mapping[int, int]

    def of(self, line: Mapping[str, Any]) -> int:
        """The price of one unit of a line of a request."""
        chosen = _counts(line["options"])
        options = sum(self.options[id_] * times for id_, times in chosen.items())
        return max(self.items[line["menu_item_id"]] + options, 0)

    def total(self, lines: Iterable[Mapping[str, Any]]) -> int:
        return sum(self.of(line) * line["quantity"] for line in lines)


FIRST_PRICES = Prices({1: 150, 2: 250, 3: 350}, {2: 0, 3: 100, 5: 200, 6: -50})


def menu_body(prices: Prices, *, is_new: bool) -> dict[str, Any]:
    """Body of a request that replaces the menu; a new menu gives the ids used here."""

    def part(id_: int, **fields: Any) -> dict[str, Any]:
        return fields if is_new else {"id": id_, **fields}

    items = [part(id_, name=f"Dish {id_}", price=format_money(prices.items[id_])) for id_ in DISHES]
    if is_new:
        for item, id_ in zip(items, DISHES, strict=True):
            item["option_group_ids"] = list(GROUPS_OF[id_])
            if id_ in FIRST_PORTIONS:
                item["portions"] = FIRST_PORTIONS[id_]
    groups = []
    for name, (least, most, options) in GROUPS.items():
        rows = [
            part(id_, name=f"Option {id_}", price=format_money(prices.options[id_]), max_each=each)
            for id_, each in options.items()
        ]
        group = part(GROUP_IDS[name], name=name, min=least, max=most, options=rows)
        groups.append({**group, "external_id": name})
    return {"categories": [{"name": "All", "items": items}], "option_groups": groups}


def prices_of(body: Mapping[str, Any]) -> Prices:
    """The prices in the body of a request that replaced the menu."""
    items, groups = body["categories"][0]["items"], body["option_groups"]
    return Prices(
        {id_: parse_money(item["price"]) for id_, item in zip(DISHES, items, strict=True)},
        {
            id_: _signed(row["price"])
            for (_, _, options), group in zip(GROUPS.values(), groups, strict=True)
            for id_, row in zip(options, group["options"], strict=True)
        },
    )


def random_prices(rng: Random) -> Prices:
    return Prices(
        {id_: 100 * rng.randint(1, 9) for id_ in DISHES},
        {id_: 50 * rng.randint(-3, 6) for id_ in FIRST_PRICES.options},
    )


def random_options(dish: int, rng: Random) -> list[dict[str, int]]:
    """Options that are mostly valid for the dish."""
    if rng.random() < 0.15:  # any: often too many, too few or another dish's
        ids = rng.choices(list(FIRST_PRICES.options), k=rng.randint(0, 3))
        return [{"option_id": id_, "quantity": rng.randint(1, 2)} for id_ in ids]
    chosen = [{"option_id": rng.choice((2, 3))}] if dish == 1 else []
    if dish != 3 and rng.random() < 0.5:
        extra = rng.choice((5, 6))
        chosen.append({"option_id": extra, "quantity": rng.randint(1, 2) if extra == 5 else 1})
    return chosen


def is_valid(line: Mapping[str, Any]) -> bool:
    """Whether the menu accepts the options of a line."""
    chosen = _counts(line["options"])
    groups = [GROUPS[name] for name in GROUPS_OF[line["menu_item_id"]]]
    known = {id_: each for _, _, options in groups for id_, each in options.items()}
    return all(times <= known.get(id_, 0) for id_, times in chosen.items()) and all(
        least <= sum(chosen[id_] for id_ in options) <= most for least, most, options in groups
    )


def _counts(options: Iterable[Mapping[str, int]]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for each in options:
        counts[each["option_id"]] += each.get("quantity", 1)
    return counts


def _signed(text: str) -> int:
    return -parse_money(text[1:]) if text.startswith("-") else parse_money(text)
