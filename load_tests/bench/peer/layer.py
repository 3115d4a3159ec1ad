"""The peer's channel layer and the sender of events to it."""

import asyncio
from collections import deque
from functools import cache
from typing import Any

from channels.layers import get_channel_layer

PREFIX = "peer"


def layers(redis_url: str) -> dict[str, Any]:
    """Django's setting CHANNEL_LAYERS."""
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_url], "prefix": PREFIX},
        }
    }


class GroupSender:
    """Sends events to groups in order, in a task of its own so that consumers do not wait."""

    def __init__(self) -> None:
        self._layer = get_channel_layer()
        self._waiting: deque[tuple[str, str]] = deque()
        self._task: asyncio.Task[None] | None = None

    def send(self, events: list[tuple[str, str]]) -> None:
        self._waiting += events
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._waiting:
            group, text = self._waiting.popleft()
            await self._layer.group_send(group, {"type": "websocket.send", "text": text})


@cache
def group_sender() -> GroupSender:
    """The sender of this worker."""
    return GroupSender()
