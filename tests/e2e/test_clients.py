"""The clients of the requirements document, unchanged: Python, JavaScript under Node, and wscat."""

import asyncio
import json
import os
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

import pytest

from protocol.caller import Role
from tests.e2e.service import Service

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent


def test_the_documented_python_snippet_receives_status_and_reply(service: Service) -> None:
    run = subprocess.run(
        [sys.executable, HERE / "clients" / "snippet.py"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    received, response = run.stdout.splitlines()
    first = json.loads(received.removeprefix("Received: "))
    second = json.loads(response.removeprefix("Response: "))
    assert first["type"] == second["type"] == "order_status"
    assert first["data"]["id"] == 1


@pytest.mark.parametrize("client", ["node.js", "imported.mjs"])
async def test_the_documented_javascript_class_receives_every_update(
    service: Service, client: str
) -> None:
    node = await asyncio.create_subprocess_exec(
        "node", HERE / "clients" / client, stdout=PIPE, stderr=STDOUT,
        env={"NODE_PATH": str(HERE / "node_modules"), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    try:
        seen = await _lines_until(
            node, {"Order updated:", "Table updated:", "Waiter notification:",
                   "Restaurant broadcast:"},
        )  # fmt: skip
        assert len(seen) == 4
        async with service.http(Role.MANAGER, restaurant_id=2) as http:
            await http.post("/restaurants/2/broadcasts", json={"message": "Kitchen closes"})
            await http.post("/waiters/10/alerts", json={"message": "Table 5 is cold"})
        more = await _lines_until(node, {"'broadcast'", "'alert'"})
        assert len(more) == 2
    finally:
        node.kill()
        await node.wait()


async def test_wscat_receives_status_and_reply(service: Service) -> None:
    wscat = await asyncio.create_subprocess_exec(
        "node", HERE / "node_modules" / "wscat" / "bin" / "wscat",
        "-c", "ws://localhost:9000/ws/orders/1/", "-x", '{"action":"get_status"}', "-w", "3",
        stdin=PIPE, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(wscat.communicate(), 30)
    frames = [json.loads(line) for line in out.decode().splitlines() if line.startswith("{")]
    assert [frame["type"] for frame in frames] == ["order_status", "order_status"]


async def _lines_until(process: Process, wanted: set[str]) -> set[str]:
    """Read lines of the process until each of the words was printed."""
    assert process.stdout is not None
    seen: set[str] = set()
    async with asyncio.timeout(30):
        while seen != wanted:
            line = (await process.stdout.readline()).decode()
            assert line, f"the process ended after {seen}"
            seen |= {word for word in wanted if word in line}
    return seen
