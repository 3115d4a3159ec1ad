"""HTTP requests to gateways, each over its own connection."""

import asyncio
from random import Random
from typing import Any

import orjson

from tests.simulation.faults import Faults
from tests.simulation.gateway import SimGateway, resolve
from tests.simulation.loop import Process


class SimHttpClient:
    """HTTP requests to gateways."""

    def __init__(self, network: Process, rng: Random, faults: Faults) -> None:
        self._network = network
        self._rng = rng
        self._faults = faults

    async def request(
        self, gateway: SimGateway, method: str, path: str, token: str, key: str | None, body: Any
    ) -> tuple[int, Any] | None:
        """Status and body, or None if the outcome is unknown."""
        response: asyncio.Future[tuple[int, Any] | None] = (
            asyncio.get_running_loop().create_future()
        )
        headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
        if key is not None:
            headers.append((b"idempotency-key", key.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
            "method": method, "path": f"/api{path}", "raw_path": b"", "root_path": "",
            "query_string": b"", "headers": headers, "server": ("gateway", 80),
            "client": ("127.0.0.1", 40_000),
        }  # fmt: skip
        message = {"type": "http.request", "body": orjson.dumps(body), "more_body": False}
        self._network.later(self._delay(), self._deliver, gateway, scope, message, response)
        if self._faults.happens("client_times_out"):
            self._network.later(self._rng.random() * 0.05, resolve, response, None)
        else:
            self._network.later(30.0, resolve, response, None)
        gateway.requests[response] = None
        try:
            return await response
        finally:
            gateway.requests.pop(response, None)

    def _deliver(
        self,
        gateway: SimGateway,
        scope: dict[str, Any],
        message: dict[str, Any],
        response: asyncio.Future[tuple[int, Any] | None],
    ) -> None:
        if not gateway.process.alive:
            self._network.later(self._delay(), resolve, response, None)
            return
        bodies = [message]
        status = 0

        async def receive() -> dict[str, Any]:
            return bodies.pop() if bodies else {"type": "http.disconnect"}

        async def send(part: Any) -> None:
            nonlocal status
            if part["type"] == "http.response.start":
                status = part["status"]
            else:
                result = (status, orjson.loads(part["body"]))
                self._network.later(self._delay(), resolve, response, result)

        gateway.serve(scope, receive, send)

    def _delay(self) -> float:
        return 0.0005 + self._rng.random() * 0.004
