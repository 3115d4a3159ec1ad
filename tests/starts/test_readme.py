"""The commands of README.md's introduction, run in order."""

import json
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from scripts.environment import ROOT
from tests.e2e.service import free_port, running_service

pytestmark = pytest.mark.e2e

TIMEOUT_S = 30
WSCAT = ROOT / "tests" / "e2e" / "node_modules" / ".bin" / "wscat"


def commands_of_readme(port: str) -> list[str]:
    """Commands of each terminal but the first, with the tools of the tests."""
    section = (ROOT / "README.md").read_text().partition("## A first evening in three terminals")[2]
    blocks = section.partition("## Screenshots")[0].split("```")[1::2]
    watch_command, *commands = (
        block.strip()
        .replace("npx -y wscat", str(WSCAT))
        .replace("-w 5", "-w 2")
        .replace("make -s token ROLE=admin", f"{sys.executable} -m restaurant_qr token admin")
        .replace("curl", "curl -s")
        .replace("127.0.0.1:9000", f"127.0.0.1:{port}")
        for block in blocks
        if block.startswith("\n")  # with a language it is output
    )
    return [watch_command, "\n".join(commands)]


def frames(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def frames_until(watcher: "subprocess.Popen[str]", type_: str) -> list[dict[str, Any]]:
    """Frames that a watcher prints, up to the first of a type."""
    assert watcher.stdout is not None
    timer = Timer(TIMEOUT_S, watcher.kill)
    timer.start()
    watched: list[dict[str, Any]] = []
    for line in watcher.stdout:
        watched += frames(line)
        if watched and watched[-1]["type"] == type_:
            timer.cancel()
            return watched
    raise AssertionError(f"no {type_} within {TIMEOUT_S} s: {watched}")


def terminal(commands: str, data_dir: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["sh", "-ec", f"export RESTAURANT_QR_DATA_DIR={data_dir}\n{commands}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_commands_of_the_readme_have_the_documented_results(tmp_path: Path) -> None:
    port = free_port()
    watch_command, commands = commands_of_readme(port)
    with running_service(tmp_path, PLACEMENT="shard", PORT=port):
        watcher = terminal(f"exec {watch_command}", tmp_path)
        assert watcher.stdout is not None
        assert json.loads(watcher.stdout.readline())["type"] == "restaurant_status"
        client = terminal(commands, tmp_path)
        assert client.stdout is not None
        answers = frames(client.stdout.read())  # wscat ends with its standard input
        client.communicate(timeout=TIMEOUT_S)
        watched = frames_until(watcher, "payment_completed")
        watcher.terminate()
        watcher.communicate(timeout=TIMEOUT_S)
    (ack,) = [frame for frame in answers if frame.get("type") == "ack"]
    assert (ack["request_id"], ack["data"]["session_id"]) == ("evening-1", 2)
    statuses = [frame["data"]["status"] for frame in answers if frame.get("type") == "order_status"]
    assert statuses == ["pending", "confirmed"]
    assert answers[-1]["data"]["payment_status"] == "paid"
    types = [frame["type"] for frame in watched]
    assert types.index("table_update") < types.index("new_order")
