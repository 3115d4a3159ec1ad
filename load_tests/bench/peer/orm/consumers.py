"""The consumers of the peer with the ORM, as the tutorial of Channels shows them."""

import json
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.urls import re_path

from load_tests.bench.peer.orm.commands import COMMANDS
from load_tests.bench.peer.orm.snapshots import SNAPSHOTS
from load_tests.bench.peer.store import Refused


class Consumer(AsyncJsonWebsocketConsumer):
    """A snapshot when it opens, then its group's events; its actions are acknowledged."""

    group: ClassVar[str]

    async def connect(self) -> None:
        self.id = int(self.scope["url_route"]["kwargs"]["id"])
        await self.channel_layer.group_add(f"{self.group}.{self.id}", self.channel_name)
        await self.accept()
        data = await database_sync_to_async(SNAPSHOTS[self.group])(self.id)
        await self.send_json({"type": f"{self.group}_status", "data": data})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(f"{self.group}.{self.id}", self.channel_name)

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        request = {"request_id": content["request_id"]} if "request_id" in content else {}
        command = COMMANDS[self.group][content["action"]]
        try:
            data = await database_sync_to_async(command)(self.id, content)
        except Refused as refused:
            await self.send_json(refused.answer | request)
            return
        if request:
            await self.send_json({"type": "ack", **request, "data": data})

    async def event(self, message: dict[str, Any]) -> None:
        await self.send_json(message["content"])

    @classmethod
    async def encode_json(cls, content: dict[str, Any]) -> str:
        return json.dumps(content, separators=(",", ":"))  # the clients' bytes, see `wire.py`


class Session(Consumer):
    group = "session"


class Order(Consumer):
    group = "order"


class Restaurant(Consumer):
    group = "restaurant"


ROUTES = [
    re_path(rf"^ws/{path}/(?P<id>\d{{1,15}})/?$", consumer.as_asgi())
    for path, consumer in (
        ("orders", Order), ("tables/sessions", Session), ("restaurants", Restaurant),
    )
]  # fmt: skip
