"""Whether people were told the truth: what was acknowledged is stored once, and nothing else is."""

from collections import Counter

from protocol.ids import Address, Kind
from tests.simulation.stored import Stored, order_of
from tests.simulation.view import Violation, same
from tests.simulation.wish import Wish

DOES = {
    "create_restaurant": {"RestaurantCreated"},
    "add_table": {"TableSeen"},
    "add_waiter": {"WaiterAdded"},
    "replace_menu": {"MenuChanged"},
    "change_menu_item": {"MenuItemChanged"},
    "change_table": {"TableChanged"},
    "occupy": {"TableOccupied"},
    "release": {"TableReleased"},
    "place_order": {"OrderNoted"},
    "update_guests_count": {"GuestsCounted"},
    "call_waiter": {"CallMade"},
    "update_call": {"CallChanged"},
    "close_session": {"SessionClosed"},
    "update_status": {"StatusChanged"},
    "update_item": {"ItemsChanged"},
    "replace_items": {"ItemsChanged"},
    "pay": {"PaymentReceived"},
    "refund": {"Refunded"},
    "acknowledge": {"NotificationAcknowledged"},
    "assign_task": {"TaskRaised"},
    "raise_alert": {"TaskRaised", "AlertRaised"},
    "broadcast": {"MessageBroadcast"},
}
"""The event that each command leaves in the history of the entity that it was for."""


def check_wishes(wishes: list[Wish], stored: Stored) -> None:
    """Each acknowledged change is in the history once, and nothing else that anybody did."""
    told: dict[tuple[Address, str, frozenset[str]], list[int]] = {}
    untold: Counter[tuple[Address, str, frozenset[str]]] = Counter()
    for wish in wishes:
        if wish.name not in DOES:
            continue
        for again in wish.answers[1:]:
            same(f"{wish}, sent again", again[:4], wish.answers[0][:4])
        about = (wish.to, wish.subject, frozenset(DOES[wish.name]))
        versions = told.setdefault(about, [])
        if wish.given_up:
            untold[about] += 1
        elif wish.answers[0].changed:
            versions.append(_exactly(wish, stored))
    for (to, subject, types), versions in told.items():
        entity = stored.at(*to)
        found = {
            event["version"]
            for event in entity.history
            if event["by"] == subject and event["type"] in types
        }
        what = f"{to}: changed by {subject}, as stored and as told"
        if len(found - set(versions)) <= untold[to, subject, types]:
            found &= set(versions)
        same(what, sorted(found), sorted(versions))


def _exactly(wish: Wish, stored: Stored) -> int:
    """The version in which the change is that was asked for. What it set off on its own host may
    have come back to the entity before it was answered."""
    answer, entity = wish.answers[0], stored.at(*wish.to)
    done = [each for each in entity.history if each["version"] <= answer.version]
    while done and done[-1]["by"] == wish.subject and done[-1]["type"] not in DOES[wish.name]:
        done.pop()
    if not done or done[-1]["by"] != wish.subject:
        raise Violation(f"{wish}: told {answer}, which is not stored")
    version, data = done[-1]["version"], done[-1]["data"]
    if wish.name in ("update_status", "update_item"):  # which may make an event of the other kind
        data = next(
            each["data"]
            for each in done
            if each["version"] == version and each["type"] in DOES[wish.name]
        )
    match wish.name:
        case "pay":
            amount = round(float(wish.body["amount"]) * 100)
            same(wish, data["payment"]["amount"], amount)
        case "update_status":
            same(wish, data["status"], wish.body["status"])
        case "update_guests_count":
            same(wish, data["guests_count"], wish.body["guests_count"])
        case "occupy":
            same(wish, data["session"]["id"], answer.result["session_id"])
        case "place_order":
            same(wish, data["card"]["order_id"], answer.result["order_id"])
            order = order_of(stored.at(Kind.ORDER, answer.result["order_id"], wish.to.restaurant))
            same(f"{wish}: its session", order.session_id, wish.to.id)
        case "broadcast":
            same(wish, data["message"], wish.body["message"])
    return int(version)
