"""The peer's WebSocket channels: a consumer each, on the raw ASGI level."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import orjson
from channels.consumer import AsyncConsumer
from channels.layers import get_channel_layer
from django.urls import re_path

from load_tests.bench.peer import home_views, orders, sessions, views
from load_tests.bench.peer.change import Change, encoded
from load_tests.bench.peer.layer import group_sender
from load_tests.bench.peer.store import Database, Refused

NOT_FOUND = 4404


class Channel(AsyncConsumer):
    """A socket: a snapshot when it opens, then its group's events; its actions are acknowledged."""

    group: ClassVar[str]
    snapshot: ClassVar[str]
    get: ClassVar[str] = "get_status"
    actions: ClassVar[Mapping[str, Callable[[Database, int, dict[str, Any]], Change]]] = {}

    db: ClassVar[Database]

    @staticmethod
    def data(db: Database, id_: int, /) -> Mapping[str, Any]:
        raise NotImplementedError

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve with two loops, over the client's messages and over the group's events.

        The single loop of Channels creates two tasks a message and checks for stale database
        connections in a thread.
        """
        self.send, self.layer = send, get_channel_layer()
        self.opened = asyncio.Event()
        self.id = int(scope["url_route"]["args"][0])
        address = f"{self.group}.{self.id}"
        channel = await self.layer.new_channel()
        events = asyncio.create_task(self._events(channel))
        try:
            await self.layer.group_add(address, channel)
            await self._open()
            while (message := await receive())["type"] != "websocket.disconnect":
                if message["type"] == "websocket.receive":
                    await self._receive(message.get("text"))
        finally:
            await self.layer.group_discard(address, channel)
            events.cancel()

    async def _events(self, channel: str) -> None:
        """Forward the group's events, which are already ASGI messages to the client."""
        receive, send = self.layer.receive, self.send
        while True:
            message = await receive(channel)
            if not self.opened.is_set():
                await self.opened.wait()
            try:
                await send(message)
            except OSError:  # closed; the other loop is about to end
                continue

    async def _open(self) -> None:
        """Accept and send the snapshot; the group was joined before, so no event is missed."""
        await self.send({"type": "websocket.accept"})
        try:
            await self._send(self._snapshot())
            self.opened.set()
        except Refused as refused:
            await self._send_json(refused.answer)
            await self.send({"type": "websocket.close", "code": NOT_FOUND})

    async def _receive(self, text: str | None) -> None:
        request_id = None
        try:
            try:
                body = orjson.loads(text or "")
                request_id, name = body.get("request_id"), body.get("action")
            except (ValueError, AttributeError):
                raise Refused("invalid_json", "The message is not a JSON object.") from None
            if name == self.get:
                await self._send(self._snapshot())
                return
            action = self.actions.get(name)
            if action is None:
                raise Refused("unknown_action", "The channel has no such action.")
            try:
                change = action(self.db, self.id, body)
            except (LookupError, TypeError, ValueError, AttributeError):
                raise Refused("invalid_message", "The message is not as it should be.") from None
        except Refused as refused:
            answer = refused.answer
            await self._send_json(
                answer if request_id is None else answer | {"request_id": request_id}
            )
            return
        if request_id is not None:
            await self._send_json({"type": "ack", "request_id": request_id, "data": change.ack})
        group_sender().send(change.events)

    def _snapshot(self) -> str:
        return encoded(self.snapshot, self.data(self.db, self.id))

    async def _send_json(self, message: dict[str, Any]) -> None:
        await self._send(orjson.dumps(message).decode())

    async def _send(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})


class Session(Channel):
    group, snapshot = "session", "session_status"
    actions: ClassVar = {
        "place_order": lambda db, id_, body: orders.place_order(db, id_, body.get("items")),
        "update_guests_count": lambda db, id_, body: sessions.update_guests(
            db, id_, body.get("guests_count")
        ),
    }

    @staticmethod
    def data(db: Database, id_: int, /) -> Mapping[str, Any]:
        return views.session(db, db.one("session", "SELECT * FROM sessions WHERE id = ?", id_))


class Order(Channel):
    group, snapshot = "order", "order_status"
    actions: ClassVar = {
        "update_status": lambda db, id_, body: orders.update_status(db, id_, body.get("status"))
    }

    @staticmethod
    def data(db: Database, id_: int, /) -> Mapping[str, Any]:
        return views.order(db.one("order", "SELECT * FROM orders WHERE id = ?", id_))


class Items(Channel):
    group, snapshot, get = "items", "items_list", "get_items"

    @staticmethod
    def data(db: Database, id_: int, /) -> Mapping[str, Any]:
        return views.items(db.one("order", "SELECT * FROM orders WHERE id = ?", id_))


class Table(Channel):
    group, snapshot = "table", "table_status"
    data = staticmethod(views.table)


class Restaurant(Channel):
    group, snapshot = "restaurant", "restaurant_status"
    data = staticmethod(home_views.restaurant)


class Notifications(Channel):
    group, snapshot, get = "notifications", "notifications_list", "get_notifications"
    data = staticmethod(home_views.notifications)


class Waiter(Channel):
    group, snapshot, get = "waiter", "tasks_list", "get_tasks"
    data = staticmethod(home_views.waiter)


class UnknownPath(AsyncConsumer):
    """Rejects handshakes at all other paths."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})


ROUTES = [
    re_path(rf"^ws/{path}/?$", consumer.as_asgi())
    for path, consumer in (
        (r"orders/(\d{1,15})", Order),
        (r"tables/sessions/(\d{1,15})", Session),
        (r"restaurants/(\d{1,15})", Restaurant),
        (r"orders/(\d{1,15})/items", Items),
        (r"tables/(\d{1,15})", Table),
        (r"waiters/(\d{1,15})", Waiter),
        (r"restaurants/(\d{1,15})/notifications", Notifications),
    )
]
ROUTES.append(re_path("", UnknownPath.as_asgi()))
