"""The rules of a menu: replace it, import a file, change an item, look up prices.

A restaurant creates its menu. One of an earlier release contained it, and hands it over when it is
first used.
"""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from msgspec import UNSET

from domain.copy import replace
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Confirmation,
    Context,
    Decision,
    Redirect,
    Timer,
)
from domain.menu import portions
from domain.menu.availability import business_day, resolve_until
from domain.menu.merge import merge
from domain.menu.pricing import outside_hours, price_lines, unknown_item
from domain.menu.replacement import replaced
from domain.menu.state import (
    Menu,
    MenuChanged,
    MenuContent,
    MenuCreated,
    MenuItem,
    MenuItemChanged,
    OrderingChanged,
    OrderingPaused,
    OrderingResumed,
    Pause,
    evolve,
)
from domain.menu.views import publish, snapshot
from domain.messages import (
    CreateMenu,
    ExportMenu,
    ItemAvailableAgain,
    PauseEnded,
    PriceLines,
)
from domain.portions import (
    ReservationAnswered,
    ReservationDue,
    ReturnPortions,
    portions_taken,
)
from protocol import commands as c
from protocol.caller import Caller
from protocol.codec import timestamp
from protocol.errors import Code, Rejected
from protocol.ids import Kind
from protocol.statuses import AutoConfirm
from protocol.timezones import local_time

PAUSE = "pause"
"""The timer that ends a pause."""


def decide(menu: Menu | None, command: Any, context: Context) -> Decision | Rejected | Redirect:
    if isinstance(command, CreateMenu):
        return UNCHANGED if menu is not None else _create(command, context)
    if menu is None:
        return Rejected(Code.NOT_FOUND, f"There is no menu {context.address.id}.")
    match command:
        case c.ReplaceMenu():
            return _replace(menu.current, command)
        case c.ImportMenu():
            return _import(menu.current, command)
        case c.ChangeMenuItem():
            return _change_item(menu, command, context)
        case c.PauseOrders():
            return _pause(menu, command, context)
        case c.ResumeOrders():
            return UNCHANGED if menu.pause is None else _resume()
        case c.ChangeOrdering():
            return _change_ordering(menu, command)
        case PriceLines():
            return _price(menu, command, context)
        case ExportMenu():
            return Decision(result={"content": menu.current})
    return _receive(menu, command, context)


def _receive(menu: Menu, message: Any, context: Context) -> Decision | Rejected:
    """Handle a message of another entity, or a timer of the menu."""
    match message:
        case ReservationAnswered():
            return portions.end(menu, message, context)
        case ReturnPortions(returned):
            return portions.give_back(menu, returned)
        case ReservationDue(number):
            return portions.ask(menu, number, context)
        case ItemAvailableAgain(item_id):
            item = menu.current.items().get(item_id)
            if item is None or item.unavailable_until is None:
                return UNCHANGED
            back = replace(item, available=True, unavailable_until=None)
            return Decision((MenuItemChanged(back, menu.content.version + 1),))
        case PauseEnded():
            return UNCHANGED if menu.pause is None else _resume()
    return Rejected(Code.UNKNOWN_ACTION, "A menu does not support this action.")


def _create(message: CreateMenu, context: Context) -> Decision:
    menu = Menu(
        context.address.id,
        message.restaurant_name,
        message.currency,
        message.timezone,
        message.content,
    )
    return Decision((MenuCreated(menu),))


def _replace(content: MenuContent, command: c.ReplaceMenu) -> Decision | Rejected:
    """Replace the content: parts without an id are new, the others keep theirs."""
    after = replaced(content, command)
    if isinstance(after, Rejected):
        return after
    if after == content:
        return UNCHANGED
    return _changed(content, after)


def _import(content: MenuContent, command: c.ImportMenu) -> Decision | Rejected:
    """Merge the rows of a file, all or none. Only a dry run lists them: results are stored."""
    merged = merge(content, command)
    if command.dry_run:
        return Decision(
            result={
                "counts": merged.counts(),
                "would_change": merged.content != content,
                "rows": merged.rows,
                "wrong": merged.wrong,
            }
        )
    if merged.wrong:
        return Rejected(
            Code.INVALID_MESSAGE,
            "Cannot import the file because lines are wrong. Correct them and import it again.",
            {"wrong_count": len(merged.wrong)},
        )
    if merged.content == content:
        return Decision(result={"counts": merged.counts()})
    return _changed(content, merged.content, counts=merged.counts())


def _changed(before: MenuContent, after: MenuContent, **result: Any) -> Decision:
    after = replace(after, version=before.version + 1)
    timers, cancels = _returns(before.items().values(), after.items().values())
    return Decision(
        (MenuChanged(after),),
        timers=timers,
        cancels=cancels,
        result={"menu_version": after.version, **result},
    )


