"""Starts the peer's two workers and prints `ready` once both serve; SIGINT or SIGTERM ends them."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from load_tests.bench.peer.store import Database

WORKERS = 2
STOP_TIMEOUT_S = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", required=True, help="redis://host:port of the channel layer")
    parser.add_argument("--data", type=Path, required=True, help="where the database is kept")
    parser.add_argument("--orm", action="store_true", help="with Django's ORM and signals")
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True)
    database = Database(given.data)
    database.create()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _stop)
    command = [sys.executable, "-m", "load_tests.bench.peer.worker", "--port", str(given.port)]
    command += [
        "--redis",
        given.redis,
        "--data",
        str(given.data),
        *(["--orm"] if given.orm else []),
    ]
    workers: list[subprocess.Popen[str]] = []
    try:
        for _ in range(WORKERS):
            # In a session of its own, so that a Ctrl-C reaches only this process.
            workers.append(
                subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
            )
        if any(worker.stdout is None or not worker.stdout.readline() for worker in workers):
            return 1
        print("ready", flush=True)
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # one worker's exit ends the peer
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _end(workers)
        database.close()


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(workers: list[subprocess.Popen[str]]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        try:
            worker.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            worker.kill()


if __name__ == "__main__":
    sys.exit(main())
