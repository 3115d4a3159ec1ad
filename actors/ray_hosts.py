"""Finds or starts the Ray actor of a host by its name, and connects streams to it.

Actors are named, detached and restarted without limit. The first message to a host starts its
actor; a message to an actor that has just exited starts its successor. The actors themselves are in
`actors/host_actor.py`.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors import cluster_config
from actors.cluster_config import NAMESPACE, HostConfig
from engine.placement import Placement
from engine.stream_sockets import connect
from engine.streams import Endpoint, HostUnavailable, Stream

START_TIMEOUT_S = 20.0
NOTIFY_TIMEOUT_S = 1.0
MAX_HANDLES = 1000
"""Maximum number of actor handles that a process caches."""
ENDPOINT_TIMEOUT_S = 30.0
"""Maximum time for an actor to start and return its endpoint."""


@cache
def _actor_class(kind: str) -> Any:
    from actors.host_actor import CLASSES  # imports this module, because hosts connect to hosts

    return ray.remote(CLASSES[kind])


class RayHosts:
    """Connects streams of the process `name` to hosts."""

    def __init__(self, config: HostConfig, name: str) -> None:
        self.config = config
        self._name = name
        self._newest = config
        self._handles: dict[str, Any] = {}
        self._starting: dict[str, asyncio.Future[Any]] = {}

    async def connect(self, host: str, stream: Stream) -> str:
        """Connect a stream to a host, which is started if it is not running. Returns the host's
        incarnation. Raises HostUnavailable."""
        endpoint = await self._endpoint(host)
        await connect(endpoint, self._name, stream)
        return endpoint.incarnation

    async def incarnation(self, host: str) -> str:
        """The incarnation to which a new stream would connect. Raises HostUnavailable."""
        self._handles.pop(host, None)  # the actor may have been replaced
        return (await self._endpoint(host)).incarnation

    async def fetch_placement(self) -> Placement:
        """The latest published placement."""
        self._newest = await asyncio.to_thread(cluster_config.newer_than, self._newest)
        return self._newest.placement

    async def start(self, hosts: Iterable[str]) -> None:
        """Start hosts before their first message. Returns when all are ready or after
        START_TIMEOUT_S; the others continue to start."""

        async def start_one(host: str) -> None:
            with suppress(RayError, ValueError):
                handle = await asyncio.to_thread(self._get_or_start, host)
                await handle.info.remote()

        if starting := [asyncio.create_task(start_one(host)) for host in hosts]:
            await asyncio.wait(starting, timeout=START_TIMEOUT_S)

    async def notify_generation(self, hosts: Iterable[str], generation: int) -> None:
        """Have those of these hosts that are running adopt the placement of that number. Hosts that
        do not answer within NOTIFY_TIMEOUT_S fetch it later by themselves."""
        loop = asyncio.get_running_loop()
        notified = [loop.create_task(self._notify(host, generation)) for host in hosts]
        if notified:
            await asyncio.wait(notified, timeout=NOTIFY_TIMEOUT_S)

    async def _notify(self, host: str, generation: int) -> None:
        with suppress(RayError, ValueError):
            handle = await self.find_running(host)
            await handle.set_generation.remote(generation)

    async def find_running(self, host: str) -> Any:
        """The handle of a host's actor. Raises ValueError if it is not running."""
        return await asyncio.to_thread(ray.get_actor, host, namespace=NAMESPACE)

    async def find_or_start(self, host: str, node: str) -> Any:
        """The handle of a host's actor, which is started on `node` if it is not running."""
        return await asyncio.to_thread(self._get_or_start, host, node)

    async def _endpoint(self, host: str) -> Endpoint:
        handle = self._handles.get(host) or await self._find(host)
        node = ray.get_runtime_context().get_node_id()
        try:
            async with asyncio.timeout(ENDPOINT_TIMEOUT_S):
                fields = await handle.endpoint.remote(node)
                return Endpoint(*fields[: len(Endpoint._fields)])  # a later release may add fields
        except (RayError, TimeoutError) as error:
            if self._handles.get(host) is handle:
                del self._handles[host]
            raise HostUnavailable(f"{host}: {type(error).__name__}") from error

    async def _find(self, host: str) -> Any:
        """The handle of a host's actor. Concurrent callers share one lookup. Raises
        HostUnavailable."""
        if host not in self._starting:
            self._starting[host] = asyncio.ensure_future(self._find_current(host))
        try:
            handle = self._handles[host] = await asyncio.shield(self._starting[host])
            while len(self._handles) > MAX_HANDLES:
                del self._handles[next(iter(self._handles))]
            return handle
        except (RayError, ValueError) as error:
            raise HostUnavailable(f"{host}: {type(error).__name__}") from error
        finally:
            self._starting.pop(host, None)

    async def _find_current(self, host: str) -> Any:
        """The handle of a host's actor of this deployment or a later one. An actor of an earlier
        deployment is killed and replaced, because Ray would restart it with its old code."""
        while True:
            handle = await asyncio.to_thread(self._get_or_start, host)
            if await handle.deployment.remote() >= self.config.deployment:
                return handle
            ray.kill(handle)

    def _get_or_start(self, host: str, node: str | None = None) -> Any:
        affinity = NodeAffinitySchedulingStrategy(node, soft=True) if node else None
        config = cluster_config.current(self.config)
        return (
            _actor_class(host.partition(":")[0])
            .options(
                name=host,
                namespace=NAMESPACE,
                get_if_exists=True,
                lifetime="detached",
                max_restarts=-1,
                num_cpus=0,
                scheduling_strategy=affinity,
                runtime_env=dict(config.runtime_env),
            )
            .remote(host, config)
        )
