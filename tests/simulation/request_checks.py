"""Checks that each acknowledged change is stored exactly once, and that no other change is."""

from collections import Counter

from protocol.ids import Address, Kind
from tests.simulation.client_view import Violation, check_equal
from tests.simulation.final_state import FinalState, order_of
from tests.simulation.price_checks import check_added_items, check_agreed_total
from tests.simulation.request import SimRequest

EVENTS_BY_COMMAND = {
    "create_restaurant": {"RestaurantCreated"},
    "add_table": {"TableSeen"},
    "add_waiter": {"WaiterAdded"},
    "replace_menu": {"MenuChanged"},
    "change_menu_item": {"MenuItemChanged"},
    "change_ordering": {"OrderingChanged"},
    "pause_orders": {"OrderingPaused"},
    "resume_orders": {"OrderingResumed"},
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
    "add_items": {"ItemsChanged"},
    "void_items": {"ItemsChanged"},
    "deliver_items": {"ItemsChanged"},
    "pay": {"PaymentReceived"},
    "refund": {"Refunded"},
    "acknowledge": {"NotificationAcknowledged"},
    "assign_task": {"TaskRaised"},
    "raise_alert": {"TaskRaised", "AlertRaised"},
    "broadcast": {"MessageBroadcast"},
}
"""The events that each command adds to its target's history."""


def check_requests(requests: list[SimRequest], stored: FinalState) -> None:
    """Each acknowledged change is in the history once; unacknowledged ones at most once."""
    acknowledged: dict[tuple[Address, str, frozenset[str]], list[int]] = {}
    unacknowledged: Counter[tuple[Address, str, frozenset[str]]] = Counter()
    for request in requests:
        if request.name not in EVENTS_BY_COMMAND:
            continue
        for again in request.responses[1:]:
            check_equal(f"{request}, sent again", again[:4], request.responses[0][:4])
        key = (request.to, request.subject, frozenset(EVENTS_BY_COMMAND[request.name]))
        versions = acknowledged.setdefault(key, [])
        if request.is_abandoned:
            unacknowledged[key] += 1
        elif request.responses[0].changed:
            versions.append(_version_of_change(request, stored))
    for (to, subject, types), versions in acknowledged.items():
        entity = stored.at(*to)
        found = {
            event["version"]
            for event in entity.history
            if event["by"] == subject and event["type"] in types
        }
        what = f"{to}: changed by {subject}, as stored and as acknowledged"
        if len(found - set(versions)) <= unacknowledged[to, subject, types]:
            found &= set(versions)
        check_equal(what, sorted(found), sorted(versions))


def _version_of_change(request: SimRequest, stored: FinalState) -> int:
    """The version of the requested change. Its effects may have come back to the entity before the
    response."""
    response, entity = request.responses[0], stored.at(*request.to)
    history = [each for each in entity.history if each["version"] <= response.version]
    while (
        history
        and history[-1]["by"] == request.subject
        and history[-1]["type"] not in EVENTS_BY_COMMAND[request.name]
    ):
        history.pop()
    if not history or history[-1]["by"] != request.subject:
        raise Violation(f"{request}: responded {response}, which is not stored")
    version, data = history[-1]["version"], history[-1]["data"]
    if request.name in (
        "update_status",
        "update_item",
    ):  # may also record the other's event
        data = next(
            each["data"]
            for each in reversed(history)
            if each["version"] == version and each["type"] in EVENTS_BY_COMMAND[request.name]
        )
    match request.name:
        case "pay":
            amount = round(float(request.body["amount"]) * 100)
            check_equal(request, data["payment"]["amount"], amount)
        case "update_status":
            check_equal(request, data["status"], request.body["status"])
        case "update_guests_count":
            check_equal(request, data["guests_count"], request.body["guests_count"])
        case "occupy":
            check_equal(request, data["session"]["id"], response.result["session_id"])
        case "place_order":
            check_equal(request, data["card"]["order_id"], response.result["order_id"])
            order = stored.at(Kind.ORDER, response.result["order_id"], request.to.restaurant)
            check_equal(f"{request}: its session", order_of(order).session_id, request.to.id)
            check_agreed_total(request, order)
        case "add_items":
            check_added_items(request, response, data["items"])
        case "broadcast":
            check_equal(request, data["message"], request.body["message"])
    return int(version)
