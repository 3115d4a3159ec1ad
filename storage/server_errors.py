"""Converts error replies of a server to the exceptions that redis-py raises for them."""

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

_BY_CODE: dict[str, type[Exception]] = {
    "LOADING": BusyLoadingError,
    "NOAUTH": AuthenticationError,
    "NOPERM": NoPermissionError,
    "NOSCRIPT": NoScriptError,
    "OOM": OutOfMemoryError,
    "READONLY": ReadOnlyError,
    "WRONGPASS": AuthenticationError,
}
_TOO_MANY_CLIENTS = "ERR max number of clients reached"


def error_of(text: str) -> Exception:
    """The exception for an error reply. Its text includes the error code, unless the class
    represents the code."""
    code, _, rest = text.partition(" ")
    if code in _BY_CODE:
        return _BY_CODE[code](rest)
    if text == _TOO_MANY_CLIENTS:
        return RedisConnectionError(text)
    return ResponseError(text)
