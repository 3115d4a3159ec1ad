"""Starts and stops the measured servers, whose processes carry a mark.

All serve the same protocol, each on its own port. Product and peer keep their data in a temporary
folder.
"""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import jwt

from load_tests.bench.usage import MARK, Usage, memory, usage
from scripts.environment import free_port
from storage.embedded import EmbeddedStore

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the benchmarks, long enough"
STOP_TIMEOUT_S = 60.0
LIMIT = "uvicorn alone"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its name in the tables, its data folder, and `others`, processes that it
    uses and did not start."""

    name: str
    port: int
    mark: str
    directory: Path
    started_s: float
    others: tuple[int, ...] = ()

    @property
    def is_bare(self) -> bool:
        """Whether it only loops over sockets, without restaurants."""
        return self.name == LIMIT

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
    name: str = "this",
    environment: Mapping[str, str] = {},
    options: Iterable[str] = (),
    ready: str = "Press Ctrl-C",
    **settings: object,
) -> Iterator[Server]:
    """The product as `make run` starts it, with placement `shard` and these settings. It has
    started once it prints a line that begins with `ready`."""
    connection_limits = {
        "limits__max_connections_per_principal": 20_000,
        "limits__messages_per_s_per_token": 1_000_000,
    }
    settings_ = {"placement": "shard", "auth_secret": SECRET} | connection_limits | settings
    environment = {
        **environment,
        **{f"RESTAURANT_QR_{key.upper()}": str(value) for key, value in settings_.items()},
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        port = int(str(settings_.get("port", free_port())))
        environment |= {
            "RESTAURANT_QR_PORT": str(port),
            "RESTAURANT_QR_DATA_DIR": environment.get("RESTAURANT_QR_DATA_DIR", directory),
        }
        command = [sys.executable, "-m", "restaurant_qr", "run", *options]
        folder = Path(environment["RESTAURANT_QR_DATA_DIR"])
        with _running(name, command, port, folder, environment, ready) as server:
            yield server


@contextmanager
def peer(*options: str) -> Iterator[Server]:
    """Django Channels with Redis, tuned, as the alternative to the product. With `--orm`, as its
    documentation shows it."""
    port = free_port()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = EmbeddedStore(directory / "redis")
        redis.start()
        stack.callback(redis.stop)
        command = [
            *(sys.executable, "-m", "load_tests.bench.peer", "--port", str(port)),
            *("--redis", redis.url, "--data", str(directory)),
            *options,
        ]
        with _running("Django Channels", command, port, directory, {}, "ready") as server:
            yield replace(server, others=(redis.pid,))


@contextmanager
def limit() -> Iterator[Server]:
    """Starlette on uvicorn alone, as the limit of one process."""
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
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith(ready):
                break
        else:
            raise RuntimeError(f"{name} did not start:\n{''.join(lines)}")
        yield Server(name, port, mark, directory, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _clean_environment() -> dict[str, str]:
    """Environment of a user, in which Python compiles the code once and not in each process."""
    left_out = ("RAY_", "RESTAURANT_QR_", "PYTHONDONTWRITEBYTECODE")
    return {k: v for k, v in os.environ.items() if not k.startswith(left_out)}


def token(role: str = "admin", **claims: object) -> str:
    """Token for the product; the baselines require none."""
    payload = {"role": role, "sub": "bench", "exp": int(time.time()) + 86_400, **claims}
    return jwt.encode(payload, SECRET, algorithm="HS256")
