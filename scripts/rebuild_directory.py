"""Rebuilds the directory of ids from the stored entities: `./restaurant-qr repair --directory`.

The application may keep running, because nothing is overwritten or removed. Run it if a stored
entity is not found by its id, and after a node of a Redis Cluster has lost its last writes.
"""

from scripts.backup import running_store
from scripts.preflight import PreflightError
from service_settings import Settings
from storage.connect import connect, disconnect
from storage.rebuild import Rebuilt, rebuild_directory

TIMEOUT_S = 60.0


async def rebuild(settings: Settings) -> Rebuilt:
    """Rebuild the directory. Raises PreflightError if no store is running, ValueError for an
    invalid address, redis.RedisError and OSError."""
    url = settings.redis_url or running_store(settings.data_dir)
    if url is None:
        raise PreflightError(
            f"Cannot rebuild the directory because no store runs on {settings.data_dir}. "
            "Start the application, or set RESTAURANT_QR_REDIS_URL."
        )
    client = connect(url, TIMEOUT_S)
    try:
        return await rebuild_directory(client, int(settings.retention_days * 86_400))
    finally:
        await disconnect(client)


def report(done: Rebuilt) -> str:
    """A report of the repairs, one sentence per line."""
    lines = [
        f"{done.entities:,} entities: {done.entries_added:,} directory entries and "
        f"{done.codes_added:,} session codes were missing and have been added."
    ]
    lines += [
        f"The counter of {kind.value} ids was too low and has been raised."
        for kind in done.counters_raised
    ]
    lines += [
        f"{each} of restaurant {each.restaurant} cannot be found: "
        "the directory gives its id to another restaurant."
        for each in done.conflicts
    ]
    return "\n".join(lines)
