"""Classifies failed calls to a store by cause, for metrics and logs."""

from enum import StrEnum

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from storage.durability import NotConfirmed


class Cause(StrEnum):
    """The cause of a failed call. With the first four, the store is reachable but refuses writes,
    or cannot make them durable."""

    OUT_OF_MEMORY = "out_of_memory"
    READ_ONLY = "read_only"
    DISK = "disk"
    NO_REPLICA = "no_replica"
    LOADING = "loading"
    DENIED = "denied"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    OTHER = "other"


# The first match counts: some of these are also subclasses of RedisConnectionError.
_BY_TYPE: tuple[tuple[type[BaseException], Cause], ...] = (
    (OutOfMemoryError, Cause.OUT_OF_MEMORY),
    (ReadOnlyError, Cause.READ_ONLY),
    (NotConfirmed, Cause.NO_REPLICA),
    (BusyLoadingError, Cause.LOADING),
    (AuthenticationError, Cause.DENIED),
    (NoPermissionError, Cause.DENIED),
    (RedisTimeoutError, Cause.TIMEOUT),
    (TimeoutError, Cause.TIMEOUT),
    (RedisConnectionError, Cause.CONNECTION),
    (RedisClusterException, Cause.CONNECTION),
    (OSError, Cause.CONNECTION),
)
_BY_CODE = {"MISCONF": Cause.DISK, "NOREPLICAS": Cause.NO_REPLICA}
"""Error codes for which redis-py has no exception class."""


def cause_of(error: BaseException) -> Cause:
    """The cause of an exception of the store's client."""
    for type_, cause in _BY_TYPE:
        if isinstance(error, type_):
            return cause
    text = str(error)  # in a pipeline, redis-py prepends its own text to the code
    return next((cause for code, cause in _BY_CODE.items() if f"{code} " in text), Cause.OTHER)
