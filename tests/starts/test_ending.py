"""The light processes of `make run`; how it ends on Ctrl-C, and if a process is killed."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.clients import Socket
from tests.e2e.service import free_port, launch, processes, remaining_processes
from tests.eventually import eventually

pytestmark = pytest.mark.e2e

SERVICE_RESTART = 1012
END_TIMEOUT_S = 60
HOLD = "/hold_cluster.py"


@pytest.fixture
def port() -> str:
    return free_port()


@pytest.fixture
async def running(port: str, tmp_path: Path) -> "AsyncIterator[subprocess.Popen[str]]":
    """A run that is ready, without Ray's dashboard."""
    process = launch(tmp_path, "--no-dashboard", "--placement", "shard", PORT=port)
    assert process.stdout is not None
    output = []
    for line in process.stdout:
        output.append(line)
        if line.startswith("Press Ctrl-C"):
            break
    assert process.poll() is None, "".join(output)
    await eventually(lambda: _pids(tmp_path, HOLD))
    yield process
    process.kill()
    process.communicate(timeout=END_TIMEOUT_S)


def _pids(data_dir: Path, program: str) -> list[int]:
    return [pid for pid, command in processes(data_dir).items() if program in command]


async def test_ctrl_c_closes_sockets_with_1012_and_stops_the_store_cleanly(
    running: "subprocess.Popen[str]", port: str, tmp_path: Path
) -> None:
    async with connect(f"ws://127.0.0.1:{port}/ws/orders/1/") as raw:
        running.send_signal(signal.SIGINT)
        assert await Socket(raw).closed() == SERVICE_RESTART
    output = running.communicate(timeout=END_TIMEOUT_S)[0]
    assert running.returncode == 0, output
    assert "ready to exit" in (tmp_path / "valkey.log").read_text()
    assert not remaining_processes(tmp_path)


def test_no_process_of_the_launcher_keeps_ray_in_memory(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    own = _pids(tmp_path, "scripts")
    assert sorted(own) == sorted([running.pid, *_pids(tmp_path, HOLD)])
    assert not any("_raylet" in Path(f"/proc/{pid}/maps").read_text() for pid in own)


@pytest.mark.parametrize("program", ["scripts.run", HOLD, "/raylet/raylet"])
def test_everything_ends_if_one_process_is_killed(
    program: str, running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    (pid,) = _pids(tmp_path, program)
    os.kill(pid, signal.SIGKILL)
    output = running.communicate(timeout=END_TIMEOUT_S)[0]
    assert running.returncode != 0
    if program.endswith("raylet"):
        assert "Ray ended unexpectedly" in output
    assert not remaining_processes(tmp_path)


def test_a_second_interrupt_ends_everything_at_once(
    running: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert running.stdout is not None
    running.send_signal(signal.SIGINT)
    assert any(line.startswith("Stopping ...") for line in running.stdout)
    running.send_signal(signal.SIGINT)
    assert "The cluster was killed." in running.communicate(timeout=END_TIMEOUT_S)[0]
    assert running.returncode == 1
    assert not remaining_processes(tmp_path)
