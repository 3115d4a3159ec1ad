"""A small chain to test with: one restaurant driven by plain messages, no gateway."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from domain.entity import NO_INPUTS, Inputs, RequestRef
from engine.messages import Done, Message, Read, Reply, Submit, Subscribe, Subscribed, View
from engine.placement import Placement
from engine.streams import HostUnavailable
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import Rejected
from protocol.ids import CHANNELS, Address, Channel, Kind, Topic
from protocol.statuses import OrderStatus
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

MANAGER = Caller(Role.MANAGER, "manager:1")
GUEST = Caller(Role.GUEST, "session:1")


class Deliverer(Protocol):
    """Delivers batches of messages to a host."""

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        """One reply a message, in order. Raises HostUnavailable."""


class Chain:
    """Sends commands to entities of restaurant `restaurant` as a gateway would."""

    def __init__(self, hosts: Deliverer, placement: Placement, restaurant: int = 1) -> None:
        self.hosts = hosts
        self.placement = placement
        self.restaurant = restaurant
        self._requests = itertools.count(1)
        self.ids = {kind: itertools.count(restaurant * 1000) for kind in Kind}

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.restaurant)

    def fresh(self, kind: Kind) -> Inputs:
        id_ = next(self.ids[kind])
        return Inputs(id=id_, code=f"C{id_:05d}")

    async def send(self, *messages: Any) -> list[Reply]:
        """Each message to its host, in one batch a host; replies in the order of the messages."""
        by_host: dict[str, list[int]] = {}
        for index, message in enumerate(messages):
            address = message.topic.address if hasattr(message, "topic") else message.to
            by_host.setdefault(self.placement.host_of(address), []).append(index)
        replies: dict[int, Reply] = {}
        for host, indexes in by_host.items():
            answers = await self._deliver(host, [messages[i] for i in indexes])
            replies.update(zip(indexes, answers, strict=True))
        return [replies[index] for index in range(len(messages))]

    async def post(self, message: Message) -> Reply:
        """One message, as a gateway sends it."""
        return (await self.send(message))[0]

    async def _deliver(self, host: str, batch: list[Any]) -> list[Reply]:
        """As a gateway does: send the same again while the host is unavailable."""
        for _ in range(100):
            try:
                return await self.hosts.deliver(host, batch)
            except HostUnavailable:
                await asyncio.sleep(0.1)
        raise HostUnavailable(host)

    def submit(
        self,
        to: Address,
        command: c.Command,
        *,
        caller: Caller = MANAGER,
        request_id: str | None = None,
        inputs: Inputs = NO_INPUTS,
        digest: str = "digest",
        view: Channel | None = None,
    ) -> Submit:
        request_id = request_id or f"request-{next(self._requests)}"
        request_ref = RequestRef(to, caller.subject, request_id, digest)
        return Submit(to, command, caller, request_ref, inputs, view)

    async def ask(self, to: Address, command: c.Command, **how: Any) -> Reply:
        return (await self.send(self.submit(to, command, **how)))[0]

    async def do(self, to: Address, command: c.Command, **how: Any) -> Done:
        reply = await self.ask(to, command, **how)
        assert isinstance(reply, Done), reply
        return reply

    async def refused(self, to: Address, command: c.Command, **how: Any) -> Rejected:
        reply = await self.ask(to, command, **how)
        assert isinstance(reply, Rejected), reply
        return reply

    async def see(self, to: Address, channel: Channel | None = None) -> Mapping[str, Any]:
        """The data of a channel's snapshot; an empty mapping if the entity does not exist."""
        reply = (await self.send(Read(to, channel or CHANNELS[to.kind][0])))[0]
        return orjson.loads(reply.frame)["data"] if isinstance(reply, View) else {}

    async def join(self, topic: Topic, gateway: str = "test", **resume: Any) -> Subscribed:
        reply = (await self.send(Subscribe(topic, gateway, 1, Role.WAITER, **resume)))[0]
        assert isinstance(reply, Subscribed), reply
        return reply

    # --- a restaurant with one table, one waiter -------------------------------------------------

    async def open(self) -> None:
        """Restaurant, waiter and table; what most tests begin with."""
        here = self.at(Kind.RESTAURANT, self.restaurant)
        self.home = here
        await self.do(
            here, c.CreateRestaurant(name="Trattoria", currency="EUR", timezone="Europe/Rome")
        )
        waiter = await self.do(here, c.AddWaiter(name="Ada"), inputs=self.fresh(Kind.WAITER))
        self.waiter = self.at(Kind.WAITER, waiter.result["waiter_id"])
        table = await self.do(
            here,
            c.AddTable(number="5", zone="A", seats=4, waiter_id=self.waiter.id),
            inputs=self.fresh(Kind.TABLE),
        )
        self.table = self.at(Kind.TABLE, table.result["table_id"])

    async def occupy(self, **how: Any) -> Address:
        done = await self.do(
            self.table, c.Occupy(guests_count=2), inputs=self.fresh(Kind.SESSION), **how
        )
        return self.at(Kind.SESSION, done.result["session_id"])

    async def order(self, session: Address, price: int = 1250, **how: Any) -> Address:
        line = c.FreeLine(name="Soup", unit_price=price)
        done = await self.do(
            session, c.PlaceOrder(items=(line,)), inputs=self.fresh(Kind.ORDER), **how
        )
        return self.at(Kind.ORDER, done.result["order_id"])

    async def advance(self, order: Address, *statuses: OrderStatus) -> None:
        for status in statuses:
            await self.do(order, c.UpdateStatus(status=status))


class LocalChain(Chain):
    """A chain whose hosts are in this process, for the test to reach into."""

    hosts: LocalHosts

    def __init__(self, hosts: LocalHosts, restaurant: int = 1) -> None:
        super().__init__(hosts, hosts.placement, restaurant)

    async def quiet(self) -> None:
        """Wait until all effects are acknowledged, and cleared from the store."""
        outboxes = [host._outbox for host in self.hosts.hosts.values()]
        await eventually(lambda: not any(each or each._syncing for each in outboxes))

    async def until_seen(
        self, address: Address, holds: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        """Wait until an entity's snapshot is as wanted."""

        async def check() -> bool:
            return holds(await self.see(address))

        await eventually(check)


def sequence(frames: list[bytes] | tuple[bytes, ...]) -> list[int]:
    return [orjson.loads(frame)["seq"] for frame in frames]
