"""The token of a client and its renewal, which all channels and requests share."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

Renew = Callable[[], Awaitable[str | None] | str | None]


class Tokens:
    """Holds and renews the token; `current` is the one in use."""

    def __init__(self, token: str | None, renew: Renew | None) -> None:
        self.current = token
        self._renew = renew
        self._lock = asyncio.Lock()

    async def renew(self, rejected: str | None) -> str | None:
        """Returns a token other than the rejected one, or None if there is none.

        Calls the application's function once for all waiting callers, and raises its exceptions.
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
