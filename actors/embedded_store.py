"""The Ray actor that keeps the embedded Valkey running beside the application."""

import os
import threading
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.announced import NAMESPACE
from storage.durability import Durability
from storage.embedded import EmbeddedStore

NAME = "embedded-store"


class EmbeddedStoreActor:
    """Starts the server on its main thread, with which it ends; Ray restarts both."""

    def __init__(self, data_dir: str, flushed: bool) -> None:
        self._stopping = False
        self._store = EmbeddedStore(Path(data_dir), flushed=flushed)
        self._store.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def url(self) -> str:
        """Where the server answers."""
        return self._store.url

    def stop(self) -> None:
        """End the server in an orderly way, its data on disk."""
        self._stopping = True
        self._store.stop()

    def _watch(self) -> None:
        self._store.wait()
        if not self._stopping:
            os._exit(1)


def embedded_store(data_dir: Path, durability: Durability) -> Any:
    """The actor's handle; it is started on this machine where it does not run yet."""
    if durability is Durability.REPLICA:
        raise ValueError("the embedded store has no replica: set RESTAURANT_QR_REDIS_URL")
    if sum(node["Alive"] for node in ray.nodes()) > 1:
        raise ValueError("a cluster of several nodes needs redis_url: set RESTAURANT_QR_REDIS_URL")
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
