"""The embedded store's data folder: its lock, its access rights, and the parts of its log.

Valkey keeps an append-only log in `appendonlydir`: a base, what was appended since, and a manifest
that names both. The server itself is in `storage/embedded.py`, the repair of a log in
`storage/repair.py`.
"""

import fcntl
import time
from pathlib import Path
from typing import IO

LOCK_PATIENCE_S = 5.0
"""How long the server of a run that was killed may take to put its data on disk."""
LOG = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
REPAIR = "run `.venv/bin/python -m scripts.backup --repair`, or restore a backup"


class EmbeddedStoreError(Exception):
    """One sentence that says what is wrong, and what to do where that is known."""


def claim_data_dir(data_dir: Path) -> IO[str]:
    """The data folder's lock, made and held. Raises EmbeddedStoreError."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open(data_dir / "lock", "w")  # noqa: SIM115  # held as long as the server runs
    except OSError as error:
        raise EmbeddedStoreError(
            f"The data folder {data_dir} cannot be written ({error.strerror}): "
            "choose another with RESTAURANT_QR_DATA_DIR."
        ) from error
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError as error:
            if time.monotonic() > deadline:
                lock.close()
                raise EmbeddedStoreError(
                    f"The data folder {data_dir} is in use by another run: end that one, or choose "
                    "another folder with RESTAURANT_QR_DATA_DIR."
                ) from error
            time.sleep(0.05)


def make_private(data_dir: Path) -> None:
    """Take the store's files from all users but their owner: guests' data and session codes are in
    them, and earlier versions let everybody read them. Raises OSError."""
    log = data_dir / LOG
    for path in (log, *log.glob("*"), *(data_dir / name for name in ("valkey.log", "dump.rdb"))):
        if path.exists():
            path.chmod(path.stat().st_mode & 0o700)


def parts(data_dir: Path) -> list[Path]:
    """The files with data of the log, in the order of their names."""
    return sorted(
        path
        for path in (data_dir / LOG).glob("appendonly.aof.*")
        if path.suffix in (".rdb", ".aof") and path.stat().st_size
    )


def check_manifest(data_dir: Path) -> None:
    """Raise EmbeddedStoreError if the log has data and a manifest that names none of it: Valkey
    would start without the data, and write over it."""
    if parts(data_dir) and not has_manifest(data_dir):
        raise EmbeddedStoreError(
            f"The embedded Valkey is not started, because {data_dir / LOG} has data but its file "
            f"{MANIFEST} is missing or empty: {REPAIR}."
        )


def has_manifest(data_dir: Path) -> bool:
    """Whether the manifest names any file."""
    try:
        return (data_dir / LOG / MANIFEST).read_bytes().startswith(b"file ")
    except FileNotFoundError:
        return False
