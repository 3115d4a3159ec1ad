"""The HTTP API for a trial: every command has an `Idempotency-Key` and is sent until answered."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from load_tests.bench.servers import token
from load_tests.commands import Refused, RequestTimeout
from load_tests.schedule import back_off
from restaurant_qr_wire.errors import RETRYABLE_CODES
from tests.faults.socket import now
from tests.faults.trial_log import TrialLog

TOTAL_TIMEOUT_S = 120.0
TIMEOUT_S = 10.0


class TrialApi:
    """One trial's connections; if a node does not answer, the next one is used."""

    def __init__(self, log: TrialLog, urls: Sequence[str]) -> None:
        self._log = log
        self._urls = urls
        self._turn = 0
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token()}"}, timeout=TIMEOUT_S, trust_env=False
        )

    async def get(self, path: str) -> Any:
        """A snapshot's or a list's data. Raises Refused or RequestTimeout."""
        return (await self._send_until_answered("GET", path, None, ""))["data"]

    async def send(
        self, method: str, path: str, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """A command's result. Raises Refused or RequestTimeout."""
        return await self._send_until_answered(method, path, body, key or uuid.uuid4().hex)

    async def close(self) -> None:
        await self._http.aclose()

    async def _send_until_answered(
        self, method: str, path: str, body: Any, key: str
    ) -> dict[str, Any]:
        deadline = now() + TOTAL_TIMEOUT_S
        attempts = 0
        while True:
            attempts += 1
            status, reply = await self._send_once(method, path, body, key)
            code = reply.get("code", f"HTTP {status}") if status >= 400 else ""
            if status and code not in RETRYABLE_CODES and not code.startswith("HTTP 5"):
                break
            if now() > deadline:
                raise RequestTimeout(f"{method} {path}: {code or reply}")
            self._log.client_errors[code or "no HTTP answer"] += 1
            self._turn += 1
            await asyncio.sleep(back_off(attempts, self._log.random))
        self._log.counts["commands"] += body is not None
        self._log.counts["sent again"] += body is not None and attempts > 1
        if code:
            self._log.counts["refused"] += 1
            raise Refused(code, str(reply.get("error")))
        return reply

    async def _send_once(
        self, method: str, path: str, body: Any, key: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON; status 0 without a valid response."""
        url = f"{self._urls[self._turn % len(self._urls)]}/api{path}"
        headers = {"Idempotency-Key": key} if key else {}
        try:
            response = await self._http.request(method, url, json=body, headers=headers)
            reply = response.json()
        except (httpx.HTTPError, ValueError) as error:
            return 0, {"error": str(error)}
        return response.status_code, reply if isinstance(reply, dict) else {}
