"""The HTTP API. Requests are retried with the same key, so that a change takes effect once."""

import asyncio
import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from restaurant_qr_client.errors import RefusedError, RestaurantQRError, UnreachableError
from restaurant_qr_client.responses import is_refusal, is_success
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.tokens import Tokens
from restaurant_qr_wire.errors import RETRYABLE_CODES

MAX_ATTEMPTS = 4

Body = Mapping[str, Any] | bytes
"""Bytes are sent as they are, such as a file, anything else as JSON."""


class Http:
    """Requests to paths below `/api`, such as `/orders/1`.

    A change with the caller's own `key` takes effect once, even if another process repeats it.
    Each method raises RefusedError, or UnreachableError after `MAX_ATTEMPTS` attempts.
    """

    def __init__(self, url: str, tokens: Tokens, settings: Settings) -> None:
        self._url = url
        self._tokens = tokens
        self._settings = settings

    async def get(self, path: str) -> Any:
        return await self._request("GET", path)

    async def read(self, path: str, media_type: str) -> bytes:
        """A body that is not JSON, such as a file of this type."""
        content = await self._request("GET", path, media_type=media_type)
        assert isinstance(content, bytes)
        return content

    async def post(self, path: str, body: Body | None = None, *, key: str | None = None) -> Any:
        return await self._request("POST", path, body or {}, key)

    async def put(self, path: str, body: Body | None = None, *, key: str | None = None) -> Any:
        return await self._request("PUT", path, body or {}, key)

    async def patch(self, path: str, body: Body | None = None, *, key: str | None = None) -> Any:
        return await self._request("PATCH", path, body or {}, key)

    async def delete(self, path: str, *, key: str | None = None) -> Any:
        return await self._request("DELETE", path, None, key)

    async def close(self) -> None:
        if "_client" in vars(self):
            await self._client.aclose()

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"{self._url}/api", timeout=self._settings.timeout)

    async def _request(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        key: str | None = None,
        media_type: str | None = None,
    ) -> Any:
        backoff = self._settings.backoff()
        headers = {} if method == "GET" else {"Idempotency-Key": key or uuid.uuid4().hex}
        for _ in range(MAX_ATTEMPTS - 1):
            token = self._tokens.current
            try:
                return await self._attempt(method, path, body, headers, token, media_type)
            except RestaurantQRError as error:
                if not await self._is_retryable(error, token):
                    raise
            await asyncio.sleep(backoff.next())
        return await self._attempt(method, path, body, headers, self._tokens.current, media_type)

    async def _attempt(
        self,
        method: str,
        path: str,
        body: Body | None,
        headers: Mapping[str, str],
        token: str | None,
        media_type: str | None,
    ) -> Any:
        if token is not None:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        try:
            response = await self._client.request(method, path, headers=headers, **_sent(body))
            if media_type is not None and response.is_success:
                return _file(response, media_type)
            content = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnreachableError(f"{type(error).__name__}: {error}") from error
        if is_success(response.status_code, content):
            return content
        if is_refusal(response.status_code, content):
            raise RefusedError(content["error"], content["code"], content.get("details"))
        raise UnreachableError(f"An intermediary answered with status {response.status_code}.")

    async def _is_retryable(self, error: RestaurantQRError, token: str | None) -> bool:
        """Whether a retry can succeed; renews a rejected token."""
        if not isinstance(error, RefusedError):
            return True
        if error.code == "unauthenticated":
            return await self._tokens.renew(token) is not None
        return error.code in RETRYABLE_CODES


def _sent(body: Body | None) -> Mapping[str, Any]:
    return {"content": body} if isinstance(body, bytes) else {"json": body}


def _file(response: httpx.Response, media_type: str) -> bytes:
    """The content of a success. Raises ValueError if it is not the service's."""
    received = response.headers.get("content-type", "")
    if not received.startswith(media_type):
        raise ValueError(f"unexpected Content-Type {received}")
    return response.content