def _returns(
    before: Iterable[MenuItem], after: Iterable[MenuItem]
) -> tuple[tuple[Timer, ...], tuple[str, ...]]:
    """The timers that make items available again: those to set, and the keys of those to cancel."""
    old, new = (
        {each.id: each.unavailable_until for each in items if each.unavailable_until is not None}
        for items in (before, after)
    )
    timers = (
        Timer(_timer_key(id_), due, ItemAvailableAgain(id_))
        for id_, due in new.items()
        if old.get(id_) != due
    )
    return tuple(timers), tuple(_timer_key(id_) for id_ in old if id_ not in new)


def _timer_key(item_id: int) -> str:
    return f"item-{item_id}"


def _change_item(menu: Menu, command: c.ChangeMenuItem, context: Context) -> Decision | Rejected:
    """Change the price, availability or portions of one item."""
    item = menu.current.items().get(command.item_id)
    if item is None:
        return unknown_item(command.item_id)
    if command.until is not None and command.available is not False:
        return Rejected(
            Code.INVALID_MESSAGE,
            "until: is allowed only with available: false.",
            {"field": "until"},
        )
    until = resolve_until(command.until, context.now, menu.timezone, menu.day_starts_at)
    if isinstance(until, Rejected):
        return until
    wanted = replace(item, price=item.price if command.price is None else command.price)
    if command.available is not None:
        wanted = replace(wanted, available=command.available, unavailable_until=until)
    if command.portions is not UNSET:
        wanted = replace(wanted, portions=command.portions)
    if wanted == item:
        return UNCHANGED
    version = menu.content.version + 1
    timers, cancels = _returns([item], [wanted])
    return Decision(
        (MenuItemChanged(wanted, version),),
        timers=timers,
        cancels=cancels,
        result={"menu_version": version},
    )


def _pause(menu: Menu, command: c.PauseOrders, context: Context) -> Decision | Rejected:
    until = resolve_until(command.until, context.now, menu.timezone, menu.day_starts_at)
    if isinstance(until, Rejected):
        return until
    pause = Pause(until, command.message)
    if pause == menu.pause:
        return UNCHANGED
    if until is None:
        return Decision((OrderingPaused(pause),), cancels=(PAUSE,))
    return Decision((OrderingPaused(pause),), timers=(Timer(PAUSE, until, PauseEnded()),))


def _resume() -> Decision:
    return Decision((OrderingResumed(),), cancels=(PAUSE,))


def _change_ordering(menu: Menu, command: c.ChangeOrdering) -> Decision:
    names = [each.name for each in fields(OrderingChanged)]
    before = OrderingChanged(**{name: getattr(menu, name) for name in names})
    given = {name: value for name in names if (value := getattr(command, name)) is not None}
    after = replace(before, **given)
    return UNCHANGED if after == before else Decision((after,))


def _price(menu: Menu, message: PriceLines, context: Context) -> Decision | Rejected:
    """Price lines for a caller, reserve portions of counted items, and list the settings that the
    command needs. Guests cannot order while ordering is paused, nor outside an item's hours; staff
    can."""
    lines, day = message.lines, None
    if lines and not context.caller.is_staff:
        local = local_time(context.now, menu.timezone)
        refused = _pause_refusal(menu.pause) or outside_hours(menu.content, lines, local)
        if refused is not None:
            return refused
    sold = price_lines(menu.content, lines)
    if isinstance(sold, Rejected):
        return sold
    if message.is_dated:
        day = business_day(context.now, menu.timezone, menu.day_starts_at)
    result = {
        "lines": sold,
        "confirmation": _confirmation(menu, context.caller),
        "business_day": day,
        "empty_session_minutes": menu.empty_session_minutes,
        "ready_grace_s": menu.ready_grace_s,
    }
    wanted = portions_taken(sold)
    if not wanted:
        return Decision(result=result)
    return portions.reserve(menu, message, wanted, context, result)


def _confirmation(menu: Menu, caller: Caller) -> Confirmation:
    if caller.is_staff and menu.auto_confirm is not AutoConfirm.NONE:
        return Confirmation.AT_ONCE
    if menu.auto_confirm is AutoConfirm.ALL:
        return Confirmation.AT_ONCE if menu.trust_first_order else Confirmation.AFTER_FIRST
    return Confirmation.BY_STAFF


def _pause_refusal(pause: Pause | None) -> Rejected | None:
    if pause is None:
        return None
    why = f' "{pause.message}"' if pause.message else ""
    details = {"until": timestamp(pause.until), "message": pause.message}
    return Rejected(
        Code.ORDERING_PAUSED,
        f"The restaurant is not taking orders now.{why} Try again later, or ask a waiter.",
        details,
    )


MENU: Behaviour[Menu] = Behaviour(
    Kind.MENU, Menu, decide, evolve, publish, snapshot, lambda menu: False
)
