"""What hosts are started with, and what of it is in force: announced in Ray's key-value store.

Announcements are numbered without a gap, each is written once, and the last one holds. So two who
announce at the same time do not overwrite each other: the later one begins again with what the
first has said. They stay, a kilobyte each, so that whoever has missed some finds the next.
"""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from ray.experimental.internal_kv import (
    _internal_kv_get,
    _internal_kv_list,
    _internal_kv_put,
)

from actors import store_failures
from actors.host import HostSettings
from actors.placement import Placement
from storage.durability import Durability
from storage.redis_store import open_store
from storage.store import Store

NAMESPACE = "restaurant-qr"
ANNOUNCED = b"restaurant-qr:host-config:"


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
            failed=store_failures.count,
        )


@dataclass(frozen=True, slots=True)
class HostConfig:
    """All that a host's Ray actor is started with. `deployed_at` (epoch seconds) tells deployments
    apart: a host of an earlier one has the settings and code of then, and `runtime_env` leads to
    the code of this one. The placement's `generation` is the number of the announcement, 0 where
    there was none."""

    store: StoreSettings
    placement: Placement = field(default_factory=Placement)
    host: HostSettings = field(default_factory=HostSettings)
    deployed_at: float = 0.0
    trace_share: float = 0.0
    runtime_env: Mapping[str, Any] = field(default_factory=dict)


def announced() -> HostConfig | None:
    """What holds now; blocks, as all here."""
    keys = _internal_kv_list(ANNOUNCED, namespace=NAMESPACE)
    if not keys:
        return None
    return _at(max(int(key.removeprefix(ANNOUNCED)) for key in keys))


def in_force(config: HostConfig) -> HostConfig:
    """This, or what this deployment or a later one has announced: whoever starts a host may be of
    an earlier one, and a host that Ray restarts was made by whoever came first."""
    found = announced()
    return config if found is None or found.deployed_at < config.deployed_at else found


def after(config: HostConfig) -> HostConfig:
    """The last announcement from this one on."""
    while (following := _at(config.placement.generation + 1)) is not None:
        config = following
    return config


def amend(change: Callable[[HostConfig | None], HostConfig | None]) -> HostConfig | None:
    """Announce what `change` makes of what holds now; None where it makes nothing of it. May call
    it again, where somebody else was faster."""
    while True:
        found = announced()
        wanted = change(found)
        if wanted is None:
            return None
        number = 1 if found is None else found.placement.generation + 1
        wanted = replace(wanted, placement=replace(wanted.placement, generation=number))
        exists = _internal_kv_put(
            _key(number), packed(wanted), overwrite=False, namespace=NAMESPACE
        )
        if not exists:
            return wanted


def deploy(config: HostConfig) -> HostConfig:
    """Hosts of earlier deployments are to start again with this, unless a later one has said so
    before; where they live stays what it was. Answers with what holds."""
    config = _with_code(config)

    def change(found: HostConfig | None) -> HostConfig | None:
        if found is None or found.placement.mode is not config.placement.mode:
            return config if found is None or found.deployed_at < config.deployed_at else None
        later = config.deployed_at > found.deployed_at
        return replace(config, placement=found.placement) if later else None

    return amend(change) or in_force(config)


def announce(config: HostConfig) -> HostConfig:
    """From now on every host has this, unless a later deployment has said something else before;
    shards stay in the actors that they have moved to. Answers with what holds."""
    config = _with_code(config)

    def change(found: HostConfig | None) -> HostConfig | None:
        if found is None:
            return config
        placement = replace(config.placement, moves=found.placement.moves)
        wanted = replace(config, placement=placement)
        same = replace(placement, generation=found.placement.generation)
        if found.deployed_at > config.deployed_at or found == replace(wanted, placement=same):
            return None
        return wanted

    return amend(change) or in_force(config)


def _with_code(config: HostConfig) -> HostConfig:
    """With the code that runs here."""
    return replace(config, runtime_env=dict(ray.get_runtime_context().runtime_env))


def _at(number: int) -> HostConfig | None:
    found = _internal_kv_get(_key(number), namespace=NAMESPACE)
    config: HostConfig | None = None if found is None else unpacked(found)
    return config


def _key(number: int) -> bytes:
    return ANNOUNCED + str(number).encode()


def packed(value: Any) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpacked(sent: bytes) -> Any:
    return pickle.loads(sent)  # noqa: S301  # from this application's own processes, through Ray
