"""Messages to hosts and their replies, on one stream per host.

Each entity's messages reach its host in the order in which they were sent, even if the entity moves
to another host: later ones wait until the old host has answered those in flight. Entities take
turns, so that a burst on one does not delay the others. Messages in flight on a lost stream are
sent again; because requests have ids, none is executed twice (a refusal may be audited twice).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from domain.messages import HandOverMenu
from engine.codec import Body
from engine.messages import Message, Moved, Reply, Submit, address_of
from engine.placement import Mode
from engine.placement_watcher import PlacementWatcher
from engine.streams import Network
from gateway.backend.host_link import HostLink
from gateway.backend.message_queue import PendingMessage
from gateway.backend.publications import Publications
from gateway.backend.transfers import Transfers
from protocol.caller import SYSTEM
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind

TIMEOUT_S = 15.0
"""How long a message waits for a reply before the gateway answers `unavailable`."""
MAINTENANCE_PERIOD_S = 1.0
CREATION_BACKOFF_S = (0.1, 0.2, 0.4, 0.8, 1.5)
"""Pauses between attempts to reach an entity that is being created, whose actor takes about a
second to start."""


class HostClient:
    """The links to all hosts, of which idle ones are closed."""

    def __init__(self, network: Network, watcher: PlacementWatcher) -> None:
        self._network = network
        self._watcher = watcher
        watcher.subscribe(self._placement_changed)
        self.publications = Publications()
        self._links: dict[str, HostLink] = {}
        self._transfers = Transfers(watcher, self._dispatch)
        self._maintenance: asyncio.TimerHandle | None = None

    def send(
        self, message: Message, observe: Callable[[Reply], None] | None = None
    ) -> asyncio.Future[Reply]:
        """Send a message. Returns a future of the reply, which is `unavailable` after TIMEOUT_S.
        `observe` is called with the reply before anything that the host sent later is handled."""
        loop = asyncio.get_running_loop()
        pending = PendingMessage(message, loop.create_future(), TIMEOUT_S, observe)
        self._dispatch(pending)
        return pending.reply

    async def send_until_created(
        self, message: Message, observe: Callable[[Reply], None] | None = None
    ) -> Reply:
        """Send a message to an entity that is in the directory, and retry while it is not found,
        because another host may still be creating it. Returns the reply."""
        reply = await self.send(message, observe)
        if _is_not_found(reply) and (to := address_of(message)).kind is Kind.MENU:
            owner = Address(Kind.RESTAURANT, to.restaurant, to.restaurant)
            await self.send(Submit(owner, HandOverMenu(), SYSTEM))  # stored by an earlier release
            reply = await self.send(message, observe)
        for pause in () if self._watcher.together else CREATION_BACKOFF_S:
            if not _is_not_found(reply):
                break
            await asyncio.sleep(pause)
            reply = await self.send(message, observe)
        return reply

    async def is_reachable(self, host: str, timeout_s: float) -> bool:
        """Whether a stream to the host is open, or opens within `timeout_s`. Starts the host."""
        return await self._link(host).wait_connected(timeout_s)

    def connect_shards(self) -> None:
        """Keep a stream to each shard, so that clients can be served while the Ray head is down.
        Other placements have too many hosts."""
        placement = self._watcher.placement
        shards = set(placement.actors().values() if placement.mode is Mode.SHARD else ())
        for link in self._links.values():
            link.keep_open = link.host in shards
        for shard in shards:
            link = self._link(shard)
            link.keep_open = True
            link.ensure_connecting()

    def queued(self) -> dict[str, int]:
        """How many messages wait to be sent, by host."""
        counts = {host: len(link.messages) for host, link in self._links.items()}
        return {host: count for host, count in counts.items() if count}

    def close(self) -> None:
        """Close all streams. Waiting messages are answered with `unavailable`."""
        if self._maintenance is not None:
            self._maintenance.cancel()
        for link in list(self._links.values()):
            link.close()
        self._links.clear()
        self._transfers.close()

    # --- links -----------------------------------------------------------------------------------

    def _link(self, host: str) -> HostLink:
        link = self._links.get(host)
        if link is None:
            link = self._links[host] = HostLink(host, self._network, self, self.publications)
            self._schedule_maintenance()
        return link

    def _schedule_maintenance(self) -> None:
        if self._maintenance is None:
            loop = asyncio.get_running_loop()
            self._maintenance = loop.call_later(MAINTENANCE_PERIOD_S, self._maintain)

    def _maintain(self) -> None:
        """Maintain the links, and close idle ones."""
        now = asyncio.get_running_loop().time()
        for host, link in list(self._links.items()):
            link.maintain(now)
            if link.is_idle(now) and not self.publications.subscribes_to(host):
                link.close()
                del self._links[host]
        self._transfers.expire(now)
        self._maintenance = None
        if self._links:
            self._schedule_maintenance()

    # --- callbacks of a link ---------------------------------------------------------------------

    def on_reply(self, link: HostLink, to: Address, pending: PendingMessage, reply: Body) -> None:
        """Handle the reply to one message."""
        if isinstance(reply, Moved):
            transfer = self._transfers.get(to) or self._transfers.begin(to, link)
            transfer.moved.append(pending)
            transfer.generation = max(transfer.generation, reply.generation)
        elif isinstance(reply, Reply):
            pending.complete(reply)
        self._transfers.finish_if_answered(to, link)

    def on_lost(
        self, link: HostLink, in_flight: Mapping[Address, Sequence[PendingMessage]]
    ) -> None:
        """Send a lost stream's messages again, to the hosts that hold their entities now."""
        for to, lost in in_flight.items():
            transfer = self._transfers.get(to)
            if transfer is None and self._watcher.host_of(to) != link.host:
                transfer = self._transfers.begin(to, link)
            if transfer is not None and transfer.old is link:
                transfer.moved += lost
                self._transfers.finish_if_answered(to, link)
            else:
                link.messages.requeue(to, lost)

    # --- entities that move ----------------------------------------------------------------------

    def _dispatch(self, pending: PendingMessage) -> None:
        to = address_of(pending.message)
        if (transfer := self._transfers.get(to)) is not None:
            transfer.later.append(pending)
        else:
            self._link(self._watcher.host_of(to)).append(to, pending)

    def _placement_changed(self) -> None:
        self.connect_shards()
        for host, link in list(self._links.items()):
            for to in link.messages.addresses():
                if self._watcher.host_of(to) != host and self._transfers.get(to) is None:
                    self._transfers.begin(to, link)
                    self._transfers.finish_if_answered(to, link)


def _is_not_found(reply: Reply) -> bool:
    return isinstance(reply, Rejected) and reply.code is Code.NOT_FOUND
