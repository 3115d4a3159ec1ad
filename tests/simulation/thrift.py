"""What is dear and always the same, done once for all seeds; none of it is looked at here."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from typing import Any
from unittest.mock import patch

import jwt
import starlette.routing

_compiled = cache(starlette.routing.compile_path)
_good: dict[str, Any] = {}
_decode = jwt.decode


@wraps(jwt.decode)
def _decoded(token: str, *args: Any, **how: Any) -> Any:
    if token not in _good:
        _good[token] = _decode(token, *args, **how)
    return _good[token]


@contextmanager
def thrifty() -> Iterator[None]:
    """Paths are compiled and tokens verified once."""
    with ExitStack() as patches:
        patches.enter_context(patch("starlette.routing.compile_path", _compiled))
        patches.enter_context(patch("gateway.signatures.jwt.decode", _decoded))
        yield
