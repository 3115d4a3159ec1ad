"""The service as a program sees it: its channels, each opened once."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

from restaurant_qr_client import forms
from restaurant_qr_client.channel import Channel
from restaurant_qr_client.http import Http
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.status import Status
from restaurant_qr_client.tokens import Renew, Tokens


class RestaurantQR:
    """Opens channels in the running event loop, and closes them as its context ends. `http` is the
    HTTP API.

    `renew_token` is asked for another token when one is refused or has expired, and may be a
    coroutine function; `on_status` is told of each change of a channel's status.
    """

    def __init__(
        self,
        url: str = "http://localhost:9000",
        *,
        token: str | None = None,
        renew_token: Renew | None = None,
        on_status: Callable[[Status, Channel[Any]], object] | None = None,
        settings: Settings | None = None,
    ) -> None:
        scheme, _, rest = url.rstrip("/").partition("://")
        schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
        if scheme not in schemes or not rest:
            raise ValueError("url is that of the service, such as https://orders.example")
        self._url = f"{schemes[scheme]}://{rest}"
        self._tokens = Tokens(token, renew_token)
        self._on_status = on_status
        self._settings = settings or Settings()
        self.http = Http(self._url.replace("ws", "http", 1), self._tokens, self._settings)
        self._channels: dict[tuple[str, int], Channel[Any]] = {}

    @property
    def token(self) -> str | None:
        """The one in use; a new one is for what connects from now on."""
        return self._tokens.current

    @token.setter
    def token(self, token: str | None) -> None:
        self._tokens.current = token

    async def join(
        self, *, table_code: str | None = None, session_code: str | None = None
    ) -> forms.SessionView:
        """A guest's way in: its token is in use from now on. What the session is."""
        codes = {"table_code": table_code, "session_code": session_code}
        given = {name: code for name, code in codes.items() if code is not None}
        answer = await self.http.post("/sessions/join", given)
        self._tokens.current = answer["token"]
        session: forms.SessionView = answer["data"]
        return session

    def order(self, order_id: int) -> Channel[forms.OrderView]:
        return self.channel("order", order_id)

    def items(self, order_id: int) -> Channel[forms.ItemsView]:
        return self.channel("items", order_id)

    def table(self, table_id: int) -> Channel[forms.TableView]:
        return self.channel("table", table_id)

    def session(self, session_id: int) -> Channel[forms.SessionView]:
        return self.channel("session", session_id)

    def waiter(self, waiter_id: int) -> Channel[forms.WaiterView]:
        return self.channel("waiter", waiter_id)

    def restaurant(self, restaurant_id: int) -> Channel[forms.RestaurantView]:
        return self.channel("restaurant", restaurant_id)

    def notifications(self, restaurant_id: int) -> Channel[forms.NotificationsView]:
        return self.channel("notifications", restaurant_id)

    def menu(self, restaurant_id: int) -> Channel[forms.MenuView]:
        return self.channel("menu", restaurant_id)

    def devices(self, restaurant_id: int) -> Channel[forms.DevicesView]:
        return self.channel("devices", restaurant_id)

    def channel(self, name: str, id_: int) -> Channel[Any]:
        """The channel of that name; the same one for all who ask, until it is closed."""
        known = self._channels.get((name, id_))
        if known is None:
            known = self._channels[name, id_] = Channel(
                name, id_, self._url, self._settings, self._tokens, self._on_status, self._forget
            )
        return known

    def _forget(self, channel: Channel[Any]) -> None:
        del self._channels[channel.name, channel.id]

    async def close(self) -> None:
        """Close every channel, and what HTTP has open."""
        await asyncio.gather(*(channel.close() for channel in list(self._channels.values())))
        await self.http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self.close()
