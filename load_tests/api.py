"""The public HTTP API for load users; every command has its `Idempotency-Key`, so that it may be
sent again."""

import time
import uuid
from typing import Any

import gevent
import orjson
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPParseError

from load_tests.commands import Answer, GaveUp, Refused
from load_tests.evening import back_off
from load_tests.record import Record
from restaurant_qr_client.answers import is_refusal, is_success
from restaurant_qr_client.protocol import RETRIED

PATIENCE_S = 60.0
TIMEOUT_S = 15.0
AT_ONCE = 100


class Api:
    """One process's connections, shared by its users."""

    def __init__(self, record: Record, url: str) -> None:
        self._record = record
        self._http = HTTPClient.from_url(
            url, concurrency=AT_ONCE, connection_timeout=TIMEOUT_S, network_timeout=TIMEOUT_S
        )

    def look(self, name: str, path: str, token: str) -> dict[str, Any]:
        """A snapshot's data. Raises Refused or GaveUp."""
        data: dict[str, Any] = self._insist("GET", name, path, token, None, "").data["data"]
        return data

    def rows(self, path: str, token: str) -> list[dict[str, Any]]:
        """A list's data."""
        rows: list[dict[str, Any]] = self._insist("GET", "a list", path, token, None, "").data[
            "data"
        ]
        return rows

    def send(
        self,
        method: str,
        name: str,
        path: str,
        token: str,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Answer:
        """A command's result: `changed`, `version`, ids. Raises Refused or GaveUp."""
        return self._insist(method, name, path, token, body or {}, key or uuid.uuid4().hex)

    def _insist(
        self, method: str, name: str, path: str, token: str, body: object, key: str
    ) -> Answer:
        began = time.perf_counter()
        tries = 0
        while True:
            tries += 1
            status, answer = self._ask(method, path, token, body, key)
            code = answer["code"] if status >= 400 else ""
            if status and code not in RETRIED:
                break
            if time.perf_counter() > began + PATIENCE_S:
                error = GaveUp(f"{method} {path}: {answer} for {PATIENCE_S:.0f} s")
                self._record.request("HTTP", f"{method} {name}", began, error)
                raise error
            self._record.tally.count(code or "http unanswered")
            gevent.sleep(back_off(tries, self._record.random))
        if code:
            refused = Refused(code, str(answer.get("error")))
            self._record.answered("HTTP", f"{method} {name}", began, refused)
            raise refused
        done = Answer(answer, began, once=tries == 1)
        self._record.answered("HTTP", f"{method} {name}", began, done)
        return done

    def _ask(
        self, method: str, path: str, token: str, body: object, key: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the service's answer; status 0 if there is none."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        content = b"" if body is None else orjson.dumps(body)
        try:
            response = self._http.request(method, f"/api{path}", content, headers)
            answer = orjson.loads(bytes(response.read()))
        except (OSError, HTTPParseError, orjson.JSONDecodeError) as error:
            return 0, {"error": str(error)}
        status = response.status_code
        if is_success(status, answer) or is_refusal(status, answer):
            return status, answer
        return 0, {"error": f"an intermediary answered with status {status}"}
