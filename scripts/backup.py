"""Backs up and restores the embedded store, and records the same of a store of your own.

`./restaurant-qr backup`, `restore` and `repair` call this.
"""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import redis

from scripts.preflight import PreflightError
from serve_app import Settings
from storage import backup
from storage.data_folder import EmbeddedStoreError
from storage.embedded import EmbeddedStore

CANNOT = (PreflightError, EmbeddedStoreError, redis.RedisError, OSError, ValueError)
"""The backup or restore cannot be done. The message says why."""


def save(settings: Settings, to: Path) -> tuple[int, redis.RedisError | None]:
    """The bytes written, and why the time of the backup could not be recorded."""
    with ExitStack() as stack:
        url = running_store(settings.data_dir)
        if url is None:
            store = EmbeddedStore(settings.data_dir)
            store.start()
            stack.callback(store.stop)
            url = store.url
        size = backup.snapshot(url, settings.data_dir, to)
        try:
            asyncio.run(backup.record_backup(url))
        except redis.RedisError as error:
            return size, error
    return size, None


def restore(settings: Settings, backup_file: Path, *, void_codes: bool) -> str:
    backup.restore(backup_file, settings.data_dir.absolute())
    return restored(settings, void_codes=void_codes)


def record(settings: Settings) -> None:
    asyncio.run(backup.record_backup(_own_store(settings)))


def restored(settings: Settings, *, void_codes: bool) -> str:
    with ExitStack() as stack:
        url = settings.redis_url
        if url is None:
            store = EmbeddedStore(settings.data_dir)
            store.start()
            stack.callback(store.stop)
            url = store.url
        asyncio.run(backup.after_restore(url, void_codes=void_codes))
    where = settings.data_dir if settings.redis_url is None else "your store"
    return f"The backup is in {where}: start the application.\n{_revoked(void_codes)}"


def _revoked(void_codes: bool) -> str:
    """The state that a backup lacks, and the steps that it requires."""
    return f"""
All tokens that the service issued before are void, since any of them may have been revoked since
the backup. Guests scan again, managers sign the devices in again, `make token` issues new tokens.
Tokens of an identity provider are not affected.
{_CODES_VOIDED if void_codes else _CODES_KEPT}
Sessions that were closed since the backup are open again: close them."""


_CODES_VOIDED = "All printed table codes are void: print each restaurant's sheet."
_CODES_KEPT = """Printed table codes are as they were at the backup. If a table's code was replaced
since, the old print is valid again and the new one is refused: replace the table's code again, as
often as it was replaced since, and the newest print is valid. If you do not know which tables that
are, void all printed codes before the start: ./restaurant-qr restore --complete --void-codes"""


def _own_store(settings: Settings) -> str:
    if settings.redis_url is None:
        raise PreflightError("Set RESTAURANT_QR_REDIS_URL to the address of that store.")
    return settings.redis_url


def running_store(data_dir: Path) -> str | None:
    """The URL of this folder's embedded store, if it runs."""
    url = EmbeddedStore(data_dir).url
    try:
        with redis.Redis.from_url(url) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url
