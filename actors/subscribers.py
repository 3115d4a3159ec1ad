"""Who listens to what, and the feed of each gateway.

A topic's list names gateway, connection and role. Events for one gateway gather here, one copy for
all of its connections, and leave with the replies to its next batch, or with its parked poll where
it sends none. Nothing here is stored: a gateway whose host was lost subscribes again with the last
`seq` it saw.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from secrets import randbits

from actors.messages import Feed, Published
from protocol.caller import Role
from protocol.ids import Topic

PARK_S = 10.0
"""How long a poll stays parked when there is nothing to tell."""
SILENCE_S = 15.0
"""A gateway that has not polled for this long has lost its subscriptions."""
PACE_S = 0.005
"""The time between two answers to a gateway's polls, at least: a burst leaves together."""
HOLD_S = 0.05
"""How long events wait for the replies to a batch of their gateway, to leave with them."""
MAX_PENDING_BYTES = 16 * 1024 * 1024
"""What may wait for one gateway before its topics are dropped and must be joined again."""


@dataclass(slots=True)
class _GatewayFeed:
    """`cursor` begins anywhere: no gateway takes a new feed for the one that it knew.

    Answers are kept until the gateway's next cursor acknowledges them.
    """

    seen_at: float
    cursor: int = field(default_factory=lambda: 2 + randbits(40))
    unacknowledged: deque[Feed] = field(default_factory=deque)
    pending: list[Published] = field(default_factory=list)
    pending_bytes: int = 0
    pending_since: float = 0.0
    pending_traces: set[str] = field(default_factory=set)
    dropped: set[Topic] = field(default_factory=set)
    parked: asyncio.Future[None] | None = None
    topics: dict[Topic, dict[int, Role]] = field(default_factory=dict)
    exchanges: int = 0
    told_at: float = 0.0
    waking: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Let the parked poll answer."""
        if self.waking is not None:
            self.waking.cancel()
            self.waking = None
        if self.parked is not None and not self.parked.done():
            self.parked.set_result(None)

    def wake_in_time(self) -> None:
        """Let the parked poll answer, but not where a batch's replies are about to."""
        if self.parked is None or self.waking is not None:
            return
        loop = asyncio.get_running_loop()
        delay = HOLD_S if self.exchanges else self.told_at + PACE_S - loop.time()
        if delay > 0:
            self.waking = loop.call_later(delay, self.wake)
        else:
            self.wake()

    def acknowledge(self, cursor: int) -> bool:
        """Forget the answers up to `cursor`; False where it is none of this feed's."""
        if not self.cursor - len(self.unacknowledged) <= cursor <= self.cursor:
            return False
        while self.unacknowledged and self.unacknowledged[0].cursor <= cursor:
            self.unacknowledged.popleft()
        return True

    def take(self, incarnation: str) -> Feed:
        """All that waits, as the next answer."""
        self.cursor += 1
        answer = Feed(
            incarnation,
            self.cursor,
            tuple(self.pending),
            tuple(self.dropped),
            self.pending_since if self.pending else 0.0,
            tuple(self.pending_traces),
        )
        self.unacknowledged.append(answer)
        self.pending, self.pending_bytes, self.dropped = [], 0, set()
        self.pending_traces.clear()
        self.told_at = asyncio.get_running_loop().time()
        return answer

    def again(self, incarnation: str) -> Feed:
        """All that was not acknowledged, as one answer."""
        return Feed(
            incarnation,
            self.cursor,
            tuple(item for answer in self.unacknowledged for item in answer.published),
            tuple(topic for answer in self.unacknowledged for topic in answer.dropped),
            min((each.stored_at for each in self.unacknowledged if each.published), default=0.0),
            tuple({trace for answer in self.unacknowledged for trace in answer.traces}),
        )


