"""The configuration of hosts, published in Ray's key-value store.

Versions are numbered consecutively and never overwritten; the highest one is current. Publishing is
compare-and-set: of two concurrent publishers, the second one is based on the version of the first.
Old versions, a kilobyte each, are not deleted, so a process can find the newest version from any of
them.

Deployments are numbered in the same way, so their order does not depend on clocks.

All functions of this module block on calls to Ray's head.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import msgspec
import ray
from ray.experimental.internal_kv import (
    _internal_kv_get,
    _internal_kv_list,
    _internal_kv_put,
)

from actors import store_failures
from engine.host import HostSettings
from engine.placement import Placement
from storage.durability import Durability
from storage.redis_store import open_store
from storage.store import Store

NAMESPACE = "restaurant-qr"
_encoder = msgspec.json.Encoder()
CONFIG_PREFIX = b"restaurant-qr:hosts:"
DEPLOYMENT_PREFIX = b"restaurant-qr:deployments:"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The store's URL, the timeout of a call, the retention of final entities, and the durability
    that a write must reach before it is acknowledged."""

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
            on_failure=store_failures.count,
        )


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The arguments of a host's Ray actor.

    `deployment` is the number of the deployment that the settings belong to, and `runtime_env`
    refers to its code. A host accepts connections from other nodes on a port in `stream_ports`, a
    half-open range; (0, 1) means any free port. The placement's `generation` is the version of the
    published configuration, 0 if it was never published."""

    store: StoreSettings
    placement: Placement = field(default_factory=Placement)
    host: HostSettings = field(default_factory=HostSettings)
    deployment: int = 0
    trace_sample_rate: float = 0.0
    stream_ports: tuple[int, int] = (0, 1)
    runtime_env: Mapping[str, Any] = field(default_factory=dict)


_decoder = msgspec.json.Decoder(HostConfig)


def new_deployment() -> str:
    """The id of a new deployment. If Ray is running, as in `serve deploy`, the deployment gets its
    number now, otherwise when its first gateway starts."""
    deployment = str(uuid4())
    if ray.is_initialized():
        deployment_number(deployment)
    return deployment


def deployment_number(deployment: str) -> int:
    """The number of the deployment with this id. The first call assigns the next free one."""
    while True:
        keys = _internal_kv_list(DEPLOYMENT_PREFIX, namespace=NAMESPACE)
        numbers = sorted((int(key.removeprefix(DEPLOYMENT_PREFIX)) for key in keys), reverse=True)
        for number in numbers:
            key = DEPLOYMENT_PREFIX + str(number).encode()
            if _internal_kv_get(key, namespace=NAMESPACE) == deployment.encode():
                return number
        number = numbers[0] + 1 if numbers else 1
        key = DEPLOYMENT_PREFIX + str(number).encode()
        exists = _internal_kv_put(key, deployment, overwrite=False, namespace=NAMESPACE)
        if not exists:
            return number


def latest() -> HostConfig | None:
    """The published configuration with the highest version; None if none is published."""
    keys = _internal_kv_list(CONFIG_PREFIX, namespace=NAMESPACE)
    if not keys:
        return None
    return _at(max(int(key.removeprefix(CONFIG_PREFIX)) for key in keys))


def current(config: HostConfig) -> HostConfig:
    """The latest published configuration, or `config` if that belongs to a later deployment. The
    caller's `config` may be outdated: gateways of any deployment start hosts, and Ray restarts a
    host with the arguments of its first start."""
    published = latest()
    if published is None or published.deployment < config.deployment:
        return config
    return published


def newer_than(config: HostConfig) -> HostConfig:
    """The latest published version; `config` if there is no newer one. Reads one version after the
    other, which is cheaper than `latest`, which lists all versions."""
    while (newer := _at(config.placement.generation + 1)) is not None:
        config = newer
    return config


def compare_and_set(change: Callable[[HostConfig | None], HostConfig | None]) -> HostConfig | None:
    """Publish the configuration that `change` returns for the latest version, and return it. If
    `change` returns None, publish nothing and return None. If another process publishes at the same
    time, `change` is called again."""
    while True:
        before = latest()
        after = change(before)
        if after is None:
            return None
        number = 1 if before is None else before.placement.generation + 1
        after = replace(after, placement=replace(after.placement, generation=number))
        exists = _internal_kv_put(
            _key(number), _encoder.encode(after), overwrite=False, namespace=NAMESPACE
        )
        if not exists:
            return after


def deploy(config: HostConfig) -> HostConfig:
    """Publish the configuration of a new deployment, unless a later deployment has published its
    own. If its placement has the published mode, the published placement stays in use. Returns the
    current configuration."""
    config = _with_code(config)

    def change(before: HostConfig | None) -> HostConfig | None:
        if before is None:
            return config
        if before.deployment >= config.deployment:
            return None
        is_same_mode = before.placement.mode is config.placement.mode
        return replace(config, placement=before.placement) if is_same_mode else config

    return compare_and_set(change) or current(config)


def publish(config: HostConfig) -> HostConfig:
    """Publish a configuration, unless a later deployment has published its own or nothing changes.
    Shards stay in the actors that they were migrated to. Returns the current configuration."""
    config = _with_code(config)

    def change(before: HostConfig | None) -> HostConfig | None:
        if before is None:
            return config
        placement = replace(config.placement, moves=before.placement.moves)
        after = replace(config, placement=placement)
        same = replace(placement, generation=before.placement.generation)
        if before.deployment > config.deployment or before == replace(after, placement=same):
            return None
        return after

    return compare_and_set(change) or current(config)


def _with_code(config: HostConfig) -> HostConfig:
    """The configuration with a reference to the code of this process."""
    return replace(config, runtime_env=dict(ray.get_runtime_context().runtime_env))


def _at(number: int) -> HostConfig | None:
    encoded = _internal_kv_get(_key(number), namespace=NAMESPACE)
    return None if encoded is None else _decoder.decode(encoded)


def _key(number: int) -> bytes:
    return CONFIG_PREFIX + str(number).encode()
