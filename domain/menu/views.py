"""The menu as clients see it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.entity import Publication
from domain.menu.state import (
    Menu,
    MenuCategory,
    MenuChanged,
    MenuItem,
    MenuItemChanged,
    Option,
    OptionGroup,
    OrderingChanged,
    OrderingPaused,
    OrderingResumed,
    PortionsReserved,
    PortionsReturned,
    ReservationEnded,
    ServingHours,
    Translations,
)
from domain.portions import MAX_SHOWN_TO_GUESTS, Portions
from protocol.codec import timestamp
from protocol.ids import Channel
from protocol.menu import Allergen
from protocol.values import format_money
from restaurant_qr_wire import menu as wire
from restaurant_qr_wire import values


def publish(event: Any, menu: Menu) -> Iterable[Publication]:
    match event:
        case MenuItemChanged(item, version):
            item_update: wire.MenuItemUpdate = {"item": item_row(item), "menu_version": version}
            yield Publication(Channel.MENU, "menu_item_updated", item_update)
        case PortionsReserved(reservation):
            yield from _portions_updates(menu, reservation.portions, 1)
        case ReservationEnded(returned=returned) | PortionsReturned(returned):
            yield from _portions_updates(menu, returned, -1)
        case OrderingPaused() | OrderingResumed():
            update: wire.OrderingUpdate = {"ordering": _ordering(menu)}
            yield Publication(Channel.MENU, "ordering_update", update)
        case MenuChanged() | OrderingChanged():
            yield Publication(Channel.MENU, "menu_update", _data_of(menu))


def _portions_updates(menu: Menu, portions: Portions, sign: int) -> Iterator[Publication]:
    """The updates of items of which portions were taken, or given back if `sign` is -1."""
    items = menu.current.items()
    for item_id, count in portions.items():
        item = items.get(item_id)
        if item is None or item.portions is None or not count:
            continue
        update: wire.MenuItemUpdate = {
            "item": item_row(item),
            "menu_version": menu.content.version,
        }
        if min(item.portions, item.portions + sign * count) > MAX_SHOWN_TO_GUESTS:
            update["kind"] = "portions"
        yield Publication(Channel.MENU, "menu_item_updated", update)


def snapshot(menu: Menu, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "menu", _data_of(menu)


def _data_of(menu: Menu) -> wire.Menu:
    """The fields of `menu` and `menu_update`."""
    content = menu.current
    return {
        "restaurant_id": menu.restaurant_id,
        "restaurant": menu.restaurant_name,
        "timezone": menu.timezone,
        "menu_version": content.version,
        "currency": menu.currency,
        "day_starts_at": menu.day_starts_at,
        "auto_confirm": menu.auto_confirm.value,
        "trust_first_order": menu.trust_first_order,
        "empty_session_minutes": menu.empty_session_minutes,
        "ready_grace_s": menu.ready_grace_s,
        "ordering": _ordering(menu),
        "categories": [category_row(category) for category in content.categories],
        "option_groups": [group_row(group) for group in content.option_groups],
    }


def _ordering(menu: Menu) -> wire.Ordering:
    pause = menu.pause
    if pause is None:
        return {"paused": False, "until": None, "message": None}
    return {"paused": True, "until": timestamp(pause.until), "message": pause.message}


def _hours(hours: Iterable[ServingHours]) -> list[wire.ServingHours]:
    return [{"days": list(each.days), "from": each.opens, "to": each.closes} for each in hours]


def category_row(category: MenuCategory) -> wire.MenuCategory:
    return {
        "name": category.name,
        "translations": _translations(category.translations),
        "hours": _hours(category.hours),
        "items": [item_row(item) for item in category.items],
    }


def item_row(item: MenuItem) -> wire.MenuItem:
    return {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "translations": _translations(item.translations),
        "price": format_money(item.price),
        "available": item.available,
        "unavailable_until": timestamp(item.unavailable_until),
        "portions": item.portions,
        "hours": _hours(item.hours),
        "photo_id": item.photo_id,
        "allergens": _listed(item.allergens),
        "diets": [diet.value for diet in item.diets],
        "option_group_ids": list(item.option_group_ids),
    }


def group_row(group: OptionGroup) -> wire.OptionGroup:
    return {
        "id": group.id,
        "name": group.name,
        "translations": _translations(group.translations),
        "min": group.min,
        "max": group.max,
        "options": [_option_row(option) for option in group.options],
    }


def _option_row(option: Option) -> wire.MenuOption:
    return {
        "id": option.id,
        "name": option.name,
        "translations": _translations(option.translations),
        "price": format_money(option.price),
        "available": option.available,
        "allergens": _listed(option.allergens),
        "max_each": option.max_each,
    }


def _translations(translations: Translations) -> dict[str, wire.Translation]:
    return {
        tag: {"name": each.name, "description": each.description}
        for tag, each in translations.items()
    }


def _listed(allergens: tuple[Allergen, ...] | None) -> list[values.Allergen] | None:
    return None if allergens is None else [allergen.value for allergen in allergens]
