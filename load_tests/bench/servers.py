"""Starts what is measured, each in processes that carry a mark, and ends it again.

All are driven over the same protocol on a port of their own. The product keeps its data in a folder
that lives as long as it does; so does the peer.
"""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import jwt

from load_tests.bench.usage import MARK, Usage, memory, usage
from scripts.environment import free_port, one_machine, serve_environment
from storage.embedded import EmbeddedStore

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the benchmarks, long enough"
STOP_TIMEOUT_S = 60.0
LIMIT = "uvicorn alone"
STACK = "Serve and HAProxy alone"
STRAIGHT = "this, straight to the gateway"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: `name` as the tables call it; `directory` is where its data is; `others`
    are processes that it uses and did not start."""

    name: str
    port: int
    mark: str
    directory: Path
    started_s: float
    others: tuple[int, ...] = ()

    @property
    def is_bare(self) -> bool:
        """Whether it is a loop over sockets, without restaurants."""
        return self.name in (LIMIT, STACK)

    def ws(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/{path}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def usage(self) -> Usage:
        return usage(self.mark, self.others)

    def memory(self) -> dict[str, int]:
        return memory(self.mark, self.others)


@contextmanager
def product(
    name: str = "this", environment: Mapping[str, str] = {}, **settings: object
) -> Iterator[Server]:
    """The product as `make run` starts it, with settings by their names; placement `shard`."""
    crowds = {
        "limits__connections_per_token": 20_000,
        "limits__messages_per_s_per_token": 1_000_000,
    }
    given = {"placement": "shard", "auth_secret": SECRET} | crowds | settings
    environment = {
        **environment,
        **{f"RESTAURANT_QR_{key.upper()}": str(value) for key, value in given.items()},
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        port = int(str(given.get("port", free_port())))
        environment |= {
            "RESTAURANT_QR_PORT": str(port),
            "RESTAURANT_QR_DATA_DIR": environment.get("RESTAURANT_QR_DATA_DIR", directory),
        }
        command = [sys.executable, "-m", "scripts.run"]
        folder = Path(environment["RESTAURANT_QR_DATA_DIR"])
        with _running(name, command, port, folder, environment, "Ctrl-C ends it") as server:
            yield server


@contextmanager
def straight(**settings: object) -> Iterator[Server]:
    """The product as it is behind a load balancer that knows the gateways: as the peer's workers
    are, its sockets are asked for at the gateway's own port, and HAProxy has nothing to do."""
    port = free_port()
    ports = {
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(port),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(port + 1),  # the first that is not one
    }
    with product(STRAIGHT, ports, **settings) as server:
        yield replace(server, port=port)


@contextmanager
def peer() -> Iterator[Server]:
    """Django Channels with Redis, tuned: what a user would pick instead."""
    port = free_port()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = EmbeddedStore(directory / "redis")
        redis.start()
        stack.callback(redis.stop)
        command = [
            *(sys.executable, "-m", "load_tests.bench.peer", "--port", str(port)),
            *("--redis", redis.url, "--data", str(directory)),
        ]
        with _running("Django Channels", command, port, directory, {}, "ready") as server:
            yield replace(server, others=(redis.pid,))


@contextmanager
def stack() -> Iterator[Server]:
    """The limit's application on Ray Serve behind HAProxy: what the product's way in can do."""
    port = free_port()
    with ExitStack() as ending:
        # Short, since the paths of Unix sockets are.
        directory = Path(
            ending.enter_context(tempfile.TemporaryDirectory(prefix="rq-", dir="/tmp"))
        )
        environment = serve_environment() | one_machine(directory)
        command = [
            *(sys.executable, "-m", "load_tests.bench.stack"),
            *("--port", str(port), "--data", str(directory)),
        ]
        with _running(STACK, command, port, directory, environment, "ready") as server:
            yield server


@contextmanager
def limit() -> Iterator[Server]:
    """Starlette on uvicorn and nothing else: what one process can do at most."""
    port = free_port()
    command = [sys.executable, "-m", "load_tests.bench.limit", "--port", str(port)]
    with _running(LIMIT, command, port, ROOT, {}, "ready") as server:
        yield server


@contextmanager
def _running(
    name: str,
    command: list[str],
    port: int,
    directory: Path,
    environment: dict[str, str],
    ready: str,
) -> Iterator[Server]:
    mark = secrets.token_hex(8)
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**_clean_environment(), **environment, MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith(ready):
                break
        else:
            raise RuntimeError(f"{name} did not start:\n{''.join(said)}")
        yield Server(name, port, mark, directory, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "RESTAURANT_QR_"))}


def token(role: str = "admin", **claims: object) -> str:
    """A token that the product takes; the baselines ask for none."""
    told = {"role": role, "sub": "bench", "exp": int(time.time()) + 86_400, **claims}
    return jwt.encode(told, SECRET, algorithm="HS256")
