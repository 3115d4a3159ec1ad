"""The public HTTP API for load users. Every command has an `Idempotency-Key`, so that it can be
sent again."""

import time
import uuid
from typing import Any

import gevent
import orjson
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPParseError

from load_tests.commands import Refused, Reply, RequestTimeout
from load_tests.recorder import Recorder
from load_tests.schedule import back_off
from restaurant_qr_client.responses import is_refusal, is_success
from restaurant_qr_wire.errors import RETRYABLE_CODES

TOTAL_TIMEOUT_S = 60.0
TIMEOUT_S = 15.0
CONCURRENCY = 100


class LoadApi:
    """One process's connections, shared by its users."""

    def __init__(self, recorder: Recorder, url: str) -> None:
        self._recorder = recorder
        self._http = HTTPClient.from_url(
            url, concurrency=CONCURRENCY, connection_timeout=TIMEOUT_S, network_timeout=TIMEOUT_S
        )

    def get(self, name: str, path: str, token: str) -> dict[str, Any]:
        """A snapshot's data. Raises Refused or RequestTimeout."""
        data: dict[str, Any] = self._send_until_answered("GET", name, path, token, None, "").data[
            "data"
        ]
        return data

    def rows(self, path: str, token: str) -> list[dict[str, Any]]:
        """A list's data."""
        rows: list[dict[str, Any]] = self._send_until_answered(
            "GET", "a list", path, token, None, ""
        ).data["data"]
        return rows

    def send(
        self,
        method: str,
        name: str,
        path: str,
        token: str,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Reply:
        """A command's result: `changed`, `version`, ids. Raises Refused or RequestTimeout."""
        return self._send_until_answered(
            method, name, path, token, body or {}, key or uuid.uuid4().hex
        )

    def _send_until_answered(
        self, method: str, name: str, path: str, token: str, body: object, key: str
    ) -> Reply:
        began = time.perf_counter()
        tries = 0
        while True:
            tries += 1
            status, reply = self._send_once(method, path, token, body, key)
            code = reply["code"] if status >= 400 else ""
            if status and code not in RETRYABLE_CODES:
                break
            if time.perf_counter() > began + TOTAL_TIMEOUT_S:
                error = RequestTimeout(f"{method} {path}: {reply} for {TOTAL_TIMEOUT_S:.0f} s")
                self._recorder.request("HTTP", f"{method} {name}", began, error)
                raise error
            self._recorder.counters.count(code or "http unanswered")
            gevent.sleep(back_off(tries, self._recorder.random))
        if code:
            refused = Refused(code, str(reply.get("error")))
            self._recorder.command_done("HTTP", f"{method} {name}", began, refused)
            raise refused
        done = Reply(reply, began, once=tries == 1)
        self._recorder.command_done("HTTP", f"{method} {name}", began, done)
        return done

    def _send_once(
        self, method: str, path: str, token: str, body: object, key: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the response; status 0 without one."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        content = b"" if body is None else orjson.dumps(body)
        try:
            response = self._http.request(method, f"/api{path}", content, headers)
            reply = orjson.loads(bytes(response.read()))
        except (OSError, HTTPParseError, orjson.JSONDecodeError) as error:
            return 0, {"error": str(error)}
        status = response.status_code
        if is_success(status, reply) or is_refusal(status, reply):
            return status, reply
        return 0, {"error": f"an intermediary answered with status {status}"}
