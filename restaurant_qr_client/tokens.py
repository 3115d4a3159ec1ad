"""The token of a client and its renewal, which all channels and requests share."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

Renew = Callable[[], Awaitable[str | None] | str | None]


class Tokens:
    """`current` is the token in use."""

    def __init__(self, token: str | None, renew: Renew | None) -> None:
        self.current = token
        self._renew = renew
        self._lock = asyncio.Lock()

    async def renew(self, rejected: str | None) -> str | None:
        """Another token than the rejected one, or None if there is none.

        Calls the client's function once for all callers that wait, and raises what it raises.
        """
        async with self._lock:
            if self.current != rejected:
                return self.current
            if self._renew is None:
                return None
            renewed = self._renew()
            token = await renewed if inspect.isawaitable(renewed) else renewed
            if token is not None:
                self.current = token
            return token
