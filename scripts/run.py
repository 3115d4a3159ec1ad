"""The whole application on this machine, until Ctrl-C: `./restaurant-qr run`.

Starts `scripts.local_cluster` in a session of its own, so that a Ctrl-C reaches only this process
and what runs is ended in order; then ends whatever is left of that session.
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
"""Seconds within which a Ctrl-C sent to make also reaches this process."""


def main(options: Sequence[str]) -> int:
    """The exit code: 0 after an orderly end. `options` are those of `scripts.local_cluster`."""
    # Paths of Unix sockets have at most about a hundred characters.
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
        stdin=subprocess.PIPE,  # its end stops the cluster, even if this process was killed
        start_new_session=True,
    )
    try:
        code = _until_stopped(cluster)
    finally:
        _end_session(cluster.pid)
    if code == 0 or not any(directory.iterdir()):
        shutil.rmtree(directory, ignore_errors=True)  # else keep Ray's logs
    return code


def _until_stopped(cluster: subprocess.Popen[bytes]) -> int:
    """Wait for the cluster; a signal stops it in order, a second one at once."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    stopping = threading.Event()
    follow_make(partial(_stop_cluster, stopping))
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


def _stop_cluster(stopping: threading.Event) -> None:
    if not stopping.wait(SAME_SIGNAL_S):
        os.kill(os.getpid(), signal.SIGTERM)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_session(session: int) -> None:
    """Kill remaining processes of the cluster; an orderly end leaves none."""
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
    sys.exit(main(sys.argv[1:]))
