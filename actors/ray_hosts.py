"""Hosts as Ray actors: thin shells around `Host`, and the references that find or start them.

Actors are named, detached and restarted for ever; each is created by the first message to it and
leaves when it has carried nothing for a while. Its name is all that is needed to reach it, so a
message that meets a leaving actor goes to its successor.

What travels is pickled here, once a batch: Ray passes bytes on as they are.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors import interpreter, tracing
from actors.announced import NAMESPACE, HostConfig, after, in_force, packed, unpacked
from actors.host import Host
from actors.messages import Exchanged, Feed, Message, Reply
from actors.metrics import HOST, STORE
from actors.moving import Found, NotMoved, leave_unfit_node
from actors.placement import Mode, Placement
from actors.ray_metrics import RayMetrics
from actors.transport import HostGone
from actors.whereabouts import PERIOD_S, Whereabouts
from protocol.ids import Kind

log = logging.getLogger(__name__)

REST_PERIOD_S = 5.0
WARM_TIMEOUT_S = 20.0
TELL_TIMEOUT_S = 1.0
MAX_CONCURRENCY = 10_000
"""Calls that an actor takes at a time; each gateway parks one poll and has one batch under way."""


class WallClock:
    """The machine's clock, to the millisecond."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class HostActor:
    """What every Ray actor of this application is: one `Host`."""

    def __init__(self, name: str, config: HostConfig) -> None:
        self._name = name
        holds = in_force(config)  # of another deployment is other code's
        self._config = holds if holds.deployed_at == config.deployed_at else config
        self._hosts = RayHosts(self._config)
        self._whereabouts = Whereabouts(self._config.placement, self._hosts.look)
        self._host: Host | None = None
        self._resting: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def deployed_at(self) -> float:
        return self._config.deployed_at

    async def deliver(self, batch: bytes) -> bytes:
        return packed(await self._started().deliver(unpacked(batch)))

    async def exchange(self, gateway: str, cursor: int, batch: bytes) -> bytes:
        return packed(await self._started().exchange(gateway, cursor, unpacked(batch)))

    async def poll(self, gateway: str, cursor: int) -> bytes:
        return packed(await self._started().poll(gateway, cursor))

    async def found(self) -> Found:
        """Where this is; all that a first batch needs is ready then."""
        host = self._started()
        await self._store.ping()
        node = ray.get_runtime_context().get_node_id()
        return Found(node, os.getpid(), host.entities, time.process_time())

    async def learn(self, generation: int) -> None:
        """Have the placement of that number; hand over what another host carries in it."""
        await self._whereabouts.refresh(generation)

    async def leave(self) -> None:
        """End this actor, unless it has been given something to carry since it was asked."""
        if self._host is not None and self._host.rest():
            ray.actor.exit_actor()
        self._resting = asyncio.create_task(self._rest())

    def _started(self) -> Host:
        """The host, made on the actor's own event loop by the first call."""
        if self._host is None:
            interpreter.tune()
            tracing.install(self._config.trace_share, self._name)
            self._store = self._config.store.open()
            self._host = Host(
                self._name,
                self._store,
                self._hosts,
                self._whereabouts,
                WallClock(),
                self._config.host,
            )
            self._resting = asyncio.create_task(self._rest())
            self._telling = asyncio.create_task(self._tell_ray(self._host))
            self._following = asyncio.create_task(self._whereabouts.run())
            if self._name.startswith("shard:"):
                self._keeping = asyncio.create_task(self._keep_to_fit_nodes())
        return self._host

    async def _tell_ray(self, host: Host) -> None:
        """Metrics under this host's name; under `order`, `table` … where each has an actor, so that
        names of hosts stay few."""
        is_alone = self._config.placement.mode is Mode.ENTITY
        name = self._name.partition(":")[0] if is_alone else self._name
        await RayMetrics("host", name, HOST, STORE).run(host.measure)

    async def _keep_to_fit_nodes(self) -> None:
        """Let the shard move off a node that is to end, or is not for shards; until that succeeds,
        it works here."""
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                await leave_unfit_node(self._hosts, self._name)
            except NotMoved as error:
                log.warning(
                    "a shard has not left a node that is not for shards yet",
                    extra={"host": self._name, "why": str(error)},
                )
            except Exception:
                log.warning(
                    "whether the node is fit for shards could not be looked up", exc_info=True
                )

    async def _rest(self) -> None:
        assert self._host is not None
        period = min(REST_PERIOD_S, self._config.host.idle_s / 4)
        while True:
            await asyncio.sleep(period)
            if self._host.rest() and not self._host.stays:
                # Once: an actor that waits for calls of its own does not end.
                ray.get_runtime_context().current_actor.leave.remote()
                return


class OrderActor(HostActor):
    """Carries one order."""


class TableActor(HostActor):
    """Carries one table."""


