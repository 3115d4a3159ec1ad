"""The evening of README.md, typed as it stands there, one command after the other."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.environment import ROOT
from tests.e2e.service import free_port, started

pytestmark = pytest.mark.e2e

WSCAT = ROOT / "tests" / "e2e" / "node_modules" / ".bin" / "wscat"


def typed(port: str) -> list[str]:
    """What each terminal but the first is given, with the tools of the tests."""
    evening = (ROOT / "README.md").read_text().partition("## An evening in three terminals")[2]
    blocks = evening.partition("## Change it")[0].split("```")[1::2]
    watching, *acting = (
        block.strip()
        .replace("npx -y wscat", str(WSCAT))
        .replace("-w 5", "-w 2")
        .replace("make -s token ROLE=admin", f"{sys.executable} -m scripts.issue_token admin")
        .replace("curl", "curl -s")
        .replace("127.0.0.1:9000", f"127.0.0.1:{port}")
        for block in blocks
        if block.startswith("\n")  # else it has a language: what is printed, not typed
    )
    return [watching, "\n".join(acting)]


def frames(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


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
    watching, acting = typed(port)
    with started(tmp_path, PLACEMENT="shard", PORT=port):
        watcher = terminal(f"exec {watching}", tmp_path)
        assert watcher.stdout is not None
        assert json.loads(watcher.stdout.readline())["type"] == "restaurant_status"
        actor = terminal(acting, tmp_path)
        assert actor.stdout is not None
        answers = frames(actor.stdout.read())  # wscat ends with its standard input
        actor.communicate(timeout=30)
        watcher.terminate()
        seen = frames(watcher.communicate(timeout=30)[0])
    (ack,) = [frame for frame in answers if frame.get("type") == "ack"]
    assert (ack["request_id"], ack["data"]["session_id"]) == ("evening-1", 2)
    shown = [frame["data"]["status"] for frame in answers if frame.get("type") == "order_status"]
    assert shown == ["pending", "confirmed"]
    assert answers[-1]["data"]["payment_status"] == "paid"
    types = [frame["type"] for frame in seen]
    assert types.index("table_update") < types.index("new_order")
    assert "payment_completed" in types
