"""Stops the application of `make run`, and Ray. Replaces the process of `scripts.hold_cluster`."""

import logging
import os
import signal
import sys
from contextlib import suppress

import ray
from ray import serve

from actors.cluster_config import NAMESPACE
from actors.embedded_store import NAME as EMBEDDED_STORE
from scripts.ray_processes import silence_ray

STORE_STOP_TIMEOUT_S = 10.0
RAYLET_STOP_TIMEOUT_S = 5


def stop() -> None:
    """Close every WebSocket with 1012, and stop the embedded store cleanly."""
    with suppress(Exception):
        serve.delete(NAMESPACE)
    with suppress(Exception):
        store = ray.get_actor(EMBEDDED_STORE, namespace=NAMESPACE)
        ray.get(store.stop.remote(), timeout=STORE_STOP_TIMEOUT_S)


def main(address: str, raylet: int) -> None:
    with silence_ray(), suppress(Exception):
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        stop()
        ray.shutdown()
    with suppress(ProcessLookupError, ChildProcessError, TimeoutError):
        os.kill(raylet, signal.SIGTERM)  # it stops its agents and workers
        _wait(raylet)


def _wait(child: int) -> None:
    def time_out(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, time_out)
    signal.alarm(RAYLET_STOP_TIMEOUT_S)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
