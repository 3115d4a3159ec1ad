"""The open channels of a client."""

import asyncio
from collections.abc import Callable
from typing import Any

from restaurant_qr_client import types
from restaurant_qr_client.channel import Channel
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.status import Status
from restaurant_qr_client.tokens import Tokens

OnStatus = Callable[[Status, Channel[Any]], object]


class Channels:
    """Opens each channel at most once, in the running event loop."""

    def __init__(
        self, url: str, tokens: Tokens, on_status: OnStatus | None, settings: Settings
    ) -> None:
        self._url = url
        self._tokens = tokens
        self._on_status = on_status or (lambda status, channel: None)
        self._settings = settings
        self._open: dict[tuple[str, int], Channel[Any]] = {}

    def order(self, order_id: int) -> Channel[types.OrderView]:
        return self.channel("order", order_id)

    def items(self, order_id: int) -> Channel[types.ItemsView]:
        return self.channel("items", order_id)

    def table(self, table_id: int) -> Channel[types.TableView]:
        return self.channel("table", table_id)

    def session(self, session_id: int) -> Channel[types.SessionView]:
        return self.channel("session", session_id)

    def waiter(self, waiter_id: int) -> Channel[types.WaiterView]:
        return self.channel("waiter", waiter_id)

    def restaurant(self, restaurant_id: int) -> Channel[types.RestaurantView]:
        return self.channel("restaurant", restaurant_id)

    def notifications(self, restaurant_id: int) -> Channel[types.NotificationsView]:
        return self.channel("notifications", restaurant_id)

    def menu(self, restaurant_id: int) -> Channel[types.MenuView]:
        return self.channel("menu", restaurant_id)

    def devices(self, restaurant_id: int) -> Channel[types.DevicesView]:
        return self.channel("devices", restaurant_id)

    def channel(self, name: str, id_: int) -> Channel[Any]:
        """The channel with this name and id: the same object until it is closed."""
        key = name, id_
        if key not in self._open:
            self._open[key] = Channel(
                name, id_, self._url, self._settings, self._tokens, self._on_status,
                on_end=lambda: self._open.pop(key),
            )  # fmt: skip
        return self._open[key]

    async def close(self) -> None:
        """Close every channel."""
        await asyncio.gather(*(channel.close() for channel in list(self._open.values())))
