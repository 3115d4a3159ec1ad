"""What a command needs before it is sent: addresses, new ids, session codes, menu prices.

All that is read or reserved at the same time goes to the store in one round trip.
"""

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Any

from actors.messages import Done, Submit
from actors.whereabouts import Whereabouts
from domain.entity import NOTHING, Supplies
from domain.messages import PriceItems
from gateway.limits import counted
from gateway.links import Links
from protocol import commands as c
from protocol.bounds import beyond
from protocol.caller import SYSTEM, Caller
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from storage.store import Store, StoreUnavailable

CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No look-alikes: neither I, O nor 0, 1."""
CODE_LENGTH = 6
REMEMBERED = 200_000
"""Ids whose restaurant a gateway remembers."""
LARGEST_BLOCK = 32
"""Ids of a kind reserved for one restaurant at a time, at most: the busier, the more."""
_IN_BLOCKS = (Kind.SESSION, Kind.ORDER)
"""What comes in numbers. Tables and waiters are few, and people read theirs."""

_CREATES: dict[type[c.Command], Kind] = {
    c.Occupy: Kind.SESSION,
    c.PlaceOrder: Kind.ORDER,
    c.AddTable: Kind.TABLE,
    c.AddWaiter: Kind.WAITER,
}
_PREPARED = (*_CREATES, c.ReplaceItems, c.ChangeTable, c.AssignTask, c.RaiseAlert)


class _Coalesced:
    """Calls that arrive while another is under way are answered together by the next one."""

    def __init__(self, answer: Callable[[list[Any]], Awaitable[list[Any]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Any, asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Any) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    answers = await self._answer([question for question, _ in batch])
                    for (_, future), answer in zip(batch, answers, strict=True):
                        if not future.done():
                            future.set_result(answer)
                except Exception as error:
                    for _, future in batch:
                        if not future.done():
                            future.set_exception(error)
        finally:
            self._task = None


class _Block:
    """Ids of one kind that are reserved for one restaurant and in the directory."""

    __slots__ = ("ids", "size")

    def __init__(self) -> None:
        self.ids: deque[int] = deque()
        self.size = 1


class Preparation:
    """Looks things up and reserves them, for one gateway."""

    def __init__(
        self, store: Store, links: Links, whereabouts: Whereabouts, max_items: int = c.MAX_LINES
    ) -> None:
        self._store = store
        self._max_items = max_items
        self._links = links
        self._whereabouts = whereabouts
        self._blocks: dict[tuple[Kind, int], _Block] = {}
        self._known: OrderedDict[tuple[Kind, int], int] = OrderedDict()
        self._lookups = _Coalesced(store.restaurant_of)
        self._ids = _Coalesced(self._new_ids)

    async def address(self, kind: Kind, id_: int) -> Address | None:
        """Where an id lives, or None. Raises StoreUnavailable."""
        restaurant = self._known.get((kind, id_))
        if restaurant is None:
            restaurant = await self._lookups.ask((kind, id_))
            if restaurant is None:
                return None
            self._remember(kind, id_, restaurant)
        return Address(kind, id_, restaurant)

    async def supplies(self, to: Address, command: c.Command) -> Supplies | Rejected:
        """What `decide` will need and cannot make by itself."""
        if not isinstance(command, _PREPARED):
            return NOTHING
        try:
            refused = await self._foreign(to, command)
            if refused is not None:
                return Supplies(refusal=refused)
            wanted: tuple[int, ...] = ()
            prices: Any = {}
            if isinstance(command, c.PlaceOrder | c.ReplaceItems):
                if len(command.items) > self._max_items:
                    return self._too_many_items()
                wanted = _menu_items(command.items)
                if wanted and not self._whereabouts.together:
                    prices, wanted = await self._prices(to, wanted), ()
                if isinstance(prices, Rejected):
                    if prices.code is Code.UNAVAILABLE:
                        return prices
                    return Supplies(refusal=prices)
            kind = _CREATES.get(type(command))
            if kind is None:
                return Supplies(prices=prices, to_price=wanted)
            id_ = await self._new_id(kind, to.restaurant)
            code = await self._new_code(to, id_) if kind is Kind.SESSION else None
            return Supplies(id_, code, prices, wanted)
        except StoreUnavailable:
            return UNAVAILABLE

    def _too_many_items(self) -> Rejected:
        what = f"at most {self._max_items} of them. Place several orders"
        return counted(beyond("items", "items", what))

    async def new_restaurant(self, caller: Caller, key: str | None) -> Address:
        """Where a new restaurant will be; under one idempotency key always the same place."""
        id_ = (await self._store.reserve({Kind.RESTAURANT: 1}))[Kind.RESTAURANT][0]
        if key is not None:
            id_ = await self._store.named_id(caller.subject, key, id_)
        address = Address(Kind.RESTAURANT, id_, id_)
        await self._store.register([address])
        return address

    async def _new_id(self, kind: Kind, restaurant: int) -> int:
        """An id that is in the directory."""
        block = self._blocks.setdefault((kind, restaurant), _Block())
        if not block.ids:
            size = block.size
            if kind in _IN_BLOCKS:
                block.size = min(2 * size, LARGEST_BLOCK)
            block.ids.extend(await self._ids.ask((kind, restaurant, size)))
        id_ = block.ids.popleft()
        self._remember(kind, id_, restaurant)
        return id_

    async def _new_ids(self, wanted: list[tuple[Kind, int, int]]) -> list[list[int]]:
        """A block of ids for each (kind, restaurant, size), all in two round trips."""
        count: dict[Kind, int] = {}
        for kind, _, size in wanted:
            count[kind] = count.get(kind, 0) + size
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

    async def _new_code(self, table: Address, session_id: int) -> str:
        session = Address(Kind.SESSION, session_id, table.restaurant)
        while True:
            code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
            if await self._store.reserve_code(code, session):
                return code

    async def _prices(self, to: Address, ids: tuple[int, ...]) -> Any:
        home = Address(Kind.RESTAURANT, to.restaurant, to.restaurant)
        reply = await self._links.send(Submit(home, PriceItems(ids), SYSTEM))
        if isinstance(reply, Done):
            return reply.result["prices"]
        return reply if isinstance(reply, Rejected) else UNAVAILABLE

    async def _foreign(self, to: Address, command: c.Command) -> Rejected | None:
        """A waiter or table that is named must be of the same restaurant."""
        for kind, field in ((Kind.WAITER, "waiter_id"), (Kind.TABLE, "table_id")):
            id_ = getattr(command, field, None)
            if id_ is None:
                continue
            address = await self.address(kind, id_)
            if address is None or address.restaurant != to.restaurant:
                return Rejected(
                    Code.NOT_FOUND, f"There is no {kind.value} {id_}.", {"field": field}
                )
        return None

    def _remember(self, kind: Kind, id_: int, restaurant: int) -> None:
        self._known[kind, id_] = restaurant
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _menu_items(lines: Iterable[c.Line]) -> tuple[int, ...]:
    """The menu items that an order names, each once."""
    named = (line.menu_item_id for line in lines if isinstance(line, c.MenuLine))
    return tuple(dict.fromkeys(named))
