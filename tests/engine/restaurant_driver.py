"""A test driver that sends messages to the entities of one restaurant, without a gateway."""

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


class RestaurantDriver:
    """Sends commands to entities of `restaurant` as a gateway does."""

    def __init__(self, hosts: Deliverer, placement: Placement, restaurant: int = 1) -> None:
        self.hosts = hosts
        self.placement = placement
        self.restaurant = restaurant
        self._requests = itertools.count(1)
        self.ids = {kind: itertools.count(restaurant * 1000) for kind in Kind}

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.restaurant)

    def new_inputs(self, kind: Kind) -> Inputs:
        id_ = next(self.ids[kind])
        return Inputs(id=id_, code=f"C{id_:05d}")

    async def send(self, *messages: Any) -> list[Reply]:
        """Send each message to its host, in one batch per host. Replies are in order."""
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
        """Send one message."""
        return (await self.send(message))[0]

    async def _deliver(self, host: str, batch: list[Any]) -> list[Reply]:
        """Send a batch again while the host is unavailable, as a gateway does."""
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

    async def request(self, to: Address, command: c.Command, **how: Any) -> Reply:
        return (await self.send(self.submit(to, command, **how)))[0]

    async def do(self, to: Address, command: c.Command, **how: Any) -> Done:
        reply = await self.request(to, command, **how)
        assert isinstance(reply, Done), reply
        return reply

    async def rejection(self, to: Address, command: c.Command, **how: Any) -> Rejected:
        reply = await self.request(to, command, **how)
        assert isinstance(reply, Rejected), reply
        return reply

    async def snapshot(self, to: Address, channel: Channel | None = None) -> Mapping[str, Any]:
        """Data of a channel's snapshot; an empty mapping if the entity does not exist."""
        reply = (await self.send(Read(to, channel or CHANNELS[to.kind][0])))[0]
        return orjson.loads(reply.frame)["data"] if isinstance(reply, View) else {}

    async def subscribe(self, topic: Topic, gateway: str = "test", **resume: Any) -> Subscribed:
        reply = (await self.send(Subscribe(topic, gateway, 1, Role.WAITER, **resume)))[0]
        assert isinstance(reply, Subscribed), reply
        return reply

    # --- a restaurant with one table, one waiter -------------------------------------------------

    async def create_restaurant(self) -> None:
        """Create the restaurant with a waiter and a table."""
        restaurant = self.at(Kind.RESTAURANT, self.restaurant)
        self.restaurant_address = restaurant
        await self.do(
            restaurant, c.CreateRestaurant(name="Trattoria", currency="EUR", timezone="Europe/Rome")
        )
        waiter = await self.do(
            restaurant, c.AddWaiter(name="Ada"), inputs=self.new_inputs(Kind.WAITER)
        )
        self.waiter = self.at(Kind.WAITER, waiter.result["waiter_id"])
        table = await self.do(
            restaurant,
            c.AddTable(number="5", zone="A", seats=4, waiter_id=self.waiter.id),
            inputs=self.new_inputs(Kind.TABLE),
        )
        self.table = self.at(Kind.TABLE, table.result["table_id"])

    async def occupy(self, **how: Any) -> Address:
        done = await self.do(
            self.table, c.Occupy(guests_count=2), inputs=self.new_inputs(Kind.SESSION), **how
        )
        return self.at(Kind.SESSION, done.result["session_id"])

    async def order(self, session: Address, price: int = 1250, **how: Any) -> Address:
        line = c.FreeLine(name="Soup", unit_price=price)
        done = await self.do(
            session, c.PlaceOrder(items=(line,)), inputs=self.new_inputs(Kind.ORDER), **how
        )
        return self.at(Kind.ORDER, done.result["order_id"])

    async def advance(self, order: Address, *statuses: OrderStatus) -> None:
        for status in statuses:
            await self.do(order, c.UpdateStatus(status=status))


class LocalDriver(RestaurantDriver):
    """A driver of hosts in this process, which tests can inspect."""

    hosts: LocalHosts

    def __init__(self, hosts: LocalHosts, restaurant: int = 1) -> None:
        super().__init__(hosts, hosts.placement, restaurant)

    async def until_idle(self) -> None:
        """Wait until all effects are acknowledged, and cleared from the store."""
        outboxes = [host._outbox for host in self.hosts.hosts.values()]
        await eventually(lambda: not any(each or each._syncing for each in outboxes))

    async def until_snapshot(
        self, address: Address, holds: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        """Wait until `holds` of an entity's snapshot."""

        async def check() -> bool:
            return holds(await self.snapshot(address))

        await eventually(check)


def sequence(frames: list[bytes] | tuple[bytes, ...]) -> list[int]:
    return [orjson.loads(frame)["seq"] for frame in frames]
