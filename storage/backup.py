"""Snapshots of the embedded store, and what a store needs that was put back to one.

A store that went back has forgotten events that clients know, and ids that they were given. So
every entity gets a new epoch, which makes clients take a snapshot instead of resuming, and a
stretch of ids is left out.
"""

import os
import shutil
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis

from protocol.ids import Kind
from storage import keys
from storage.connect import connect, disconnect
from storage.embedded import EmbeddedStoreError, claim_data_dir

SKIPPED_IDS = 1_000_000
"""More than any chain gives out between a backup and its restoration."""
SNAPSHOT_TIMEOUT_S = 600.0
_DUMP = "dump.rdb"
_LOG = "appendonlydir"
_BASE = "appendonly.aof.1.base.rdb"
_BATCH = 1000


def snapshot(url: str, data_dir: Path, to: Path) -> int:
    """One moment of a running embedded store as a file; its size in bytes.

    The store works on meanwhile. Raises EmbeddedStoreError.
    """
    dump = data_dir / _DUMP
    try:
        with redis.Redis.from_url(url) as client:
            before = client.lastsave()
            client.bgsave()
            deadline = time.monotonic() + SNAPSHOT_TIMEOUT_S
            while True:
                about: Any = client.info("persistence")
                if not about["rdb_bgsave_in_progress"]:
                    break
                if time.monotonic() > deadline:
                    raise EmbeddedStoreError("The snapshot takes too long: is the disk busy?")
                time.sleep(0.05)
            if about["rdb_last_bgsave_status"] != "ok" or client.lastsave() < before:
                raise EmbeddedStoreError("The snapshot failed: is there room on the disk?")
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


def put_back(backup: Path, data_dir: Path) -> None:
    """Make a backup the data of an embedded store that does not run and has none.

    Raises EmbeddedStoreError.
    """
    with claim_data_dir(data_dir):
        log = data_dir / _LOG
        if log.exists():
            raise EmbeddedStoreError(
                f"{data_dir} has data already: move {log} away, or choose another data folder."
            )
        try:
            with open(backup, "rb") as source:
                if source.read(5) not in (b"REDIS", b"VALKE"):
                    raise EmbeddedStoreError(f"{backup} is not a backup of a store.")
            log.mkdir()
            shutil.copyfile(backup, log / _BASE)
            (log / "appendonly.aof.manifest").write_text(f"file {_BASE} seq 1 type b\n")
        except OSError as error:
            shutil.rmtree(log, ignore_errors=True)
            raise EmbeddedStoreError(f"{backup} cannot be put back: {error}.") from error


async def begin_anew(url: str) -> int:
    """After a store went back: new epochs, and ids that nobody was given; the number of entities.

    Nothing else may use the store meanwhile. Raises redis.RedisError and OSError.
    """
    client = connect(url, timeout_s=60)
    entities = 0
    try:
        batch: list[bytes] = []
        async for key in client.scan_iter(match="rq:{*}:*", count=_BATCH, _type="hash"):
            batch.append(key)
            if len(batch) >= _BATCH:
                entities += await _renew(client, batch)
                batch = []
        entities += await _renew(client, batch)
        for kind in Kind:
            counter = keys.counter(kind)
            if await client.exists(counter):
                await client.incrby(counter, SKIPPED_IDS)
    finally:
        await disconnect(client)
    return entities


async def _renew(client: Any, candidates: list[bytes]) -> int:
    """A new epoch for those that are stored entities."""
    pipe = client.pipeline(transaction=False)
    for key in candidates:
        pipe.hexists(key, "epoch")
    stored = await pipe.execute() if candidates else []
    renewed = [key for key, has in zip(candidates, stored, strict=True) if has]
    pipe = client.pipeline(transaction=False)
    for key in renewed:
        pipe.hset(key, "epoch", uuid4().hex[:12])
    if renewed:
        await pipe.execute()
    return len(renewed)
