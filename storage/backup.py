"""Snapshots of the embedded store, and what a store needs that was put back to one.

A store that went back has forgotten events that clients know, and ids that they were given. That
it has been started since gives every entity a new epoch when it is next claimed, which makes
clients take a snapshot instead of resuming; this module skips a range of ids. Tokens revoked since
the backup are valid again in it, so this module voids all tokens.
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
"""More than any chain gives out between a backup and its restoration."""
SKIPPED_RESTAURANT_IDS = 1_000
"""The same for restaurants. Each sweep reads their directory from the first id to the last, so a
larger gap would slow down every sweep."""
SNAPSHOT_TIMEOUT_S = 600.0
_DUMP = "dump.rdb"
_BASE = "appendonly.aof.1.base.rdb"


def snapshot(url: str, data_dir: Path, to: Path) -> int:
    """One moment of a running embedded store as a file; its size in bytes.

    The store keeps running. Raises EmbeddedStoreError.
    """
    dump = data_dir / _DUMP
    try:
        with redis.Redis.from_url(url) as client:
            _write(dump, client)
        made = to.with_name(f"{to.name}.part")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as target, open(dump, "rb") as source:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        made.replace(to)
        return to.stat().st_size
    except (redis.RedisError, OSError) as error:
        raise EmbeddedStoreError(f"The backup cannot be made: {error}.") from error
    finally:
        dump.unlink(missing_ok=True)


def _write(dump: Path, client: redis.Redis) -> None:
    """Start a new dump, once the log is not being rewritten."""
    deadline = time.monotonic() + SNAPSHOT_TIMEOUT_S
    asked = False
    while not (asked and dump.exists()):
        about: Any = client.info("persistence")
        if not about["rdb_bgsave_in_progress"] and not about["aof_rewrite_in_progress"]:
            if asked and not dump.exists():
                raise EmbeddedStoreError("The snapshot failed: is there room on the disk?")
            dump.unlink(missing_ok=True)
            with suppress(redis.ResponseError):  # a rewrite has begun this very moment
                client.bgsave(schedule=False)
                asked = True
        if time.monotonic() > deadline:
            raise EmbeddedStoreError("The snapshot takes too long: is the disk busy?")
        time.sleep(0.05)


def restore(backup: Path, data_dir: Path) -> None:
    """Make a backup the data of an embedded store that does not run and has none.

    Raises EmbeddedStoreError.
    """
    with claim_data_dir(data_dir):
        log = data_dir / LOG
        if log.exists():
            raise EmbeddedStoreError(
                f"{data_dir} has data already: move {log} away, or choose another data folder."
            )
        try:
            with open(backup, "rb") as source:
                if source.read(5) not in (b"REDIS", b"VALKE"):
                    raise EmbeddedStoreError(f"{backup} is not a backup of a store.")
            log.mkdir(mode=0o700)
            shutil.copyfile(backup, log / _BASE)
            (log / MANIFEST).write_text(f"file {_BASE} seq 1 type b\n")
        except OSError as error:
            shutil.rmtree(log, ignore_errors=True)
            raise EmbeddedStoreError(f"{backup} cannot be put back: {error}.") from error


async def after_restore(url: str, *, void_codes: bool) -> None:
    """Call after a store was restored: skip all ids that may have been issued since the backup, and
    void all tokens, since any may have been revoked. `void_codes`: void printed codes, too.

    Nothing else may use the store until this returns. Raises redis.RedisError and OSError.
    """
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
