"""Polling for a condition, instead of a fixed sleep before an assertion."""

import asyncio
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

PERIOD_S = 0.01


async def eventually(
    check: Callable[[], Any], timeout_s: float = 10.0, *, period_s: float = PERIOD_S
) -> Any:
    """Call `check`, and await what it returns, until the result is true. Returns the result.
    Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while True:
            result = check()
            if isawaitable(result):
                result = await result
            if result:
                return result
            await asyncio.sleep(period_s)