class SessionActor(HostActor):
    """Carries one session."""


class WaiterActor(HostActor):
    """Carries one waiter."""


class RestaurantActor(HostActor):
    """Carries one restaurant: alone, or with placement `restaurant` all that belongs to it."""


class ShardActor(HostActor):
    """Carries all entities of the restaurants that fall to its shard."""


_CLASSES: dict[str, type[HostActor]] = {
    Kind.ORDER: OrderActor,
    Kind.TABLE: TableActor,
    Kind.SESSION: SessionActor,
    Kind.WAITER: WaiterActor,
    Kind.RESTAURANT: RestaurantActor,
    "shard": ShardActor,
}


@cache
def _actor_class(kind: str) -> Any:
    return ray.remote(_CLASSES[kind])


class RayHosts:
    """The transport over Ray: a handle a host, looked up or started when first needed."""

    def __init__(self, config: HostConfig) -> None:
        self.config = config
        self._newest = config
        self._handles: dict[str, Any] = {}
        self._starting: dict[str, asyncio.Future[Any]] = {}

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        replies: list[Reply] = await self._call(host, "deliver", packed(batch))
        return replies

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        exchanged: Exchanged = await self._call(host, "exchange", gateway, cursor, packed(batch))
        return exchanged

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        feed: Feed = await self._call(host, "poll", gateway, cursor)
        return feed

    async def look(self) -> Placement:
        """The newest placement that is announced."""
        self._newest = await asyncio.to_thread(after, self._newest)
        return self._newest.placement

    async def warm(self, hosts: Iterable[str]) -> None:
        """Start hosts, so that their first message finds them ready. Those that do not in time
        start with that message."""

        async def start(host: str) -> None:
            with suppress(RayError, ValueError):
                handle = await asyncio.to_thread(self._get_or_start, host)
                await handle.found.remote()

        if starting := [asyncio.create_task(start(host)) for host in hosts]:
            await asyncio.wait(starting, timeout=WARM_TIMEOUT_S)

    async def tell(self, hosts: Iterable[str], generation: int) -> None:
        """Have those of the hosts that run know the placement of that number, if they answer in
        time; the others find it by themselves."""
        loop = asyncio.get_running_loop()
        told = [loop.create_task(self._tell(host, generation)) for host in hosts]
        if told:
            await asyncio.wait(told, timeout=TELL_TIMEOUT_S)

    async def _tell(self, host: str, generation: int) -> None:
        with suppress(RayError, ValueError):
            handle = await self.find_running(host)
            await handle.learn.remote(generation)

    async def find_running(self, host: str) -> Any:
        """The handle of a host's actor. Raises ValueError where there is none."""
        return await asyncio.to_thread(ray.get_actor, host, namespace=NAMESPACE)

    async def find_on(self, host: str, node: str) -> Any:
        """The handle of a host's actor; where there is none, it starts on that node."""
        return await asyncio.to_thread(self._get_or_start, host, node)

    async def _call(self, host: str, method: str, *arguments: Any) -> Any:
        handle = self._handles.get(host) or await self._find(host)
        try:
            return unpacked(await getattr(handle, method).remote(*arguments))
        except RayError as error:
            raise self._gone(host, handle, error) from error

    def _gone(self, host: str, handle: Any, error: RayError) -> HostGone:
        if self._handles.get(host) is handle:
            del self._handles[host]
        return HostGone(f"{host}: {type(error).__name__}")

    async def _find(self, host: str) -> Any:
        """The handle of a host's actor; one look-up for all that ask at the same time."""
        if host not in self._starting:
            self._starting[host] = asyncio.ensure_future(self._present(host))
        try:
            handle = self._handles[host] = await asyncio.shield(self._starting[host])
            return handle
        except (RayError, ValueError) as error:
            raise HostGone(f"{host}: {type(error).__name__}") from error
        finally:
            self._starting.pop(host, None)

    async def _present(self, host: str) -> Any:
        """The host of this deployment or a later one, in place of one of an earlier deployment: to
        start that again would be to start the code of then."""
        while True:
            handle = await asyncio.to_thread(self._get_or_start, host)
            if await handle.deployed_at.remote() >= self.config.deployed_at:
                return handle
            ray.kill(handle)

    def _get_or_start(self, host: str, node: str | None = None) -> Any:
        there = NodeAffinitySchedulingStrategy(node, soft=True) if node else None
        config = in_force(self.config)
        return (
            _actor_class(host.partition(":")[0])
            .options(
                name=host,
                namespace=NAMESPACE,
                get_if_exists=True,
                lifetime="detached",
                max_restarts=-1,
                num_cpus=0,
                max_concurrency=MAX_CONCURRENCY,
                scheduling_strategy=there,
                runtime_env=dict(config.runtime_env),
            )
            .remote(host, config)
        )
