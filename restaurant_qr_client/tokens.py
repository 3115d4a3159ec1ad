"""The token of a client, and how it gets another one: asked for once, whoever needs it."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

Renew = Callable[[], Awaitable[str | None] | str | None]


class Tokens:
    """`current` is the one in use."""

    def __init__(self, token: str | None, renew: Renew | None) -> None:
        self.current = token
        self._renew = renew
        self._asking = asyncio.Lock()

    async def after(self, refused: str | None) -> str | None:
        """Another token than the one that was refused; None where there is none. Raises what
        `renew` raises: it cannot be told now."""
        async with self._asking:
            if self.current != refused:
                return self.current
            if self._renew is None:
                return None
            answer = self._renew()
            token = await answer if inspect.isawaitable(answer) else answer
            if token is not None:
                self.current = token
            return token
