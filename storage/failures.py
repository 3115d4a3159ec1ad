"""Why a store did not do what it was asked, in a few words that can be counted."""

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
    """The first four are a store that answers, and refuses or does not keep what is written."""

    OUT_OF_MEMORY = "out_of_memory"
    READ_ONLY = "read_only"
    DISK = "disk"
    NO_REPLICA = "no_replica"
    LOADING = "loading"
    DENIED = "denied"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    OTHER = "other"


# In this order: some of these are connection errors, too.
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
"""Errors for which the client has no class of its own."""


def cause_of(error: BaseException) -> Cause:
    """The cause of what a client of a store has raised."""
    for type_, cause in _BY_TYPE:
        if isinstance(error, type_):
            return cause
    text = str(error)  # of a pipeline, its own words stand before the code
    return next((cause for code, cause in _BY_CODE.items() if f"{code} " in text), Cause.OTHER)
