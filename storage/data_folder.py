"""The embedded store's data folder: its lock, its access rights, and the parts of its log.

Valkey keeps an append-only log in `appendonlydir`: a base file, the commands appended since, and a
manifest that names both. The server itself is in `storage/embedded.py`, the repair of a log in
`storage/repair.py`.
"""

import fcntl
import time
from pathlib import Path
from typing import IO

LOCK_TIMEOUT_S = 5.0
"""How long to wait for the lock: the server of a killed run first writes its data to disk."""
LOG = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
REPAIR = "run `./restaurant-qr repair`, or restore a backup"


class EmbeddedStoreError(Exception):
    """The embedded store cannot be used. The message names the reason and, if known, the remedy."""


def claim_data_dir(data_dir: Path) -> IO[str]:
    """Create the data folder and lock it until the returned file is closed. Raises
    EmbeddedStoreError."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open(data_dir / "lock", "w")  # noqa: SIM115  # locked while the server runs
    except OSError as error:
        raise EmbeddedStoreError(
            f"Cannot write to the data folder {data_dir} ({error.strerror}). "
            "Choose another with RESTAURANT_QR_DATA_DIR."
        ) from error
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError as error:
            if time.monotonic() > deadline:
                lock.close()
                raise EmbeddedStoreError(
                    f"Cannot use the data folder {data_dir} because another run uses it. Stop that "
                    "run, or choose another folder with RESTAURANT_QR_DATA_DIR."
                ) from error
            time.sleep(0.05)


def make_private(data_dir: Path) -> None:
    """Let only the owner read the store's files, which contain guests' data and session codes.
    Earlier releases created them readable for all users. Raises OSError."""
    log = data_dir / LOG
    for path in (log, *log.glob("*"), *(data_dir / name for name in ("valkey.log", "dump.rdb"))):
        if path.exists():
            path.chmod(path.stat().st_mode & 0o700)


def parts(data_dir: Path) -> list[Path]:
    """The data files of the log, ordered by name."""
    return sorted(
        path
        for path in (data_dir / LOG).glob("appendonly.aof.*")
        if path.suffix in (".rdb", ".aof") and path.stat().st_size
    )


def check_manifest(data_dir: Path) -> None:
    """Raise EmbeddedStoreError if the log has data but its manifest names no file. Valkey would
    start empty and overwrite the data."""
    if parts(data_dir) and not has_manifest(data_dir):
        raise EmbeddedStoreError(
            f"Cannot start the embedded Valkey because {data_dir / LOG} has data but its file "
            f"{MANIFEST} is missing or empty. To fix this, {REPAIR}."
        )


def has_manifest(data_dir: Path) -> bool:
    """Whether the manifest names any file."""
    try:
        return (data_dir / LOG / MANIFEST).read_bytes().startswith(b"file ")
    except FileNotFoundError:
        return False
