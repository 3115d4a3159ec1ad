"""New ids, reserved in blocks and registered in the directory, numbers of orders, and new session
codes.

Concurrent reservations share one round trip to the store.
"""

import asyncio
import secrets
from collections import Counter, deque
from itertools import islice

from gateway.backend.coalescing import Coalesced
from gateway.backend.directory import Directory
from protocol.caller import Caller
from protocol.ids import Address, Kind
from storage.store import OrderNumbers, Series, Store

CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits without the look-alikes I, O, 0 and 1."""
CODE_LENGTH = 6
MAX_BLOCK_SIZE = 32
"""Maximum number of ids or numbers reserved together for one series and restaurant. Blocks grow
with use."""
_ALLOCATED_IN_BLOCKS = (Kind.SESSION, Kind.ORDER)
"""Kinds with many entities. Ids of the others are read by people, so they have no gaps."""


class _Block:
    """Ids or numbers of one series that are reserved for one restaurant."""

    __slots__ = ("left", "size")

    def __init__(self, size: int = 1) -> None:
        self.left: deque[int] = deque()
        self.size = size


class IdAllocator:
    """Reserves ids and numbers for one gateway. All methods raise StoreUnavailable."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._ids: dict[tuple[Kind, int], _Block] = {}
        self._numbers: dict[int, tuple[OrderNumbers, _Block]] = {}
        self._reservations = Coalesced(self._reserve)

    async def new_restaurant(self, caller: Caller, key: str | None) -> Address:
        """The address of a new restaurant; the same one for the same idempotency key."""
        id_ = (await self._store.reserve({Kind.RESTAURANT: 1}))[Kind.RESTAURANT][0]
        if key is not None:
            id_ = await self._store.idempotent_id(caller.subject, key, id_)
        address = Address(Kind.RESTAURANT, id_, id_)
        await self._store.register([address])
        return address

    async def new_id(self, kind: Kind, restaurant: int) -> int:
        """A new id, registered in the directory."""
        block = self._ids.setdefault((kind, restaurant), _Block())
        while not block.left:
            await self._refill(block, kind, restaurant, grows=kind in _ALLOCATED_IN_BLOCKS)
        id_ = block.left.popleft()
        self._directory.cache(Address(kind, id_, restaurant))
        return id_

    async def new_order(self, restaurant: int, date: str) -> tuple[int, int]:
        """The id and number of a new order of a business date. If neither is left, both are
        reserved together."""
        if self._numbers_of(restaurant, date).left:
            id_ = await self.new_id(Kind.ORDER, restaurant)
            return id_, await self._new_number(restaurant, date)
        id_, number = await asyncio.gather(
            self.new_id(Kind.ORDER, restaurant), self._new_number(restaurant, date)
        )
        return id_, number

    async def _new_number(self, restaurant: int, date: str) -> int:
        block = self._numbers_of(restaurant, date)
        while not block.left:
            await self._refill(block, OrderNumbers(restaurant, date), restaurant, grows=True)
        return block.left.popleft()

    def _numbers_of(self, restaurant: int, date: str) -> _Block:
        """The reserved numbers of a business date; those of another one are dropped."""
        series = OrderNumbers(restaurant, date)
        known, block = self._numbers.get(restaurant, (None, None))
        if block is None or known != series:
            block = _Block(1 if block is None else block.size)
            self._numbers[restaurant] = series, block
        return block

    async def new_code(self, session: Address) -> str:
        """A code that no other open session has."""
        while True:
            code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
            if await self._store.reserve_code(code, session):
                return code

    async def _refill(self, block: _Block, series: Series, restaurant: int, *, grows: bool) -> None:
        size = block.size
        if grows:
            block.size = min(2 * size, MAX_BLOCK_SIZE)
        block.left.extend(await self._reservations.call((series, restaurant, size)))

    async def _reserve(self, wanted: list[tuple[Series, int, int]]) -> list[list[int]]:
        """A block for each (series, restaurant, size), all in two round trips."""
        count: Counter[Series] = Counter()
        for series, _, size in wanted:
            count[series] += size
        reserved = await self._store.reserve(count)
        ranges = {series: iter(issued) for series, issued in reserved.items()}
        blocks = [list(islice(ranges[series], size)) for series, _, size in wanted]
        await self._store.register(
            [
                Address(series, id_, restaurant)
                for (series, restaurant, _), block in zip(wanted, blocks, strict=True)
                if isinstance(series, Kind)
                for id_ in block
            ]
        )
        return blocks
