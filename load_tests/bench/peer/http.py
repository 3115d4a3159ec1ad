"""The peer's HTTP API, which creates restaurants with tables, waiters, menu and sessions."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

import orjson
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from load_tests.bench.peer import home_views, sessions, views
from load_tests.bench.peer.layer import group_sender
from load_tests.bench.peer.orders import minor
from load_tests.bench.peer.store import Database, Refused

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]
_STATUS = {"not_found": 404, "table_occupied": 409}


def _restaurant(db: Database, _: int, body: dict[str, Any]) -> Answer:
    with db.transaction():
        id_ = db.run(
            "INSERT INTO restaurants (name, currency, timezone) VALUES (?, ?, ?)",
            (body["name"], body["currency"], body["timezone"]),
        ).lastrowid
    assert id_ is not None
    return _made(201, home_views.restaurant(db, id_), restaurant_id=id_)


def _table(db: Database, restaurant: int, body: dict[str, Any]) -> Answer:
    with db.transaction():
        id_ = db.run(
            "INSERT INTO tables (restaurant_id, number, zone, seats, waiter_id)"
            " VALUES (?, ?, ?, ?, ?)",
            (restaurant, body["number"], body["zone"], body["seats"], body.get("waiter_id")),
        ).lastrowid
        assert id_ is not None
        data = views.table(db, id_)  # raises Refused if the restaurant does not exist
    return _made(201, data, table_id=id_)


def _waiter(db: Database, restaurant: int, body: dict[str, Any]) -> Answer:
    with db.transaction():
        db.one("restaurant", "SELECT id FROM restaurants WHERE id = ?", restaurant)
        id_ = db.run(
            "INSERT INTO waiters (restaurant_id, name) VALUES (?, ?)", (restaurant, body["name"])
        ).lastrowid
    assert id_ is not None
    return _made(201, home_views.waiter(db, id_), waiter_id=id_)


def _menu(db: Database, restaurant: int, body: dict[str, Any]) -> Answer:
    """Replace the menu; its items are numbered from 1."""
    with db.transaction():
        version = db.one(
            "restaurant",
            "UPDATE restaurants SET menu_version = menu_version + 1 WHERE id = ?"
            " RETURNING menu_version",
            restaurant,
        )[0]
        db.run("DELETE FROM menu_items WHERE restaurant_id = ?", (restaurant,))
        for category in body["categories"]:
            for item in category["items"]:
                db.run(
                    "INSERT INTO menu_items SELECT ?, count(*) + 1, ?, ?, ?, ?, ?"
                    " FROM menu_items WHERE restaurant_id = ?",
                    (
                        *(restaurant, category["name"], item["name"], item.get("description", "")),
                        *(minor(item["price"]), item.get("available", True), restaurant),
                    ),
                )
        data = home_views.menu(db, restaurant)
    return _made(200, data, menu_version=version)


def _session(db: Database, table: int, body: dict[str, Any]) -> Answer:
    change = sessions.open_session(db, table, body.get("guests_count", 1), body.get("waiter_id"))
    data = views.session(
        db, db.one("session", "SELECT * FROM sessions WHERE id = ?", change.ack["session_id"])
    )
    return 201, change.ack | {"data": data}, change.events


def _made(status: int, data: dict[str, Any], **named: int) -> Answer:
    return status, {"changed": True, "version": 1, **named, "data": data}, []


def _health(db: Database, _: int, body: dict[str, Any]) -> Answer:
    return 200, {"status": "ok"}, []


_ROUTES: tuple[tuple[re.Pattern[str], Callable[[Database, int, dict[str, Any]], Answer]], ...] = (
    (re.compile(r"GET /(?P<id>)healthz"), _health),
    (re.compile(r"POST /api/(?P<id>)restaurants"), _restaurant),
    (re.compile(r"POST /api/restaurants/(?P<id>\d{1,15})/tables"), _table),
    (re.compile(r"POST /api/restaurants/(?P<id>\d{1,15})/waiters"), _waiter),
    (re.compile(r"PUT /api/restaurants/(?P<id>\d{1,15})/menu"), _menu),
    (re.compile(r"POST /api/tables/(?P<id>\d{1,15})/sessions"), _session),
)


class Http(AsyncConsumer):
    """Consumer of one request, which responds once the body is complete."""

    channel_layer_alias = None
    db: ClassVar[Database]

    async def dispatch(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.disconnect":
            raise StopConsumer
        self.body = getattr(self, "body", b"") + message.get("body", b"")
        if message.get("more_body"):
            return
        try:
            status, answer, events = self._answer()
        except Refused as refused:
            status, answer, events = _STATUS.get(refused.answer["code"], 422), refused.answer, []
        except (LookupError, TypeError, ValueError, AttributeError):
            answer = {"error": "The body is not as it should be.", "code": "invalid_message"}
            status, events = 422, []
        headers = [(b"content-type", b"application/json")]
        text = orjson.dumps(answer)
        headers.append((b"content-length", str(len(text)).encode()))
        await self.base_send({"type": "http.response.start", "status": status, "headers": headers})
        await self.base_send({"type": "http.response.body", "body": text})
        group_sender().send(events)
        raise StopConsumer

    def _answer(self) -> Answer:
        request = f"{self.scope['method']} {self.scope['path'].rstrip('/')}"
        for pattern, handler in _ROUTES:
            if match := pattern.fullmatch(request):
                body = orjson.loads(self.body or b"{}")
                return handler(self.db, int(match["id"] or 0), body)
        raise Refused("not_found", "There is nothing at this path.")