class Subscribers:
    """The subscriber lists of all entities of one host. `incarnation` tells hosts' lives apart."""

    def __init__(self, incarnation: str) -> None:
        self.incarnation = incarnation
        self._feeds: dict[str, _GatewayFeed] = {}
        self._gateways: dict[Topic, set[str]] = {}

    def __len__(self) -> int:
        return len(self._gateways)

    def listens(self, topic: Topic) -> bool:
        """Whether any connection is subscribed to the topic."""
        return topic in self._gateways

    def join(
        self, topic: Topic, gateway: str, connections: Iterable[tuple[int, Role]], *, afresh: bool
    ) -> None:
        """Add connections; `afresh` replaces what the gateway had on this topic before."""
        feed = self._feed(gateway)
        if afresh:
            feed.topics.pop(topic, None)
            feed.dropped.discard(topic)
        feed.topics.setdefault(topic, {}).update(connections)
        if feed.topics[topic]:
            self._gateways.setdefault(topic, set()).add(gateway)
        else:
            self._forget(topic, gateway, feed)

    def leave(self, topic: Topic, gateway: str, connection: int) -> None:
        feed = self._feeds.get(gateway)
        if feed is None or topic not in feed.topics:
            return
        feed.topics[topic].pop(connection, None)
        if not feed.topics[topic]:
            self._forget(topic, gateway, feed)

    def publish(
        self,
        topic: Topic,
        epoch: str,
        seq: int,
        frames: tuple[bytes, ...],
        traces: Iterable[str] = (),
    ) -> None:
        """Consecutive events of a topic, the first numbered `seq`, to every gateway listening."""
        gateways = self._gateways.get(topic)
        if not gateways:
            return
        published = Published(topic, epoch, seq, frames)
        size = sum(map(len, frames))
        for gateway in gateways:
            feed = self._feeds[gateway]
            if not feed.pending:
                feed.pending_since = time.time()
            feed.pending.append(published)
            feed.pending_traces.update(traces)
            feed.pending_bytes += size
            if feed.pending_bytes > MAX_PENDING_BYTES:
                feed.dropped.update(item.topic for item in feed.pending)
                feed.pending.clear()
                feed.pending_bytes = 0
            feed.wake_in_time()

    def lose(self, topic: Topic) -> None:
        """Make every gateway on the topic join it again: what they were told may not be all."""
        for gateway in self._gateways.get(topic, ()):
            feed = self._feeds[gateway]
            feed.dropped.add(topic)
            feed.wake_in_time()

    def part(self, topics: Iterable[Topic]) -> None:
        """Let go of topics that another host is to carry: who listens joins them there."""
        for topic in topics:
            self.lose(topic)
            for gateway in list(self._gateways.get(topic, ())):
                self._forget(topic, gateway, self._feeds[gateway])

    def topics(self) -> list[Topic]:
        """All that somebody listens to."""
        return list(self._gateways)

    async def poll(self, gateway: str, cursor: int) -> Feed:
        """Answer with what waits, at once or when something comes; `cursor` acknowledges. An empty
        answer with the same cursor says nothing.

        A gateway of which nothing is known does not wait: it has to learn that it must join.
        """
        known = gateway in self._feeds
        feed = self._feed(gateway)
        if not feed.acknowledge(cursor) and not feed.unacknowledged:
            return Feed(self.incarnation if known else "", feed.cursor, ())
        if feed.unacknowledged:  # lost on its way, or this poll was overtaken on its own
            return feed.again(self.incarnation)
        feed.wake()  # a poll that its gateway has given up
        superseded = False
        if not feed.pending and not feed.dropped and feed.topics:
            superseded = await self._park(feed)
        if superseded or not (feed.pending or feed.dropped):
            return Feed(self.incarnation, cursor, ())
        return feed.take(self.incarnation)

    def expect(self, gateway: str) -> None:
        """A batch of the gateway is here: its replies will `collect` what is published."""
        if gateway in self._feeds:
            self._feeds[gateway].exchanges += 1

    def collect(self, gateway: str, cursor: int) -> Feed | None:
        """What waits, to go with the replies to a batch that came with `cursor`; a parked poll
        stays so.

        None where nothing waits. None, too, where the gateway lacks an earlier answer: a poll's,
        still under way, which these replies could overtake, or replies that were lost. The next
        poll brings it.
        """
        feed = self._feeds.get(gateway)
        if feed is None:
            return None
        feed.exchanges = max(0, feed.exchanges - 1)
        feed.seen_at = asyncio.get_running_loop().time()
        if not feed.acknowledge(cursor) or feed.unacknowledged:
            feed.wake()
            return None
        if not (feed.pending or feed.dropped):
            return None
        if feed.waking is not None:
            feed.waking.cancel()
            feed.waking = None
        return feed.take(self.incarnation)

    def expire(self) -> None:
        """Drop every gateway that has stopped polling."""
        now = asyncio.get_running_loop().time()
        for gateway, feed in list(self._feeds.items()):
            if feed.parked is None and now - feed.seen_at > SILENCE_S:
                for topic in list(feed.topics):
                    self._forget(topic, gateway, feed)
                del self._feeds[gateway]

    async def _park(self, feed: _GatewayFeed) -> bool:
        """Wait for something to tell; True where a later poll has taken this one's place."""
        loop = asyncio.get_running_loop()
        parked = feed.parked = loop.create_future()
        timer = loop.call_later(PARK_S, feed.wake)
        try:
            await parked
            return feed.parked is not parked
        finally:
            timer.cancel()
            if feed.parked is parked:
                feed.parked = None
                feed.seen_at = loop.time()

    def _feed(self, gateway: str) -> _GatewayFeed:
        now = asyncio.get_running_loop().time()
        feed = self._feeds.get(gateway)
        if feed is None:
            feed = self._feeds[gateway] = _GatewayFeed(seen_at=now)
        feed.seen_at = now
        return feed

    def _forget(self, topic: Topic, gateway: str, feed: _GatewayFeed) -> None:
        feed.topics.pop(topic, None)
        gateways = self._gateways.get(topic)
        if gateways is not None:
            gateways.discard(gateway)
            if not gateways:
                del self._gateways[topic]
