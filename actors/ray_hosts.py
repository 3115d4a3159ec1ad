"""Hosts as Ray actors: thin shells around `Host`, and the references that find or start them.

Actors are named, detached and restarted for ever; each is created by the first message to it and
leaves when it has carried nothing for a while. Its name is all that is needed to reach it, so a
message that meets a leaving actor goes to its successor.

What travels is pickled here, once a batch: Ray passes bytes on as they are.
"""

import asyncio
import logging
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import ray
from ray.exceptions import RayError
from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_put

from actors import interpreter, tracing
from actors.host import Host, HostSettings
from actors.messages import Exchanged, Feed, Message, Reply
from actors.metrics import HOST
from actors.placement import Mode, Placement
from actors.ray_metrics import RayMetrics
from actors.transport import HostGone
from protocol.ids import Kind
from storage.durability import Durability
from storage.redis_store import open_store
from storage.store import Store

log = logging.getLogger(__name__)

NAMESPACE = "restaurant-qr"
ANNOUNCED = b"restaurant-qr:host-config"
REST_PERIOD_S = 5.0
MAX_CONCURRENCY = 10_000
"""Calls that an actor takes at a time; each gateway parks one poll and has one batch under way."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the store is, how long it may take to answer, how long closed things are kept, and how
    far a write must have come."""

    url: str
    timeout_s: float = 2.0
    retention_s: float = 30 * 86400.0
    durability: Durability = Durability.STORE

    def open(self) -> Store:
        return open_store(
            self.url,
            retention_s=self.retention_s,
            timeout_s=self.timeout_s,
            durability=self.durability,
        )


@dataclass(frozen=True, slots=True)
class HostConfig:
    """All that a host's Ray actor is started with. `deployed_at` (epoch seconds) tells deployments
    apart: a host of an earlier one has the placement, settings and code of then."""

    store: StoreSettings
    placement: Placement = field(default_factory=Placement)
    host: HostSettings = field(default_factory=HostSettings)
    deployed_at: float = 0.0
    trace_share: float = 0.0


def announce(config: HostConfig) -> None:
    """From now on every host starts with this, unless a later deployment has said so before."""
    if _newest(config) is config:
        _internal_kv_put(ANNOUNCED, _packed(config), namespace=NAMESPACE)


def _newest(config: HostConfig) -> HostConfig:
    """This, or what a later deployment has announced: whoever starts a host may be of an earlier
    one, and a host that Ray restarts was made by whoever came first."""
    packed = _internal_kv_get(ANNOUNCED, namespace=NAMESPACE)
    announced: HostConfig = config if packed is None else _unpacked(packed)
    return announced if announced.deployed_at > config.deployed_at else config


def _packed(value: Any) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)  # noqa: S301  # from this application's own actors, through Ray


class WallClock:
    """The machine's clock, to the millisecond."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class HostActor:
    """What every Ray actor of this application is: one `Host`."""

    def __init__(self, name: str, config: HostConfig) -> None:
        self._name = name
        self._config = _newest(config)
        self._host: Host | None = None
        self._resting: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None

    async def deployed_at(self) -> float:
        return self._config.deployed_at

    async def deliver(self, batch: bytes) -> bytes:
        return _packed(await self._started().deliver(_unpacked(batch)))

    async def exchange(self, gateway: str, cursor: int, batch: bytes) -> bytes:
        return _packed(await self._started().exchange(gateway, cursor, _unpacked(batch)))

    async def poll(self, gateway: str, cursor: int) -> bytes:
        return _packed(await self._started().poll(gateway, cursor))

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
            self._host = Host(
                self._name,
                self._config.store.open(),
                RayHosts(self._config),
                self._config.placement,
                WallClock(),
                self._config.host,
            )
            self._resting = asyncio.create_task(self._rest())
            self._telling = asyncio.create_task(self._tell_ray(self._host))
        return self._host

    async def _tell_ray(self, host: Host) -> None:
        """Metrics under this host's name; under `order`, `table` … where each has an actor, so that
        names of hosts stay few."""
        is_alone = self._config.placement.mode is Mode.ENTITY
        name = self._name.partition(":")[0] if is_alone else self._name
        await RayMetrics("host", name, HOST).run(host.measure)

    async def _rest(self) -> None:
        assert self._host is not None
        period = min(REST_PERIOD_S, self._config.host.idle_s / 4)
        while True:
            await asyncio.sleep(period)
            if self._host.rest() and self._config.placement.mode is not Mode.SHARD:
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
        self._handles: dict[str, Any] = {}
        self._starting: dict[str, asyncio.Future[Any]] = {}

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        replies: list[Reply] = await self._call(host, "deliver", _packed(batch))
        return replies

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        exchanged: Exchanged = await self._call(host, "exchange", gateway, cursor, _packed(batch))
        return exchanged

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        feed: Feed = await self._call(host, "poll", gateway, cursor)
        return feed

    async def _call(self, host: str, method: str, *arguments: Any) -> Any:
        handle = self._handles.get(host) or await self._find(host)
        try:
            return _unpacked(await getattr(handle, method).remote(*arguments))
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
        """The host of this deployment or a later one; an earlier one's starts again as that."""
        loop = asyncio.get_running_loop()
        handle = await loop.run_in_executor(None, self._get_or_start, host)
        if await handle.deployed_at.remote() < self.config.deployed_at:
            ray.kill(handle, no_restart=False)
            raise HostGone(f"{host}: of an earlier deployment")
        return handle

    def _get_or_start(self, host: str) -> Any:
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
            )
            .remote(host, self.config)
        )
