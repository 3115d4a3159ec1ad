"""Limits Ray's processes to those that `make run` needs, and starts the dashboard last.

Ray has no option for this, so this module replaces methods of its `Node`, with which `ray.init`
starts the processes one after another. The version of Ray is pinned, and
`tests/starts/test_idle.py` checks which processes run.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import ray
from ray._private import worker
from ray._private.node import Node

_start_api_server = Node.start_api_server


def leave_out() -> None:
    """Make `ray.init` skip the autoscaler's monitor, the log monitor and the dashboard.

    One machine is not scaled, and the driver prints no logs of workers. Each of the three is a
    Python process of 45 to 75 MB, and `ray.init` would wait several seconds for the dashboard.
    """
    for name, method in _REPLACED.items():
        setattr(Node, name, method)


def start_dashboard() -> str:
    """Start Ray's dashboard; returns its `host:port`. Raises RuntimeError."""
    node = worker._global_node
    assert node is not None, "after ray.init"
    try:
        _start_api_server(node, include_dashboard=True, raise_on_failure=True)
    except Exception as error:  # Ray raises bare Exceptions
        raise RuntimeError(f"Ray's dashboard did not start: {error}") from error
    return str(node.webui_url)


def leave_running() -> int:
    """Disconnect from Ray without stopping it; returns the process id of its raylet."""
    node = worker._global_node
    assert node is not None, "after ray.init"
    raylet = node.all_processes["raylet"][0].process.pid
    worker._global_node = None  # otherwise `ray.shutdown` stops it
    ray.shutdown()
    return int(raylet)


@contextmanager
def silence_ray() -> Iterator[None]:
    """Hide Ray's messages about its workers, which its logs have, too."""
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    with Path(os.devnull).open("w") as null, redirect_stdout(null), redirect_stderr(null):
        yield


def say(text: str) -> None:
    """Print while Ray is silenced."""
    print(text, file=sys.__stdout__, flush=True)


def metrics_address() -> str:
    """The URL at which Prometheus scrapes this node's metrics."""
    (node,) = ray.nodes()
    return f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"


def _start_nothing(node: Node) -> None:
    pass


def _start_no_api_server(node: Node, **options: Any) -> None:
    node._webui_url = ""


_REPLACED = {
    "start_monitor": _start_nothing,
    "start_log_monitor": _start_nothing,
    "start_api_server": _start_no_api_server,
}
