"""The lines of an order as a menu sells them: name, price with options, allergens."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.menu.availability import is_served
from domain.menu.state import MenuContent, MenuItem, Option, OptionGroup
from domain.order.line import ChosenOption, OrderLine
from protocol.commands import MenuLine
from protocol.errors import Code, Rejected
from protocol.menu import Allergen, LineOption

MAX_NAMED = 5
"""Maximum number of items or options that a refusal names. It lists the ids of all."""


SOLD_OUT = "Not available now"


def price_lines(
    content: MenuContent, lines: Sequence[MenuLine]
) -> tuple[OrderLine, ...] | Rejected:
    """Price the lines of an order."""
    items, groups = content.items(), content.groups()
    ids = {line.menu_item_id for line in lines}
    if not ids <= items.keys():
        return unknown_item(*(ids - items.keys()))
    sold_out = [items[id_] for id_ in sorted(ids) if not items[id_].available]
    if sold_out:
        return _unavailable(SOLD_OUT, "menu_item_ids", sold_out)
    sold = []
    for line in lines:
        item = items[line.menu_item_id]
        priced = _price_line(line, item, [groups[id_] for id_ in item.option_group_ids])
        if isinstance(priced, Rejected):
            return priced
        sold.append(priced)
    return tuple(sold)


def outside_hours(
    content: MenuContent, lines: Iterable[MenuLine], local: datetime
) -> Rejected | None:
    """Why lines cannot be ordered at this local time of the restaurant; None if they can."""
    ids = {line.menu_item_id for line in lines}
    closed = [
        item
        for category in content.categories
        for item in category.items
        if item.id in ids
        and not (is_served(category.hours, local) and is_served(item.hours, local))
    ]
    return _unavailable("Not served at this time", "menu_item_ids", closed) if closed else None


def unknown_item(*ids: int) -> Rejected:
    return Rejected(Code.NOT_FOUND, "The menu has no such item.", {"menu_item_ids": sorted(ids)})


def _price_line(
    line: MenuLine, item: MenuItem, groups: Sequence[OptionGroup]
) -> OrderLine | Rejected:
    chosen = _chosen(line, item, groups)
    if isinstance(chosen, Rejected):
        return chosen
    price = item.price + sum(option.price * times for option, times in chosen)
    return OrderLine(
        item.name,
        line.quantity,
        max(price, 0),
        line.notes,
        item.id,
        tuple(
            ChosenOption(option.id, option.name, times, option.price) for option, times in chosen
        ),
        _allergens([item.allergens, *(option.allergens for option, _ in chosen)]),
        () if item.portions is None else (item.id,),
    )


def _chosen(
    line: MenuLine, item: MenuItem, groups: Sequence[OptionGroup]
) -> list[tuple[Option, int]] | Rejected:
    """The options of a line with how often each was chosen, in the order of the item's groups."""
    wanted = _counts(line.options)
    known = {option.id for group in groups for option in group.options}
    foreign = sorted(wanted.keys() - known)
    if foreign:
        return Rejected(
            Code.INVALID_OPTIONS,
            f"{item.name} no longer has these options. Load the menu again and choose.",
            {"menu_item_id": item.id, "option_ids": foreign},
        )
    chosen = []
    for group in groups:
        of_group = [(option, wanted[option.id]) for option in group.options if option.id in wanted]
        refused = _group_refusal(item, group, of_group)
        if refused is not None:
            return refused
        chosen += of_group
    sold_out = [option for option, _ in chosen if not option.available]
    return _unavailable(SOLD_OUT, "option_ids", sold_out) if sold_out else chosen


def _counts(options: Iterable[LineOption]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for each in options:
        counts[each.option_id] = counts.get(each.option_id, 0) + each.quantity
    return counts


def _group_refusal(
    item: MenuItem, group: OptionGroup, chosen: Sequence[tuple[Option, int]]
) -> Rejected | None:
    count = sum(times for _, times in chosen)
    excess = [option for option, times in chosen if times > option.max_each]
    if excess:
        why = f"{excess[0].name} at most {excess[0].max_each} times"
    elif count < group.min:
        why = f"at least {group.min} of {group.name}"
    elif count > group.max:
        why = f"at most {group.max} of {group.name}"
    else:
        return None
    return Rejected(
        Code.INVALID_OPTIONS,
        f"{item.name}: choose {why}.",
        {
            "menu_item_id": item.id,
            "group_id": group.id,
            "min": group.min,
            "max": group.max,
        },
    )


def _unavailable(why: str, field: str, parts: Sequence[MenuItem | Option]) -> Rejected:
    names = ", ".join(each.name for each in parts[:MAX_NAMED])
    if len(parts) > MAX_NAMED:
        names += f" and {len(parts) - MAX_NAMED} more"
    return Rejected(Code.ITEM_UNAVAILABLE, f"{why}: {names}.", {field: [each.id for each in parts]})


def _allergens(parts: Iterable[tuple[Allergen, ...] | None]) -> tuple[Allergen, ...] | None:
    """The union of the parts' allergens; None if a part does not declare its allergens."""
    union: set[Allergen] = set()
    for part in parts:
        if part is None:
            return None
        union.update(part)
    return tuple(sorted(union))
