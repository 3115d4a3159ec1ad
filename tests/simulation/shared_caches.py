"""Caches for expensive results that are the same in every seed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from typing import Any
from unittest.mock import patch

import jwt
import starlette.routing

_compiled = cache(starlette.routing.compile_path)
_valid: dict[str, Any] = {}
_decode = jwt.decode


@wraps(jwt.decode)
def _decoded(token: str, *args: Any, **how: Any) -> Any:
    if token not in _valid:
        _valid[token] = _decode(token, *args, **how)
    return _valid[token]


@contextmanager
def shared_caches() -> Iterator[None]:
    """Compile each path and verify each token once."""
    with ExitStack() as patches:
        patches.enter_context(patch("starlette.routing.compile_path", _compiled))
        patches.enter_context(patch("gateway.auth.token_verifier.jwt.decode", _decoded))
        yield
