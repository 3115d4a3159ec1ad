"""The Ray actor that runs the embedded Valkey server."""

import os
import threading
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.cluster_config import NAMESPACE
from storage.durability import Durability
from storage.embedded import EmbeddedStore

NAME = "embedded-store"


class EmbeddedStoreActor:
    """Runs the server. If the server ends by itself, the actor exits, and Ray restarts both."""

    def __init__(self, data_dir: str, flushed: bool) -> None:
        self._stopping = False
        self._store = EmbeddedStore(Path(data_dir), flushed=flushed)
        self._store.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def url(self) -> str:
        """The server's URL."""
        return self._store.url

    def stop(self) -> None:
        """Stop the server after it has written its data to disk."""
        self._stopping = True
        self._store.stop()

    def _watch(self) -> None:
        self._store.wait()
        if not self._stopping:
            os._exit(1)


def embedded_store(data_dir: Path, durability: Durability) -> Any:
    """The handle of the actor, which is started on this node if it is not running. Raises
    ValueError if the embedded store cannot provide the durability, or the cluster has more than one
    node."""
    if durability is Durability.REPLICA:
        raise ValueError(
            "cannot use durability=replica because the embedded store has no replica: set "
            "RESTAURANT_QR_REDIS_URL, or another durability"
        )
    if sum(node["Alive"] for node in ray.nodes()) > 1:
        raise ValueError(
            "cannot use the embedded store because the cluster has more than one node: set "
            "RESTAURANT_QR_REDIS_URL"
        )
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return (
        ray.remote(EmbeddedStoreActor)
        .options(
            name=NAME,
            namespace=NAMESPACE,
            get_if_exists=True,
            lifetime="detached",
            max_restarts=-1,
            num_cpus=0,
            scheduling_strategy=here,
        )
        .remote(str(data_dir.absolute()), durability is Durability.DISK)
    )
