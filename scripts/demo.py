"""The demo chain of `make run`, created over the public HTTP API.

In an empty store its ids match the examples of the protocol's document: order 1 belongs to session
1 at table 6 of restaurant 2, which also has waiter 10 and the free table 5. Ids are read from the
responses, so other clients may create entities at the same time. The first restaurant gets its menu
last: if it has none, the fill was interrupted, and the next start completes it.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from scripts.demo_menu import MENU, OPTION_GROUPS

RESTAURANTS = (
    {"name": "Trattoria Aurora", "currency": "EUR", "timezone": "Europe/Rome"},
    {"name": "Brasserie du Port", "currency": "EUR", "timezone": "Europe/Paris"},
)
ZONES = ("A", "A", "B", "Terrace")
WAITERS = (
    ("Giulia", "Marco", "Elena", "Paolo", "Chiara"),
    ("Camille", "Hugo", "Manon", "Louis", "Inès"),
)
ORDER = {"Seafood platter": 2, "Muscadet, a bottle": 1}
"""The guests' order, with a total of 250.00."""
GUESTS_TABLE = "6"


class DemoRefused(Exception):
    """The API rejected a request of the demo. The message is its response."""


class Api:
    """A client of the public HTTP API with an admin's token; responses are JSON objects."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        """The response's `data`, or the whole response if it has none; None if not found."""
        try:
            response = self._request("GET", path, None, {})
            return response.get("data", response)
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise DemoRefused(error.read().decode()) from error

    def send(self, method: str, path: str, body: object) -> Any:
        return self.upload(method, path, json.dumps(body).encode(), "application/json")

    def upload(self, method: str, path: str, data: bytes, type_: str) -> Any:
        """Send data of this content type."""
        try:
            return self._request(method, path, data, {"Content-Type": type_})
        except urllib.error.HTTPError as error:
            raise DemoRefused(f"{method} {path}: {error.read().decode()}") from error

    def _request(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310  # our own server
            f"{self._url}/api{path}",
            method=method,
            data=data,
            headers={**self._headers, **headers},
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  # our own
            return json.load(response)


def fill(api: Api) -> bool:
    """Fill an empty store with the chain, or complete an interrupted fill.

    Returns whether anything was missing. Raises DemoRefused, or OSError if there is no answer.
    """
    listed = api.get("/restaurants")
    found = {each["name"]: each["id"] for each in listed}
    if not _needs_fill(api, found):
        return False
    restaurants = [
        found.get(each["name"]) or api.send("POST", "/restaurants", each)["restaurant_id"]
        for each in RESTAURANTS
    ]
    table_number = 1
    for restaurant, names in zip(restaurants, WAITERS, strict=True):
        waiters = _add_waiters(api, restaurant, names)
        _add_tables(api, restaurant, table_number, waiters)
        table_number += len(ZONES)
    first, second = restaurants
    _add_menu(api, second)
    _seat_guests(api, second)
    _add_menu(api, first)
    return True


def _needs_fill(api: Api, found: dict[str, int]) -> bool:
    """Whether the store is empty, or its demo is incomplete."""
    if not found:
        return api.get("/restaurants/1") is None  # the list omits unresponsive ones
    first = found.get(RESTAURANTS[0]["name"])
    return first is not None and not _menu(api, first)


def _add_waiters(api: Api, restaurant: int, names: tuple[str, ...]) -> list[int]:
    """Add waiters; returns their ids."""
    known = {each["name"]: each["waiter_id"] for each in _status(api, restaurant)["waiters"]}
    path = f"/restaurants/{restaurant}/waiters"
    return [
        known.get(name) or api.send("POST", path, {"name": name})["waiter_id"] for name in names
    ]


def _add_tables(api: Api, restaurant: int, number: int, waiters: list[int]) -> None:
    """Add tables numbered from `number`, one per waiter, starting with the last waiter."""
    known = _tables(api, restaurant)
    for index, zone in enumerate(ZONES):
        table = {"number": str(number + index), "zone": zone, "seats": 4}
        if table["number"] not in known:
            waiter = {"waiter_id": waiters[-1 - index]}
            api.send("POST", f"/restaurants/{restaurant}/tables", table | waiter)


def _add_menu(api: Api, restaurant: int) -> None:
    if not _menu(api, restaurant):
        body = {"categories": MENU, "option_groups": OPTION_GROUPS}
        api.send("PUT", f"/restaurants/{restaurant}/menu", body)


def _seat_guests(api: Api, restaurant: int) -> None:
    """Open a session with an order, unless there is one already."""
    table = _tables(api, restaurant)[GUESTS_TABLE]
    seated = api.get(f"/tables/{table}")["session"]
    session = (
        seated["id"]
        if seated
        else api.send("POST", f"/tables/{table}/sessions", {"guests_count": 4})["session_id"]
    )
    current = api.get(f"/sessions/{session}")
    menu = _menu(api, restaurant)
    items = [
        {"menu_item_id": menu[name], "quantity": quantity}
        for name, quantity in ORDER.items()
        if name in menu
    ]
    if current["status"] == "open" and not current["orders"] and items:
        api.send("POST", f"/sessions/{session}/orders", {"items": items})


def _status(api: Api, restaurant: int) -> Any:
    return api.get(f"/restaurants/{restaurant}")


def _tables(api: Api, restaurant: int) -> dict[str, int]:
    """Ids of tables by number."""
    listed = _status(api, restaurant)["tables"]["list"]
    return {each["table_number"]: each["table_id"] for each in listed}


def _menu(api: Api, restaurant: int) -> dict[str, int]:
    """Ids of menu items by name."""
    categories = api.get(f"/restaurants/{restaurant}/menu")["categories"]
    return {item["name"]: item["id"] for each in categories for item in each["items"]}
