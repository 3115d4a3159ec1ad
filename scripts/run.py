"""`make run`: the whole application on this machine, until Ctrl-C. `make run PHONE=1`: also for
phones in the same network.

Starts `scripts.local_cluster` in a session of its own, so that a Ctrl-C reaches only this process
and what runs is ended in order; then ends whatever is left of that session. Exit code 0 after an
orderly end, 1 where it could not start.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType

from scripts.environment import ROOT, one_machine, serve_environment
from scripts.make_signals import follow_make

STOP_TIMEOUT_S = 45.0
SAME_SIGNAL_S = 0.5
"""Seconds within which a Ctrl-C sent to make also reaches this process."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.run", description=__doc__)
    parser.add_argument("--phone", help="also listen on this address of this machine; 1: detect it")
    phone = parser.parse_args().phone
    # Short, since the paths of Unix sockets are: a hundred characters or so.
    directory = Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp"))
    environment = serve_environment() | one_machine(directory) | os.environ
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    )
    cluster = subprocess.Popen(
        [sys.executable, "-m", "scripts.local_cluster", str(directory), *filter(None, [phone])],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,  # its end stops the cluster, even where this process was killed
        start_new_session=True,
    )
    try:
        code = _until_stopped(cluster)
    finally:
        _end_session(cluster.pid)
    if code == 0 or not any(directory.iterdir()):
        shutil.rmtree(directory, ignore_errors=True)  # else Ray's logs in it say what went wrong
    return code


def _until_stopped(cluster: subprocess.Popen[bytes]) -> int:
    """Wait for the cluster; a signal asks it to stop, a second one insists."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    stopping = threading.Event()
    follow_make(partial(_stop_too, stopping))
    try:
        return cluster.wait()
    except KeyboardInterrupt:
        stopping.set()
        print("\nStopping ...", flush=True)
    assert cluster.stdin is not None
    cluster.stdin.close()
    try:
        return cluster.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        print("It did not stop in time and was ended.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nEnded at once.", file=sys.stderr)
    return 1


def _stop_too(stopping: threading.Event) -> None:
    if not stopping.wait(SAME_SIGNAL_S):
        os.kill(os.getpid(), signal.SIGTERM)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_session(session: int) -> None:
    """Kill what outlived the cluster: nothing, after an orderly end."""
    for pid in _members(session):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _members(session: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):  # Linux only; elsewhere there is nothing here
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            yield int(stat.parent.name)


if __name__ == "__main__":
    sys.exit(main())
