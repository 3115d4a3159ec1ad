"""HTTP requests, each on its own way to a gateway."""

import asyncio
from random import Random
from typing import Any

import orjson

from tests.simulation.faults import Faults
from tests.simulation.front import Front, settle
from tests.simulation.loop import Process


class Post:
    """HTTP requests to gateways."""

    def __init__(self, network: Process, chance: Random, faults: Faults) -> None:
        self._network = network
        self._chance = chance
        self._faults = faults

    async def request(
        self, front: Front, method: str, path: str, token: str, key: str | None, body: Any
    ) -> tuple[int, Any] | None:
        """Status and body; None where the client will never know what came of it."""
        answer: asyncio.Future[tuple[int, Any] | None] = asyncio.get_running_loop().create_future()
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
        self._network.later(self._delay(), self._arrive, front, scope, message, answer)
        if self._faults.happens("client_gives_up"):
            self._network.later(self._chance.random() * 0.05, settle, answer, None)
        else:
            self._network.later(30.0, settle, answer, None)
        front.posts[answer] = None
        try:
            return await answer
        finally:
            front.posts.pop(answer, None)

    def _arrive(
        self,
        front: Front,
        scope: dict[str, Any],
        message: dict[str, Any],
        answer: asyncio.Future[tuple[int, Any] | None],
    ) -> None:
        if not front.process.alive:
            self._network.later(self._delay(), settle, answer, None)
            return
        told = [message]
        status = 0

        async def receive() -> dict[str, Any]:
            return told.pop() if told else {"type": "http.disconnect"}

        async def send(part: Any) -> None:
            nonlocal status
            if part["type"] == "http.response.start":
                status = part["status"]
            else:
                given = (status, orjson.loads(part["body"]))
                self._network.later(self._delay(), settle, answer, given)

        front.serve(scope, receive, send)

    def _delay(self) -> float:
        return 0.0005 + self._chance.random() * 0.004
