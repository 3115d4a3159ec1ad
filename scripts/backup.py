"""Saves the embedded store, running or not: `python -m scripts.backup FILE`.

Restores a backup while nothing runs: `python -m scripts.backup --restore FILE`. Repairs files that
a power cut has damaged: `python -m scripts.backup --repair`. A store of your own is backed up with
its own means, followed by `python -m scripts.backup --record`, which is what the alert `BackupOld`
asks for; after it was put back: `python -m scripts.backup --restored`.

`--restore` and `--restored` void all tokens of the service, with `--void-codes` also the printed
table codes.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import redis

from scripts.before_start import CannotStart, settings_of_environment
from serve_app import Settings
from storage import backup
from storage.data_folder import EmbeddedStoreError
from storage.embedded import EmbeddedStore
from storage.repair import repair


def save(settings: Settings, to: Path) -> str:
    with ExitStack() as stack:
        url = _running(settings.data_dir)
        if url is None:
            store = EmbeddedStore(settings.data_dir)
            store.start()
            stack.callback(store.stop)
            url = store.url
        size = backup.snapshot(url, settings.data_dir, to)
        saved = (
            f"{to}: {size:,} bytes. It holds guests' data and codes: keep it as safe as the store."
        )
        try:
            asyncio.run(backup.record(url))
        except redis.RedisError as error:
            return f"{saved}\nThe backup is complete, but its time could not be recorded ({error})."
    return saved


def restore(settings: Settings, backup_file: Path, *, void_codes: bool) -> str:
    backup.put_back(backup_file, settings.data_dir.absolute())
    return restored(settings, void_codes=void_codes)


def record(settings: Settings) -> str:
    asyncio.run(backup.record(_own_store(settings)))
    return "Recorded: the store has just been backed up."


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
are, void all printed codes before the start: python -m scripts.backup --restored --void-codes"""


def _own_store(settings: Settings) -> str:
    if settings.redis_url is None:
        raise CannotStart("Set RESTAURANT_QR_REDIS_URL to the address of that store.")
    return settings.redis_url


def _running(data_dir: Path) -> str | None:
    """Where the embedded store of this folder answers, if it runs."""
    url = EmbeddedStore(data_dir).url
    try:
        with redis.Redis.from_url(url) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", help="the backup to write or restore")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--restore", action="store_true", help="restore the backup")
    how.add_argument(
        "--restored", action="store_true", help="call after restoring a store of your own"
    )
    how.add_argument(
        "--record", action="store_true", help="record that a store of your own was backed up"
    )
    how.add_argument("--repair", action="store_true", help="repair the embedded store's files")
    parser.add_argument(
        "--void-codes", action="store_true", help="with --restore, --restored: void printed codes"
    )
    wanted = parser.parse_args(arguments)
    if wanted.void_codes and not (wanted.restore or wanted.restored):
        parser.error("--void-codes needs --restore or --restored")
    of_own_store = wanted.restored or wanted.record
    if (wanted.file is None) != (of_own_store or wanted.repair):
        parser.error("give one FILE, or none with --restored, --record and --repair")
    try:
        settings = settings_of_environment()
        if settings.redis_url is not None and not of_own_store:
            raise CannotStart(
                "RESTAURANT_QR_REDIS_URL names a store of your own: back it up by its own means."
            )
        if wanted.restored:
            print(restored(settings, void_codes=wanted.void_codes))
        elif wanted.record:
            print(record(settings))
        elif wanted.repair:
            print("\n".join(repair(settings.data_dir.absolute())))
        elif wanted.restore:
            print(restore(settings, wanted.file, void_codes=wanted.void_codes))
        else:
            print(save(settings, wanted.file))
    except (CannotStart, EmbeddedStoreError, redis.RedisError, OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
