"""The demo chain of `make run`, made over the public HTTP API and nothing else.

Its ids fit the examples of the protocol's document: order 1 belongs to session 1, which sits at
table 6 of restaurant 2; table 5, free, and waiter 10 are in restaurant 2 too. Every request has its
`Idempotency-Key`, so that a filling that was cut off is taken up again where it ended.
"""

import hashlib
import json
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

RESTAURANTS = (
    {"name": "Trattoria Aurora", "currency": "EUR", "timezone": "Europe/Rome"},
    {"name": "Brasserie du Port", "currency": "EUR", "timezone": "Europe/Paris"},
)
ZONES = ("A", "A", "B", "Terrace")
WAITERS = (
    ("Giulia", "Marco", "Elena", "Paolo", "Chiara"),
    ("Camille", "Hugo", "Manon", "Louis", "Inès"),
)
MENU = (
    {
        "name": "Starters",
        "items": [
            {"name": "Fish soup", "description": "With rouille and croutons", "price": "14.50"},
            {"name": "Tomato salad", "description": "Basil, shallots", "price": "9.00"},
        ],
    },
    {
        "name": "Mains",
        "items": [
            {"name": "Seafood platter", "description": "For two to four", "price": "110.00"},
            {"name": "Mussels and chips", "description": "", "price": "19.50"},
            {"name": "Ratatouille", "description": "Vegan", "price": "16.00"},
        ],
    },
    {
        "name": "Wine",
        "items": [
            {"name": "Muscadet, a bottle", "description": "0.75 l", "price": "30.00"},
            {"name": "House red, a glass", "description": "0.2 l", "price": "6.50"},
        ],
    },
)
ORDER = ((3, 2), (6, 1))
"""Two seafood platters and a bottle of Muscadet, 250.00. A menu counts its items from 1."""
GUESTS_TABLE = 6


class DemoRefused(Exception):
    """The API refused a part of the demo: its answer."""


class Api:
    """The public HTTP API with an admin's token; answers are JSON objects."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> Any:
        """The answer, or None where there is no such thing."""
        try:
            return self._ask("GET", path, None, {})
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise DemoRefused(error.read().decode()) from error

    def send(self, method: str, path: str, body: object) -> Any:
        try:
            return self._ask(method, path, body, {"Idempotency-Key": _key(method, path, body)})
        except urllib.error.HTTPError as error:
            raise DemoRefused(f"{method} {path}: {error.read().decode()}") from error

    def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(  # noqa: S310  # our own server
            f"{self._url}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=self._headers | headers,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


def _key(method: str, path: str, body: object) -> str:
    return "demo-" + hashlib.sha256(f"{method} {path} {json.dumps(body)}".encode()).hexdigest()[:32]


def fill(api: Api) -> bool:
    """Fill an empty store with the chain; False where there is something in it already.

    The ids are not read from the answers: an empty store counts each kind from 1.
    """
    if not _is_wanted(api):
        return False
    for restaurant, described in enumerate(RESTAURANTS, start=1):
        api.send("POST", "/restaurants", described)
        api.send("PUT", f"/restaurants/{restaurant}/menu", {"categories": MENU})
        _add_waiters(api, restaurant)
        _add_tables(api, restaurant)
    _seat_guests(api)
    return True


def _is_wanted(api: Api) -> bool:
    """Whether there is nothing yet, or only the beginning of this demo."""
    if api.get("/orders/1") is not None:
        return False
    first = api.get("/restaurants/1")
    return first is None or RESTAURANTS[0]["name"] in json.dumps(first)


def _add_waiters(api: Api, restaurant: int) -> None:
    for name in WAITERS[restaurant - 1]:
        api.send("POST", f"/restaurants/{restaurant}/waiters", {"name": name})


def _add_tables(api: Api, restaurant: int) -> None:
    """Tables are numbered like their ids; waiters have one each, the last first."""
    before = len(ZONES) * (restaurant - 1)
    last_waiter = sum(map(len, WAITERS[:restaurant]))
    for index, zone in enumerate(ZONES):
        number = str(before + 1 + index)
        table = {"number": number, "zone": zone, "seats": 4, "waiter_id": last_waiter - index}
        api.send("POST", f"/restaurants/{restaurant}/tables", table)


def _seat_guests(api: Api) -> None:
    api.send("POST", f"/tables/{GUESTS_TABLE}/sessions", {"guests_count": 4})
    items = [{"menu_item_id": id_, "quantity": quantity} for id_, quantity in ORDER]
    api.send("POST", "/sessions/1/orders", {"items": items})
