"""The HTTP API: JSON in and out, refusals raised, each change made once however often sent."""

import asyncio
import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from restaurant_qr_client.answers import is_refusal, is_success
from restaurant_qr_client.backoff import Backoff
from restaurant_qr_client.errors import RefusedError, RestaurantQRError, UnreachableError
from restaurant_qr_client.protocol import RETRIED
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.tokens import Tokens

TRIES = 4

Body = Mapping[str, Any]


class Http:
    """Paths are those below `/api`, such as `/orders/1`. A `key` of one's own makes a change that
    is asked for again, maybe by another process, take effect once.

    Each raises RefusedError, or UnreachableError after some tries.
    """

    def __init__(self, url: str, tokens: Tokens, settings: Settings) -> None:
        self._url = url
        self._tokens = tokens
        self._settings = settings

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path)

    async def post(self, path: str, body: Body | None = None, *, key: str | None = None) -> Any:
        return await self._ask("POST", path, body or {}, key)

    async def put(self, path: str, body: Body | None = None, *, key: str | None = None) -> Any:
        return await self._ask("PUT", path, body or {}, key)

    async def patch(self, path: str, body: Body | None = None, *, key: str | None = None) -> Any:
        return await self._ask("PATCH", path, body or {}, key)

    async def delete(self, path: str, *, key: str | None = None) -> Any:
        return await self._ask("DELETE", path, None, key)

    async def close(self) -> None:
        if "_client" in vars(self):
            await self._client.aclose()

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"{self._url}/api", timeout=self._settings.patience)

    async def _ask(
        self, method: str, path: str, body: Body | None = None, key: str | None = None
    ) -> Any:
        pauses = Backoff(self._settings.first_pause, self._settings.longest_pause)
        headers = {} if method == "GET" else {"Idempotency-Key": key or uuid.uuid4().hex}
        for _ in range(TRIES - 1):
            token = self._tokens.current
            try:
                return await self._once(method, path, body, headers, token)
            except RestaurantQRError as error:
                if not await self._may_help(error, token):
                    raise
            await asyncio.sleep(pauses.next())
        return await self._once(method, path, body, headers, self._tokens.current)

    async def _once(
        self,
        method: str,
        path: str,
        body: Body | None,
        headers: Mapping[str, str],
        token: str | None,
    ) -> Any:
        if token is not None:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        try:
            answer = await self._client.request(method, path, json=body, headers=headers)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnreachableError(f"{type(error).__name__}: {error}") from error
        if is_success(answer.status_code, told):
            return told
        if is_refusal(answer.status_code, told):
            raise RefusedError(told["error"], told["code"], told.get("details"))
        raise UnreachableError(f"An intermediary answered with status {answer.status_code}.")

    async def _may_help(self, error: RestaurantQRError, token: str | None) -> bool:
        """Whether the same can succeed now."""
        if not isinstance(error, RefusedError):
            return True
        if error.code == "unauthenticated":
            return await self._tokens.after(token) is not None
        return error.code in RETRIED
