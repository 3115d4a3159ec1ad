"""Logs, listings and responses contain no secret."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from engine.placement import Mode
from protocol.caller import Role
from tests.clients import Socket
from tests.e2e.service import Service

pytestmark = pytest.mark.parametrize("service", [Mode.SHARD], indirect=True, ids=str)

NOTE = "no-peanuts-for-Erika-Mustermann"
GARBLED = "eyJhbGciOiJIUzI1NiJ9.garbled-by-the-test.signature"


def logs_of(service: Service) -> Path:
    """Ray's log folder of this run, from the command lines of its processes."""
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            mine = f"RESTAURANT_QR_DATA_DIR={service.data_dir}\0" in environ.read_text("latin-1")
            command = environ.with_name("cmdline").read_text("latin-1")
        except OSError:
            continue
        found = re.search(r"(/tmp/rq-[^/\0\s]+)/session_", command) if mine else None
        if found:
            return Path(found[1]) / "session_latest" / "logs"
    raise AssertionError("no process of the run has a log folder")


async def test_logs_and_listings_contain_no_token_secret_or_note_of_a_guest(
    service: Service,
) -> None:
    table, _ = await service.free_table()
    manager = service.token(Role.MANAGER, restaurant_id=2)
    base = f"http://{service.url}/api"
    async with httpx.AsyncClient(base_url=base, timeout=30) as http:
        code = (await http.get(f"/tables/{table}/code", params={"token": manager})).json()
        joined = (await http.post("/sessions/join", json={"table_code": code["table_code"]})).json()
        guest, session = joined["token"], joined["data"]["id"]
        wrong = await http.get("/orders/1", params={"token": GARBLED})
        assert wrong.status_code == 401
        assert GARBLED not in wrong.text
        bad = {"items": [{"menu_item_id": 1, "quantity": 0, "notes": NOTE}]}
        refused = await http.post(
            f"/sessions/{session}/orders", json=bad, headers={"Authorization": f"Bearer {guest}"}
        )
        assert refused.status_code == 422
        assert NOTE not in refused.text
    path = f"ws://{service.url}/ws/tables/sessions/{session}/?token={guest}"
    async with connect(path) as raw:
        socket = Socket(raw)
        await socket.next()
        ordered = await socket.request("place_order", items=[{"menu_item_id": 1, "notes": NOTE}])
        assert ordered["data"]["changed"]
        await raw.send(f'{{"action": "{NOTE}"}}')
        assert (await socket.until("error"))["code"] == "unknown_action"
    async with connect(f"ws://{service.url}/ws/orders/1/?token={GARBLED}") as raw:
        assert GARBLED not in str(await Socket(raw).next())

    secret = (service.data_dir / "auth_secret").read_text().strip()
    secrets = [secret, manager, guest, GARBLED, code["table_code"], NOTE]
    tools = Path(sys.executable).parent
    listings: list[list[str | Path]] = [
        [tools / "serve", "status", "--address", service.dashboard],
        [tools / "serve", "config", "--address", service.dashboard],
        [tools / "ray", "list", "actors", "--address", service.dashboard, "--detail",
         "--format", "json", "--limit", "1000"],
    ]  # fmt: skip
    for command in listings:
        listing = await asyncio.create_subprocess_exec(
            *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "RAY_AUTH_MODE": "token"},
        )  # fmt: skip
        shown = (await listing.communicate())[0].decode()
        assert listing.returncode == 0, shown
        assert shown.strip(), command
        assert [each for each in secrets if each in shown] == [], command
    files = [each for each in logs_of(service).rglob("*") if each.is_file()]
    assert len(files) > 10
    for file in files:
        text = file.read_text("latin-1")
        assert [each for each in secrets if each in text] == [], file
