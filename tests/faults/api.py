"""The HTTP API for a trial: every command has its `Idempotency-Key` and is sent until answered."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from load_tests.bench.servers import token
from load_tests.commands import GaveUp, Refused
from load_tests.evening import back_off
from restaurant_qr_client.protocol import RETRIED
from tests.faults.book import Book
from tests.faults.link import now

PATIENCE_S = 120.0
TIMEOUT_S = 10.0


class Api:
    """One trial's; where a node does not answer, the next one is asked from then on."""

    def __init__(self, book: Book, urls: Sequence[str]) -> None:
        self._book = book
        self._urls = urls
        self._turn = 0
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token()}"}, timeout=TIMEOUT_S, trust_env=False
        )

    async def look(self, path: str) -> Any:
        """A snapshot's or a list's data. Raises Refused or GaveUp."""
        return (await self._insist("GET", path, None, ""))["data"]

    async def send(
        self, method: str, path: str, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """A command's result. Raises Refused or GaveUp."""
        return await self._insist(method, path, body, key or uuid.uuid4().hex)

    async def close(self) -> None:
        await self._http.aclose()

    async def _insist(self, method: str, path: str, body: Any, key: str) -> dict[str, Any]:
        deadline = now() + PATIENCE_S
        tries = 0
        while True:
            tries += 1
            status, answer = await self._ask(method, path, body, key)
            code = answer.get("code", f"HTTP {status}") if status >= 400 else ""
            if status and code not in RETRIED and not code.startswith("HTTP 5"):
                break
            if now() > deadline:
                raise GaveUp(f"{method} {path}: {code or answer}")
            self._book.met[code or "no HTTP answer"] += 1
            self._turn += 1
            await asyncio.sleep(back_off(tries, self._book.random))
        self._book.counts["commands"] += body is not None
        self._book.counts["sent again"] += body is not None and tries > 1
        if code:
            self._book.counts["refused"] += 1
            raise Refused(code, str(answer.get("error")))
        return answer

    async def _ask(self, method: str, path: str, body: Any, key: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON; status 0 where nobody answered who speaks the protocol."""
        url = f"{self._urls[self._turn % len(self._urls)]}/api{path}"
        headers = {"Idempotency-Key": key} if key else {}
        try:
            response = await self._http.request(method, url, json=body, headers=headers)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            return 0, {"error": str(error)}
        return response.status_code, answer if isinstance(answer, dict) else {}
