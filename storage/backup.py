"""Backs up the embedded store, and prepares a restored store for use.

A restored store lacks the events, ids and token revocations since the backup. Its restart gives
each entity a new epoch at the next claim, so clients receive a snapshot instead of resuming. This
module skips a range of ids, so that none is issued twice, and voids all tokens, because some may
have been revoked since the backup.
"""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis

from protocol.ids import NUMBERED, Kind
from storage import keys
from storage.connect import connect, disconnect
from storage.data_folder import LOG, MANIFEST, EmbeddedStoreError, claim_data_dir
from storage.store import new_epoch

SKIPPED_IDS = 1_000_000
"""More ids of a kind than any chain issues between a backup and its restoration."""
SKIPPED_RESTAURANT_IDS = 1_000
"""The same for restaurants. Each sweep reads their directory from the first id to the last, so a
larger gap would slow down every sweep."""
SNAPSHOT_TIMEOUT_S = 600.0
_DUMP = "dump.rdb"
_BASE = "appendonly.aof.1.base.rdb"


def snapshot(url: str, data_dir: Path, to: Path) -> int:
    """Back up a running embedded store to the file `to`. Returns the file's size in bytes. Raises
    EmbeddedStoreError."""
    dump = data_dir / _DUMP
    try:
        with redis.Redis.from_url(url) as client:
            _write(dump, client)
        partial = to.with_name(f"{to.name}.part")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as target, open(dump, "rb") as source:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        partial.replace(to)
        return to.stat().st_size
    except (redis.RedisError, OSError) as error:
        raise EmbeddedStoreError(f"Cannot write the backup {to}: {error}.") from error
    finally:
        dump.unlink(missing_ok=True)


def _write(dump: Path, client: redis.Redis) -> None:
    """Have the server write a new dump, and wait for it. While the server rewrites its log, it
    cannot start a dump. Raises EmbeddedStoreError and redis.RedisError."""
    deadline = time.monotonic() + SNAPSHOT_TIMEOUT_S
    started = False
    while not (started and dump.exists()):
        info: Any = client.info("persistence")
        if not info["rdb_bgsave_in_progress"] and not info["aof_rewrite_in_progress"]:
            if started and not dump.exists():
                raise EmbeddedStoreError(
                    "Cannot write the backup because the server failed to write its snapshot. "
                    "Check the free disk space of the data folder, and valkey.log in it."
                )
            dump.unlink(missing_ok=True)
            with suppress(redis.ResponseError):  # a log rewrite started after the check above
                client.bgsave(schedule=False)
                started = True
        if time.monotonic() > deadline:
            raise EmbeddedStoreError(
                "Cannot write the backup because the server has not finished its snapshot in "
                f"{SNAPSHOT_TIMEOUT_S:g} s. Check whether the disk is overloaded, and try again."
            )
        time.sleep(0.05)


def restore(backup: Path, data_dir: Path) -> None:
    """Restore a backup into the data folder of an embedded store that is stopped and empty. Raises
    EmbeddedStoreError."""
    with claim_data_dir(data_dir):
        log = data_dir / LOG
        if log.exists():
            raise EmbeddedStoreError(
                f"Cannot restore into {data_dir} because it has data already. Move {log} away, or "
                "choose another data folder."
            )
        try:
            with open(backup, "rb") as source:
                if source.read(5) not in (b"REDIS", b"VALKE"):
                    raise EmbeddedStoreError(
                        f"Cannot restore {backup} because it is not a backup of a store."
                    )
            log.mkdir(mode=0o700)
            shutil.copyfile(backup, log / _BASE)
            (log / MANIFEST).write_text(f"file {_BASE} seq 1 type b\n")
        except OSError as error:
            shutil.rmtree(log, ignore_errors=True)
            raise EmbeddedStoreError(f"Cannot restore {backup}: {error}.") from error


async def after_restore(url: str, *, void_codes: bool) -> None:
    """Prepare a restored store for use: skip the ids that may have been issued since the backup,
    and void all tokens and, if `void_codes`, all printed codes. Call it before anything else uses
    the store. Raises redis.RedisError and OSError."""
    client = connect(url, timeout_s=60)
    try:
        await client.hset(keys.credentials(), "tokens", new_epoch())
        if void_codes:
            await client.hset(keys.credentials(), "codes", new_epoch())
        await client.delete(keys.tokens())
        for kind in NUMBERED:
            counter = keys.counter(kind)
            if await client.exists(counter):
                skipped = SKIPPED_RESTAURANT_IDS if kind is Kind.RESTAURANT else SKIPPED_IDS
                await client.incrby(counter, skipped)
    finally:
        await disconnect(client)


async def record_backup(url: str) -> None:
    """Record that a store was just backed up, for the alert on the age of the last backup. Raises
    redis.RedisError and OSError."""
    client = connect(url, timeout_s=60)
    try:
        await client.set(keys.backup(), int(time.time()))
    finally:
        await disconnect(client)
