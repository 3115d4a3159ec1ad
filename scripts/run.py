"""Runs the whole application on this machine until Ctrl-C: `./restaurant-qr run`.

Starts `scripts.local_cluster` in its own session, so that Ctrl-C reaches only this process, which
then stops the cluster in order and kills remaining processes of that session.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from scripts.environment import ROOT, one_machine, serve_environment
from scripts.make_signals import follow_make

STOP_TIMEOUT_S = 45.0
SAME_SIGNAL_S = 0.5
"""Time within which a Ctrl-C in the terminal reaches both make and this process."""


def main(options: Sequence[str]) -> int:
    """Run the cluster; returns the exit code. `options` are those of `scripts.local_cluster`."""
    # The path of a Unix socket has at most about 100 characters.
    directory = Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp"))
    placement = os.environ.get("RESTAURANT_QR_PLACEMENT", "entity")
    environment = serve_environment() | one_machine(placement) | os.environ
    environment["RESTAURANT_QR_PLACEMENT"] = placement
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    )
    cluster = subprocess.Popen(
        [sys.executable, "-m", "scripts.local_cluster", str(directory), *options],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,  # closing it stops the cluster, also if this process is killed
        start_new_session=True,
    )
    try:
        code = _until_stopped(cluster)
    finally:
        _end_session(cluster.pid)
    if code == 0 or not (directory / "session_latest").exists():
        shutil.rmtree(directory, ignore_errors=True)  # otherwise Ray's logs are kept
    return code


def _until_stopped(cluster: subprocess.Popen[bytes]) -> int:
    """Wait for the cluster. The first signal stops it in order, a second one immediately."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    stopping = threading.Event()
    follow_make(partial(_stop_cluster, stopping))
    try:
        return cluster.wait()
    except KeyboardInterrupt:
        stopping.set()
    try:
        print("\nStopping ...", flush=True)
        assert cluster.stdin is not None
        cluster.stdin.close()
        return cluster.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        print("The cluster did not stop in time and was killed.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nThe cluster was killed.", file=sys.stderr)
    return 1


def _stop_cluster(stopping: threading.Event) -> None:
    if not stopping.wait(SAME_SIGNAL_S):
        os.kill(os.getpid(), signal.SIGTERM)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_session(session: int) -> None:
    """Kill remaining processes of the cluster; an orderly stop leaves none."""
    for pid in _members(session):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _members(session: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):  # Linux only; empty on other systems
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            yield int(stat.parent.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
