"""Creates redis-py clients from the URL of a store."""

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)
"""The exceptions that a client raises if the store does not reply or replies with an error."""
MAX_CONNECTIONS = 64
"""Maximum number of connections of a client. Further calls wait for a free one."""
SENTINEL_PORT = 26379
PORT = 6379


def connect(url: str, timeout_s: float) -> Any:
    """A client for `redis://`, `rediss://`, `unix://`, `redis+sentinel://host:port,…/service/db` or
    `redis+cluster://host:port,…` (`rediss+…`: over TLS). Raises ValueError for any other.

    The client connects on first use and waits `timeout_s` seconds for a reply. It never retries:
    the caller decides what to do if the outcome of a command is unknown.
    """
    options: dict[str, Any] = {
        "protocol": 3,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
    }
    scheme, _, service = urlsplit(url).scheme.partition("+")
    if service and scheme == "rediss":
        options["ssl"] = True
    if service == "sentinel":
        return _sentinel(url, options)
    if service == "cluster":
        return _cluster(url, options)
    pool = BlockingConnectionPool.from_url(
        url, max_connections=MAX_CONNECTIONS, timeout=timeout_s, **options
    )
    return Redis.from_pool(pool)


async def disconnect(client: Any) -> None:
    """Close all connections of a client, those to Sentinels included."""
    await client.aclose()
    sentinels = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    if sentinels is not None:
        await sentinels.aclose()


def _sentinel(url: str, options: dict[str, Any]) -> Any:
    parts = urlsplit(url)
    service, _, database = parts.path.strip("/").partition("/")
    nodes = _nodes(parts.netloc, SENTINEL_PORT)
    sentinel = Sentinel(nodes, sentinel_kwargs=options, **options)
    return sentinel.master_for(
        service or "mymaster",
        db=int(database or 0),
        max_connections=MAX_CONNECTIONS * 16,  # this pool raises when it is empty, and never waits
        **_credentials(url),
    )


def _cluster(url: str, options: dict[str, Any]) -> Any:
    nodes = [ClusterNode(host, port) for host, port in _nodes(urlsplit(url).netloc, PORT)]
    return RedisCluster(startup_nodes=nodes, **options, **_credentials(url))


def _credentials(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    given = {"username": parts.username, "password": parts.password}
    return {name: unquote(value) for name, value in given.items() if value}


def _nodes(netloc: str, default_port: int) -> list[tuple[str, int]]:
    """The hosts and ports of `user:password@host:port,[::1]:port,host`. Raises ValueError."""
    nodes = []
    for node in netloc.rpartition("@")[2].split(","):
        parts = urlsplit(f"//{node}")
        if not parts.hostname:
            raise ValueError(
                f"cannot read hosts from {netloc.rpartition('@')[2]!r}: write host:port,host:port"
            )
        nodes.append((parts.hostname, parts.port or default_port))
    return nodes
