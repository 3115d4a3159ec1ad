"""The peer's channel layer, and how the events of a change get there."""

import asyncio
from functools import cache
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from redis.asyncio import Redis

PREFIX = "peer"


def layers(redis_url: str) -> dict[str, Any]:
    """Django's setting CHANNEL_LAYERS."""
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_url], "prefix": PREFIX},
        }
    }


class Teller:
    """Sends to groups as the layer does, but all that is to be told by now in one write, in order.

    The layer's `group_send` is a round trip each, one after the other.
    """

    def __init__(self) -> None:
        (url,) = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
        self._redis = Redis.from_url(url)
        self._layer = get_channel_layer()
        self._waiting: list[tuple[str, str]] = []
        self._task: asyncio.Task[None] | None = None

    def tell(self, events: list[tuple[str, str]]) -> None:
        self._waiting += events
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._waiting:
            events, self._waiting = self._waiting, []
            pipeline = self._redis.pipeline(transaction=False)
            for group, text in events:
                message = {"type": "websocket.send", "text": text}
                pipeline.publish(f"{PREFIX}__group__{group}", self._layer.serialize(message))
            await pipeline.execute()


@cache
def teller() -> Teller:
    """This worker's."""
    return Teller()
