"""New ids, reserved in blocks and registered in the directory, and new session codes.

Concurrent reservations share one round trip to the store.
"""

import secrets
from collections import Counter, deque
from itertools import islice

from gateway.backend.coalescing import Coalesced
from gateway.backend.directory import Directory
from protocol.caller import Caller
from protocol.ids import Address, Kind
from storage.store import Store

CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits without the look-alikes I, O, 0 and 1."""
CODE_LENGTH = 6
MAX_BLOCK_SIZE = 32
"""Maximum number of ids reserved together for one kind and restaurant. Blocks grow with use."""
_ALLOCATED_IN_BLOCKS = (Kind.SESSION, Kind.ORDER)
"""Kinds with many entities. Ids of the others are read by people, so they have no gaps."""


class _IdBlock:
    """Ids of one kind that are reserved for one restaurant and in the directory."""

    __slots__ = ("ids", "size")

    def __init__(self) -> None:
        self.ids: deque[int] = deque()
        self.size = 1


class IdAllocator:
    """Reserves ids for one gateway. All methods raise StoreUnavailable."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._blocks: dict[tuple[Kind, int], _IdBlock] = {}
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
        block = self._blocks.setdefault((kind, restaurant), _IdBlock())
        if not block.ids:
            size = block.size
            if kind in _ALLOCATED_IN_BLOCKS:
                block.size = min(2 * size, MAX_BLOCK_SIZE)
            block.ids.extend(await self._reservations.call((kind, restaurant, size)))
        id_ = block.ids.popleft()
        self._directory.cache(Address(kind, id_, restaurant))
        return id_

    async def new_code(self, session: Address) -> str:
        """A code that no other open session has."""
        while True:
            code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
            if await self._store.reserve_code(code, session):
                return code

    async def _reserve(self, wanted: list[tuple[Kind, int, int]]) -> list[list[int]]:
        """A block of ids for each (kind, restaurant, size), all in two round trips."""
        count: Counter[Kind] = Counter()
        for kind, _, size in wanted:
            count[kind] += size
        ranges = {kind: iter(ids) for kind, ids in (await self._store.reserve(count)).items()}
        blocks = [list(islice(ranges[kind], size)) for kind, _, size in wanted]
        await self._store.register(
            [
                Address(kind, id_, restaurant)
                for (kind, restaurant, _), block in zip(wanted, blocks, strict=True)
                for id_ in block
            ]
        )
        return blocks
