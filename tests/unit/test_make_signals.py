"""A signal to `make` alone also ends the program that it started."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.environment import ROOT

TIMEOUT_S = 20
PROGRAM = """
import os, sys, threading
from scripts.make_signals import follow_make
stop = threading.Event()
follow_make(stop.set)
print("started", flush=True)
print("stopped" if stop.wait(20) else "went on", flush=True)
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc is needed")


@pytest.fixture
def make(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a make whose recipe runs the program."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "Makefile").write_text(f"run:\n\t@{sys.executable} {tmp_path / 'program.py'}\n")
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup, make would ignore it
    process = subprocess.Popen(
        ["make", "-f", tmp_path / "Makefile", "run"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGHUP, before)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_make_alone_stops_its_recipe(
    make: "subprocess.Popen[str]", signum: signal.Signals
) -> None:
    assert make.stdout is not None
    assert make.stdout.readline() == "started\n"
    make.send_signal(signum)
    assert make.stdout.readline() == "stopped\n"
    assert make.wait(TIMEOUT_S) == -signum


def test_a_program_without_make_as_parent_keeps_running() -> None:
    once = PROGRAM.replace("stop.wait(20)", "stop.wait(1)")
    done = subprocess.run(
        [sys.executable, "-c", once], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[1] == "went on"
