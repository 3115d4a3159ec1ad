"""HTTP responses of intermediaries: they leave the outcome of a request unknown."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.docs import openapi
from restaurant_qr_client import RefusedError, RestaurantQR, UnreachableError
from restaurant_qr_client.responses import is_success
from tests.client.conftest import FAST_SETTINGS

CASES = json.loads(Path(__file__).with_name("intermediary_responses.json").read_text())
SETTINGS = replace(FAST_SETTINGS, first_pause=0.001, longest_pause=0.002)
DONE = (200, "application/json", '{"changed": true, "order_id": 7}')


@asynccontextmanager
async def serving_responses(
    *responses: tuple[int, str, str],
) -> AsyncIterator[tuple[RestaurantQR, list[str]]]:
    """A client of a server with these responses, and the keys of its requests."""
    keys: list[str] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        keys.append(head.partition("idempotency-key: ")[2].split("\r\n")[0])
        status, kind, body = responses[min(len(keys), len(responses)) - 1]
        lines = [f"HTTP/1.1 {status} X", "Connection: close", f"Content-Type: {kind}",
                 f"Content-Length: {len(body.encode())}"]  # fmt: skip
        if 300 <= status < 400:
            lines.append("Location: http://login.example/")
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, RestaurantQR(url, settings=SETTINGS) as qr:
        yield qr, keys


@pytest.mark.parametrize("intermediary", CASES.values(), ids=CASES)
async def test_the_client_retries_under_the_same_key_after_an_intermediary_response(
    intermediary: tuple[int, str, str],
) -> None:
    async with serving_responses(intermediary, DONE) as (qr, keys):
        assert (await qr.http.post("/sessions/1/orders"))["order_id"] == 7
    assert len(keys) == 2
    assert len(set(keys)) == 1


@pytest.mark.parametrize("intermediary", CASES.values(), ids=CASES)
async def test_the_outcome_is_unknown_if_all_responses_come_from_intermediaries(
    intermediary: tuple[int, str, str],
) -> None:
    async with serving_responses(intermediary) as (qr, keys):
        with pytest.raises(UnreachableError):
            await qr.http.post("/sessions/1/orders", key="mine")
    assert keys == ["mine"] * 4


@pytest.mark.parametrize(
    ("status", "code", "is_final"),
    [(409, "overpayment", True), (401, "unauthenticated", False), (503, "unavailable", False)],
    ids=["overpayment", "unauthenticated", "unavailable"],
)
async def test_a_refusal_is_final_only_if_the_request_had_no_effect(
    status: int, code: str, is_final: bool
) -> None:
    body = json.dumps({"error": "No.", "code": code})
    async with serving_responses((status, "application/json", body)) as (qr, _):
        with pytest.raises(RefusedError) as refused:
            await qr.http.post("/sessions/1/orders")
    assert refused.value.is_final is is_final


def test_every_json_response_of_the_api_is_recognized() -> None:
    document = openapi.document()
    schemas = document["components"]["schemas"]
    unknown = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters" or path == "/restaurants/{id}/menu/export":  # a file
                continue
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get("application/json")
                if content is None or not status.startswith("2"):
                    continue
                schema = content["schema"]
                while "$ref" in schema:
                    schema = schemas[schema["$ref"].rpartition("/")[2]]
                if not is_success(int(status), dict.fromkeys(schema["required"])):
                    unknown.append(f"{method} {path}")
    assert unknown == []
