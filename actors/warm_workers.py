"""Keeps a pool of idle Ray workers on this node, so that an actor need not wait for a new process.

Ray does not replace the workers that it starts in advance, and never gives an actor a worker that
has run a task. The raylet's `PrestartWorkers` is an internal interface: if it fails, actors start
in a new process, which only takes longer.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray

from engine.metrics import WARM_FAILURES, WARM_WORKERS

log = logging.getLogger(__name__)

PERIOD_S = 0.5
RETRY_S = 60.0
TIMEOUT_S = 5.0
BATCH = 2
"""Number of workers that start at the same time. Each needs most of a core for a second, and so
does a new actor."""
KEEP_ALIVE_S = 7 * 86400
IDLE = b"ray::IDLE"
STARTING = "default_worker.py"


class WarmWorkers:
    """Keeps `size` idle workers on this node. The gateways of a node share the pool."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle = 0
        self._has_failed = False

    async def run(self) -> None:
        """Refill the pool periodically until cancelled."""
        while True:
            refilled = await asyncio.to_thread(self.refill)
            await asyncio.sleep(PERIOD_S if refilled else RETRY_S)

    def refill(self) -> bool:
        """Request the missing workers, but not while others are starting, nor while workers are
        being used and at least half of the pool is idle. Returns False if Ray's interface has
        failed. Blocks."""
        try:
            counted = Counter(_workers())
            WARM_WORKERS.set(counted["idle"])
            before, self._idle = self._idle, counted["idle"]
            missing = self._size - self._idle
            may_start = self._idle >= before or self._idle < self._size / 2
            if missing > 0 and may_start and not counted["starting"]:
                _request_workers(min(missing, BATCH))
        except Exception as error:  # an internal interface may fail in any way
            WARM_FAILURES.add()
            if not self._has_failed:
                log.warning(
                    "cannot ask Ray for idle workers; new actors take about a second to start",
                    extra={"why": f"{type(error).__name__}: {error}"},
                )
            self._has_failed = True
            return False
        self._has_failed = False
        return True


def _workers() -> Iterator[str]:
    """The state, `idle` or `starting`, of each such worker of this node's raylet, which is their
    parent process."""
    raylet = str(os.getppid())
    for stat in Path("/proc").glob("[0-9]*/stat"):  # Linux only; empty on other systems
        try:
            if stat.read_text().rpartition(")")[2].split()[1] != raylet:
                continue
            command = stat.with_name("cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if command[0].strip() == IDLE:
            yield "idle"
        elif any(word.endswith(STARTING.encode()) for word in command):
            yield "starting"


def _request_workers(number: int) -> None:
    """Have this node's raylet start workers. Returns before they have started. Any exception of
    Ray's internal interface is raised."""
    from ray._private.grpc_utils import init_grpc_channel
    from ray._private.worker import global_worker
    from ray.core.generated import common_pb2, node_manager_pb2, node_manager_pb2_grpc

    worker: Any = global_worker
    common: Any = common_pb2  # generated without types
    messages: Any = node_manager_pb2

    here = ray.get_runtime_context().get_node_id()
    node = next(each for each in ray.nodes() if each["NodeID"] == here)
    request = messages.PrestartWorkersRequest(
        language=common.Language.PYTHON,
        num_workers=number,
        keep_alive_duration_secs=KEEP_ALIVE_S,
    )
    cluster = (("ray_cluster_id", worker.gcs_client.cluster_id.hex()),)
    with init_grpc_channel(f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}") as channel:
        raylet = node_manager_pb2_grpc.NodeManagerServiceStub(channel)
        raylet.PrestartWorkers(request, metadata=cluster, timeout=TIMEOUT_S)
