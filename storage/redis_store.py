"""The store on Redis or Valkey: one server, a Sentinel's master, or a cluster."""

from collections.abc import Sequence

from protocol.ids import Address, Kind
from storage import keys, scripts
from storage.calls import OnFailure, ScriptCall, guarded
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
    on_failure: OnFailure = lambda cause, error: None,
) -> Store:
    """The store at a URL (see `connect`). Final entities, and history and audit entries of the
    others, are kept for `retention_s` seconds. `on_failure` is called for each failed call. Raises
    ValueError for an invalid URL or a durability that a cluster does not support."""
    limits = Limits(max(1, int(retention_s)))
    commands = commands_to(url, timeout_s)
    if durability is Durability.STORE:
        return RedisStore(commands, limits, on_failure=on_failure)
    if not commands.in_order:  # WAIT confirms one connection, and a cluster needs several
        raise ValueError(
            f"cannot use durability={durability.value} with a Redis Cluster, which cannot confirm "
            "writes to several nodes: set durability=store"
        )
    return RedisStore(commands, limits, Confirmation(durability, timeout_s), on_failure)


class RedisStore(Entities, Directory, Tokens):
    """Implements `Store` with the commands of Redis."""

    def __init__(
        self,
        commands: Commands,
        limits: Limits,
        confirmation: Confirmation | None = None,
        on_failure: OnFailure = lambda cause, error: None,
    ) -> None:
        super().__init__(commands, limits, confirmation, on_failure)

    @guarded
    async def consume_guess(self, client: str, count: int, *, every_s: float, burst: int) -> bool:
        arguments = [count, max(1, int(every_s * 1000)), burst]
        [allowed] = await self.run_script(scripts.GUESS, [([keys.guesses(client)], arguments)])
        return bool(allowed)

    # --- sweep -----------------------------------------------------------------------------------

    @guarded
    async def overdue(self, restaurants: Sequence[int], before: float, limit: int) -> list[Address]:
        by_score = ("BYSCORE", "LIMIT", 0, limit)
        replies = await self.execute(
            *(("ZRANGE", keys.due(each), "-inf", before, *by_score) for each in restaurants),
            dedicated=True,
        )
        found = []
        for restaurant, members in zip(restaurants, replies, strict=True):
            for member in members:
                kind, _, id_ = member.decode().partition(":")
                found.append(Address(Kind(kind), int(id_), restaurant))
        return found[:limit]

    @guarded
    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        call: ScriptCall = ([keys.lease(name)], [holder, max(1, int(seconds * 1000))])
        [has_lease] = await self.run_script(scripts.LEASE, [call])
        return bool(has_lease)

    # --- status ----------------------------------------------------------------------------------

    @guarded
    async def ping(self) -> None:
        await self.execute(("PING",))
        if self.confirmation is not None:
            [reply] = await self.execute(self.confirmation.command, dedicated=True)
            self.confirmation.check(reply)

    @guarded
    async def check(self) -> StoreStatus:
        await self.ping()
        return await self.commands.status()

    async def close(self) -> None:
        await self.commands.close()
