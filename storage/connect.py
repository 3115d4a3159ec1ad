"""Clients for the addresses that a store can have."""

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)
"""The exceptions of a client if a store does not answer, or answers with an error."""
MAX_CONNECTIONS = 64
"""Of one client; further calls wait for one of them."""
SENTINEL_PORT = 26379
PORT = 6379


def connect(url: str, timeout_s: float) -> Any:
    """A client for `redis://`, `rediss://`, `unix://`, `redis+sentinel://host:port,…/service/db` or
    `redis+cluster://host:port,…` (`rediss+…`: over TLS). Raises ValueError for any other.

    It connects when first used, waits `timeout_s` for an answer, and repeats nothing by itself:
    that an outcome is unknown must surface.
    """
    how: dict[str, Any] = {
        "protocol": 3,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
    }
    scheme, _, service = urlsplit(url).scheme.partition("+")
    if service and scheme == "rediss":
        how["ssl"] = True
    if service == "sentinel":
        return _sentinel(url, how)
    if service == "cluster":
        return _cluster(url, how)
    pool = BlockingConnectionPool.from_url(
        url, max_connections=MAX_CONNECTIONS, timeout=timeout_s, **how
    )
    return Redis.from_pool(pool)


async def disconnect(client: Any) -> None:
    """Close all connections."""
    await client.aclose()
    sentinels = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    if sentinels is not None:
        await sentinels.aclose()


def _sentinel(url: str, how: dict[str, Any]) -> Any:
    parts = urlsplit(url)
    service, _, database = parts.path.strip("/").partition("/")
    nodes = _nodes(parts.netloc, SENTINEL_PORT)
    sentinel = Sentinel(nodes, sentinel_kwargs=how, **how)
    return sentinel.master_for(
        service or "mymaster",
        db=int(database or 0),
        max_connections=MAX_CONNECTIONS * 16,  # its pool does not wait, but refuse
        **_credentials(url),
    )


def _cluster(url: str, how: dict[str, Any]) -> Any:
    nodes = [ClusterNode(host, port) for host, port in _nodes(urlsplit(url).netloc, PORT)]
    return RedisCluster(startup_nodes=nodes, **how, **_credentials(url))


def _credentials(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    given = {"username": parts.username, "password": parts.password}
    return {name: unquote(value) for name, value in given.items() if value}


def _nodes(netloc: str, default_port: int) -> list[tuple[str, int]]:
    """The hosts and ports of `user:password@host:port,[::1]:port,host`."""
    nodes = []
    for node in netloc.rpartition("@")[2].split(","):
        parts = urlsplit(f"//{node}")
        if not parts.hostname:
            raise ValueError(f"{netloc.rpartition('@')[2]!r} does not name hosts as host:port,…")
        nodes.append((parts.hostname, parts.port or default_port))
    return nodes
