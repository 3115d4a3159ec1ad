"""The store on Redis or Valkey: one server, a Sentinel's master, or a cluster."""

from collections.abc import Sequence

from protocol.ids import Address, Kind
from storage import keys, scripts
from storage.calls import Failed, ScriptCall, guarded
from storage.commands import Commands, commands_to
from storage.commit import Limits
from storage.directory import Directory
from storage.durability import Confirmation, Durability
from storage.entities import Entities
from storage.store import Store, StoreStatus
from storage.tokens import Tokens


def open_store(
    url: str,
    *,
    retention_s: float,
    timeout_s: float = 2.0,
    durability: Durability = Durability.STORE,
    failed: Failed = lambda cause, error: None,
) -> Store:
    """The store at a URL, see `connect`; ValueError for a URL that is none. Settled entities are
    kept for `retention_s`, and so is the past of those that never settle. `failed` is called for
    each call that fails."""
    limits = Limits(max(1, int(retention_s)))
    commands = commands_to(url, timeout_s)
    if durability is Durability.STORE:
        return RedisStore(commands, limits, failed=failed)
    if not commands.in_order:  # a cluster has no one log, and no one connection to wait on
        raise ValueError("a cluster confirms nothing further: leave durability at 'store'")
    return RedisStore(commands, limits, Confirmation(durability, timeout_s), failed)


class RedisStore(Entities, Directory, Tokens):
    """`Store` over `Commands`."""

    def __init__(
        self,
        commands: Commands,
        limits: Limits,
        confirmation: Confirmation | None = None,
        failed: Failed = lambda cause, error: None,
    ) -> None:
        super().__init__(commands, limits, confirmation, failed)

    @guarded
    async def consume_guess(self, who: str, count: int, *, every_s: float, burst: int) -> bool:
        arguments = [count, max(1, int(every_s * 1000)), burst]
        [allowed] = await self.run_script(scripts.GUESS, [([keys.guesses(who)], arguments)])
        return bool(allowed)

    # --- sweep -----------------------------------------------------------------------------------

    @guarded
    async def overdue(self, restaurants: Sequence[int], before: float, limit: int) -> list[Address]:
        by_score = ("BYSCORE", "LIMIT", 0, limit)
        answers = await self.execute(
            *(("ZRANGE", keys.due(each), "-inf", before, *by_score) for each in restaurants),
            apart=True,
        )
        found = []
        for restaurant, members in zip(restaurants, answers, strict=True):
            for member in members:
                kind, _, id_ = member.decode().partition(":")
                found.append(Address(Kind(kind), int(id_), restaurant))
        return found[:limit]

    @guarded
    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        call: ScriptCall = ([keys.lease(name)], [holder, max(1, int(seconds * 1000))])
        [held] = await self.run_script(scripts.LEASE, [call])
        return bool(held)

    # --- the store as a whole --------------------------------------------------------------------

    @guarded
    async def ping(self) -> None:
        await self.execute(("PING",))
        if self.confirmation is not None:
            [answer] = await self.execute(self.confirmation.command, apart=True)
            self.confirmation.check(answer)

    @guarded
    async def check(self) -> StoreStatus:
        await self.ping()
        return await self.commands.status()

    async def close(self) -> None:
        await self.commands.close()
