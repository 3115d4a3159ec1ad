"""Checks whether a store accepts writes, and reads its status (`INFO`)."""

import time
from collections.abc import Mapping
from typing import Any

from redis.asyncio.cluster import RedisCluster

from storage import keys
from storage.store import StoreStatus

PROBE_MS = 60_000
"""Time to live of a probe key, in milliseconds."""
MAX_PROBES = 4096
"""Maximum number of keys that are tried to find one for each server of a cluster."""


async def check(client: Any) -> StoreStatus:
    """Write a small key on each primary server, then read the status. `client` comes from
    `connect`. Raises the exceptions in `storage.connect.FAILURES`."""
    if not isinstance(client, RedisCluster):
        pipe = client.pipeline(transaction=False)
        pipe.set(keys.probe(0), 1, px=PROBE_MS)
        pipe.get(keys.backup())
        pipe.info()
        _, backed_up_at, info = await pipe.execute()
        return _worst([info], backed_up_at)
    await client.initialize()
    infos: list[Mapping[str, Any]] = []
    for node, key in _probe_keys(client).items():
        await client.set(key, 1, px=PROBE_MS)
        infos.append(await client.info(target_nodes=node))
    return _worst(infos, await client.get(keys.backup()))


def _probe_keys(client: Any) -> dict[Any, str]:
    """A probe key for each server that has slots."""
    servers = len(client.get_primaries())
    found: dict[Any, str] = {}
    for number in range(MAX_PROBES):
        if len(found) == servers:
            break
        key = keys.probe(number)
        found.setdefault(client.nodes_manager.get_node_from_slot(client.keyslot(key)), key)
    return found


def _worst(infos: list[Mapping[str, Any]], backed_up_at: bytes | str | None) -> StoreStatus:
    """The status with the worst value of any server."""
    return StoreStatus(
        memory_used=max(map(_memory_used, infos)),
        replicas=min(int(info.get("connected_slaves", 0)) for info in infos),
        replica_lag_bytes=max(map(_lag, infos)),
        clock=min(_clock(info) for info in infos),
        backed_up_at=float(backed_up_at or 0),
    )


def _memory_used(info: Mapping[str, Any]) -> float:
    """The used share of `maxmemory`, or of the machine's memory if `maxmemory` is not set; 0 if the
    server reports neither."""
    limit = info.get("maxmemory") or info.get("total_system_memory")
    return info["used_memory"] / limit if limit else 0.0


def _lag(info: Mapping[str, Any]) -> int:
    """The replication lag of the slowest replica, in bytes; 0 without replicas."""
    offset = info.get("master_repl_offset", 0)
    replicas = (info.get(f"slave{number}") for number in range(info.get("connected_slaves", 0)))
    return max(
        (offset - each.get("offset", 0) for each in replicas if isinstance(each, dict)), default=0
    )


def _clock(info: Mapping[str, Any]) -> float:
    """The server's clock, in epoch seconds; this machine's clock if the server reports none."""
    microseconds = info.get("server_time_usec")
    return microseconds / 1e6 if microseconds else time.time()
