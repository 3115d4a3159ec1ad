"""Registered tokens, and the credentials that apply to all of them."""

import time
from collections.abc import Sequence

from storage import keys
from storage.calls import Calls, guarded
from storage.store import Credentials


class Tokens(Calls):
    """Implements `TokenStore`. Changes of the list are durable when the call returns."""

    @guarded
    async def credentials(self) -> Credentials:
        key = keys.credentials()
        fields = [("HGET", key, field) for field in ("tokens", "codes", "since")]
        started = ("HSETNX", key, "since", time.time())
        _, tokens, codes, since = await self.execute(started, *fields, dedicated=True)
        return Credentials((tokens or b"").decode(), (codes or b"").decode(), float(since))

    @guarded
    async def register_token(self, token_id: int, row: bytes) -> None:
        await self.write(("HSET", keys.tokens(), token_id, row))

    @guarded
    async def tokens(self) -> dict[int, bytes]:
        [rows] = await self.execute(("HGETALL", keys.tokens()), dedicated=True)
        return {int(token_id): row for token_id, row in rows.items()}

    @guarded
    async def lists_tokens(self, token_ids: Sequence[int]) -> list[bool]:
        if not token_ids:
            return []
        [rows] = await self.execute(("HMGET", keys.tokens(), *token_ids))
        return [row is not None for row in rows]

    @guarded
    async def remove_tokens(self, token_ids: Sequence[int]) -> int:
        if not token_ids:
            return 0
        return int(await self.write(("HDEL", keys.tokens(), *token_ids)))
