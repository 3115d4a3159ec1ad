"""Backs up and restores the embedded store, and records backups of an external store.

Used by `./restaurant-qr backup`, `restore` and `repair`.
"""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import redis

from scripts.preflight import PreflightError
from service_settings import Settings
from storage import backup
from storage.data_folder import EmbeddedStoreError
from storage.embedded import EmbeddedStore

CANNOT = (PreflightError, EmbeddedStoreError, redis.RedisError, OSError, ValueError)
"""Errors that prevent a backup or restore. The message has the reason."""


def save(settings: Settings, to: Path) -> tuple[int, redis.RedisError | None]:
    """Write a backup; returns its size in bytes, and the error if its time was not recorded."""
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
    target = settings.data_dir if settings.redis_url is None else "your store"
    return f"The backup was restored into {target}: start the application.\n{_revoked(void_codes)}"


def _revoked(void_codes: bool) -> str:
    """Changes since the backup that were lost, and the steps that this requires."""
    return f"""
All tokens that the service issued are void, because any of them may have been revoked since the
backup. Guests scan again, managers sign devices in again, and `make token` issues new tokens.
Tokens of an identity provider remain valid.
{_CODES_VOIDED if void_codes else _CODES_KEPT}
Sessions that were closed since the backup are open again: close them."""


_CODES_VOIDED = "All printed table codes are void: print each restaurant's sheet."
_CODES_KEPT = """The table codes of the time of the backup are valid. If a table's code has been
replaced since, its old print is valid again and the new one is not: replace the code again, as
often as it has been replaced since, and the newest print is valid. If you do not know which tables
these are, void all printed codes before the start:
./restaurant-qr restore --complete --void-codes"""


def _own_store(settings: Settings) -> str:
    if settings.redis_url is None:
        raise PreflightError("Set RESTAURANT_QR_REDIS_URL to the URL of your store.")
    return settings.redis_url


def running_store(data_dir: Path) -> str | None:
    """The URL of the embedded store in this folder; None if it is not running."""
    url = EmbeddedStore(data_dir).url
    try:
        with redis.Redis.from_url(url) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url
