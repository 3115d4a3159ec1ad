"""The client of a service: its channels, its HTTP API and its token."""

from typing import Any, Self

from restaurant_qr_client import types
from restaurant_qr_client.channels import Channels, OnStatus
from restaurant_qr_client.http import Http
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.tokens import Renew, Tokens

WEBSOCKET_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class RestaurantQR(Channels):
    """Opens channels in the running event loop, and closes them at the end of its context. `http`
    is the HTTP API.

    `renew_token` is called for a new token if one is rejected or has expired; it may be a coroutine
    function. `on_status` is called after each change of a channel's status.
    """

    def __init__(
        self,
        url: str = "http://localhost:9000",
        *,
        token: str | None = None,
        renew_token: Renew | None = None,
        on_status: OnStatus | None = None,
        settings: Settings | None = None,
    ) -> None:
        scheme, _, rest = url.rstrip("/").partition("://")
        if scheme not in WEBSOCKET_SCHEMES or not rest:
            raise ValueError("url must be that of the service, such as https://orders.example")
        websocket_url = f"{WEBSOCKET_SCHEMES[scheme]}://{rest}"
        tokens = Tokens(token, renew_token)
        settings = settings or Settings()
        super().__init__(websocket_url, tokens, on_status, settings)
        self.http = Http(websocket_url.replace("ws", "http", 1), tokens, settings)

    @property
    def token(self) -> str | None:
        """The token in use. A new one is used for all later requests and connections."""
        return self._tokens.current

    @token.setter
    def token(self, token: str | None) -> None:
        self._tokens.current = token

    async def join(
        self, *, table_code: str | None = None, session_code: str | None = None
    ) -> types.SessionView:
        """Join a session as a guest, and use the guest's token from now on. Returns the session."""
        codes = {"table_code": table_code, "session_code": session_code}
        body = {name: code for name, code in codes.items() if code is not None}
        joined = await self.http.post("/sessions/join", body)
        self.token = joined["token"]
        session: types.SessionView = joined["data"]
        return session

    async def close(self) -> None:
        """Close every channel and the HTTP connections."""
        await super().close()
        await self.http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self.close()
