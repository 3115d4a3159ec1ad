"""What hosts publish, to the sockets that listen: one copy an event.

It comes with the replies to this gateway's batches, and by a poll parked at each host to which
none is under way. Each connection sees each `seq` of its channel once and in order, or a snapshot
that stands for it. Whatever breaks between gateway and host, the topics concerned are joined again
from the last `seq` that was passed on, and the journal fills the gap.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Protocol

from actors import tracing
from actors.messages import Feed, Join, Joined, Leave, Published, Rejoin
from actors.transport import HostGone, Hosts
from actors.whereabouts import Whereabouts
from gateway.links import Links
from gateway.metrics import DELIVERED, FAN_OUT_SECONDS, HOSTS_LOST, LIMITED, REJOINS
from gateway.wire import TextFrame, framed
from protocol.caller import STAFF, Role
from protocol.errors import UNAVAILABLE, CloseCode, Code, Rejected
from protocol.ids import Topic

log = logging.getLogger(__name__)

PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
PATIENCE_S = 0.05
"""How long a batch may be under way before its host is polled beside it."""
NO_EPOCH = ""
"""From which nothing is resumed."""
NO_INCARNATION = ""
"""Of a host that knows nothing of this gateway yet."""
MAX_HELD, MAX_HELD_BYTES = 1000, 1_000_000
"""What a topic holds back while it rejoins; beyond it, the gap makes it rejoin once more."""


class Subscriber(Protocol):
    """What listens: a connection, or who watches on behalf of several."""

    @property
    def id(self) -> int:
        """Unique on this gateway."""

    def push(self, frame: TextFrame, *, asked_for: bool = False) -> None: ...

    def close(self, code: CloseCode, reason: str) -> None: ...


class _Subscription:
    """One connection on one topic. Until it has joined, what is published is kept for it."""

    __slots__ = ("connection", "early", "last", "role")

    def __init__(self, connection: Subscriber, role: Role) -> None:
        self.connection = connection
        self.role = role
        self.last: int | None = None
        self.early: list[Published] = []

    def push(self, seq: int, frame: TextFrame) -> None:
        if seq - 1 == self.last:  # older ones were seen; before newer ones it joins again
            self.last = seq
            self.connection.push(frame)

    def start(self, joined: Joined) -> bool:
        """The first frames, which reflect everything up to their `seq`; then what came early.
        Whether nothing is missing in between."""
        for payload in joined.frames:
            self.connection.push(framed(payload), asked_for=True)
        self.last = joined.seq
        early, self.early = self.early, []
        for published in early:
            if published.epoch != joined.epoch:
                continue
            for seq, payload in enumerate(published.frames, published.seq):
                self.push(seq, framed(payload))
        return all(self.last >= each.seq for each in early if each.epoch == joined.epoch)


class _TopicFeed:
    """One topic's sockets on this gateway, and the last `seq` that all of them were given."""

    __slots__ = (
        "epoch", "held", "held_bytes", "incarnation", "last", "rejoining", "stale", "subscriptions",
    )  # fmt: skip

    def __init__(self) -> None:
        self.epoch = NO_EPOCH
        self.incarnation = ""
        self.last: int | None = None
        self.subscriptions: dict[int, _Subscription] = {}
        self.rejoining: asyncio.Task[None] | None = None
        self.held: list[Published] = []
        self.held_bytes = 0
        self.stale = False

    def hold(self, published: Published) -> None:
        """Keep events for `release`, within bounds."""
        size = sum(map(len, published.frames))
        if len(self.held) >= MAX_HELD or self.held_bytes + size > MAX_HELD_BYTES:
            self.release()
        self.held.append(published)
        self.held_bytes += size

    def release(self) -> list[Published]:
        """What was kept, which is forgotten."""
        held, self.held, self.held_bytes = self.held, [], 0
        return held


class Feeds:
    """All that this gateway's sockets listen to."""

    def __init__(
        self,
        hosts: Hosts,
        whereabouts: Whereabouts,
        links: Links,
        gateway: str,
        max_subscribers: int = 10_000,
    ) -> None:
        self._max_subscribers = max_subscribers
        self._hosts = hosts
        self._whereabouts = whereabouts
        self._links = links
        self._gateway = gateway
        self._topics: dict[str, dict[Topic, _TopicFeed]] = {}
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._incarnations: dict[str, str] = {}
        self._cursors: dict[str, int] = {}
        links.listen(self)
        whereabouts.follow(self._placement_changed)

    def cursor(self, host: str) -> int:
        """That of the last feed taken from a host."""
        return self._cursors.get(host, 0)

    async def join(
        self,
        connection: Subscriber,
        role: Role,
        topic: Topic,
        epoch: str | None,
        since: int | None,
    ) -> Rejected | None:
        """Subscribe; the snapshot, or the events after `since`, are the connection's first."""
        topics = self._of(self._whereabouts.host_of(topic.address))
        feed = topics.setdefault(topic, _TopicFeed())
        if len(feed.subscriptions) >= self._max_subscribers and role not in STAFF:
            LIMITED.add(of="subscribers")
            return Rejected(Code.RATE_LIMITED, "Too many listen to this already. Try again later.")
        subscription = _Subscription(connection, role)
        feed.subscriptions[connection.id] = subscription
        join = Join(topic, self._gateway, connection.id, role, epoch, since)
        try:
            reply = await self._links.when_it_exists(join)
        except BaseException:  # the connection has gone meanwhile
            self.leave(connection, topic)
            raise
        if not isinstance(reply, Joined):
            self.leave(connection, topic)  # the host may have taken it all the same
            return reply if isinstance(reply, Rejected) else UNAVAILABLE
        if feed.last is None:
            feed.epoch, feed.incarnation, feed.last = reply.epoch, reply.incarnation, reply.seq
        complete = subscription.start(reply)
        if reply.epoch != feed.epoch:  # its numbers and the others' are not of one kind
            feed.epoch, complete = NO_EPOCH, False
        if _fall_back(feed, [subscription]) or feed.stale or not complete:
            self._rejoin_soon(topic)
        return None

    def leave(self, connection: Subscriber, topic: Topic) -> None:
        """The connection is gone."""
        if self._forget(topic, connection.id):
            self._links.send(Leave(topic, self._gateway, connection.id))

    async def close(self) -> None:
        tasks = [*self._polls.values()]
        tasks += [
            feed.rejoining
            for topics in self._topics.values()
            for feed in topics.values()
            if feed.rejoining is not None
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _of(self, host: str) -> dict[Topic, _TopicFeed]:
        """The topics that a host publishes for this gateway, which polls it."""
        topics = self._topics.setdefault(host, {})
        if host not in self._polls:
            self._polls[host] = asyncio.create_task(self._poll(host))
        return topics

    def _feed(self, topic: Topic) -> _TopicFeed | None:
        return self._topics.get(self._whereabouts.host_of(topic.address), {}).get(topic)

    def _placement_changed(self) -> None:
        """What another host publishes from now on is joined there, from the last `seq`."""
        for host, topics in list(self._topics.items()):
            for topic in list(topics):
                carrier = self._whereabouts.host_of(topic.address)
                if carrier != host:
                    self._of(carrier)[topic] = topics.pop(topic)
                    self._rejoin_soon(topic)

    def _forget(self, topic: Topic, connection_id: int) -> bool:
        feed = self._feed(topic)
        if feed is None or feed.subscriptions.pop(connection_id, None) is None:
            return False
        if not feed.subscriptions:
            if feed.rejoining is not None:
                feed.rejoining.cancel()
            del self._topics[self._whereabouts.host_of(topic.address)][topic]
        return True

    # --- polling ---------------------------------------------------------------------------------

    async def _poll(self, host: str) -> None:
        """Keep one poll parked at a host while anything of it is listened to."""
        topics = self._topics[host]
        pause = PAUSE_S
        loop = asyncio.get_running_loop()
        try:
            while topics:
                await self._links.quiet(host, PATIENCE_S)
                asked_at, cursor = loop.time(), self.cursor(host)
                try:
                    answer = await self._hosts.poll(host, self._gateway, cursor)
                except HostGone as error:
                    HOSTS_LOST.add()
                    log.warning(
                        "a host was lost; its topics are joined again",
                        extra={"host": host, "why": str(error), "topics": len(topics)},
                    )
                    for topic in list(topics):
                        self._rejoin_soon(topic)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
                    continue
                pause = PAUSE_S
                if answer != Feed(self._incarnations.get(host, ""), cursor, ()):
                    self.take(host, answer)
                at_once = answer.cursor == cursor and loop.time() - asked_at < PAUSE_S
                if at_once and self._links.is_quiet(host):
                    await asyncio.sleep(PAUSE_S)  # nothing of ours is known there yet
        except Exception:
            log.exception("a feed failed; it starts again", extra={"host": host})
            await asyncio.sleep(LONGEST_PAUSE_S)
        finally:
            del self._polls[host]
            if not topics:
                self._topics.pop(host, None)
                self._incarnations.pop(host, None)
                self._cursors.pop(host, None)
            elif not loop.is_closed() and not _cancelled():
                self._polls[host] = asyncio.create_task(self._poll(host))

    def take(self, host: str, answer: Feed) -> None:
        """Pass on what a host published; join again what it shows to be missing.

        The cursor moves on at the end: what could not be passed on is brought again.
        """
        topics = self._topics.get(host)
        if topics is None:
            return
        incarnation, cursor = self._incarnations.get(host), self.cursor(host)
        for published in answer.published:
            feed = topics.get(published.topic)
            if feed is not None:
                self._spread(feed, published)
        if answer.stored_at:
            lag = max(0.0, time.time() - answer.stored_at)
            FAN_OUT_SECONDS.observe(lag)
            for trace in answer.traces:
                tracing.took(trace, "delivery", lag, gateway=self._gateway)
        doubtful = set(answer.dropped)
        if answer.incarnation == NO_INCARNATION:  # it had forgotten all before the first poll
            doubtful |= topics.keys()
        elif incarnation != answer.incarnation:
            doubtful |= {
                topic
                for topic, feed in topics.items()
                if feed.last is not None and feed.incarnation != answer.incarnation
            }
        known = incarnation in (NO_INCARNATION, answer.incarnation)  # the cursor is of this life
        if known and answer.cursor not in (cursor, cursor + 1):  # told to who does not wait for it
            doubtful |= topics.keys()
        for topic in doubtful & topics.keys():
            self._rejoin_soon(topic)
        self._incarnations[host], self._cursors[host] = answer.incarnation, answer.cursor

    def _spread(self, feed: _TopicFeed, published: Published) -> None:
        """One topic's events to its sockets, framed once; a gap is filled by joining again, and so
        is what a new epoch begins with."""
        last = feed.last
        gap = last is not None and (published.seq > last + 1 or published.epoch != feed.epoch)
        if gap or feed.rejoining is not None:
            self._hold(feed, published)
            return
        seq = published.seq
        subscriptions = list(feed.subscriptions.values())
        for subscription in subscriptions:
            if subscription.last is None:
                subscription.early.append(published)
        DELIVERED.add(len(published.frames) * len(subscriptions))
        for payload in published.frames:
            frame = framed(payload)
            for subscription in subscriptions:
                subscription.push(seq, frame)
            seq += 1
        if last is not None:
            feed.last = max(last, seq - 1)

    def _hold(self, feed: _TopicFeed, published: Published) -> None:
        """Keep events until the topic has rejoined: its answer may be older than they are."""
        feed.hold(published)
        if feed.rejoining is None:
            self._rejoin_soon(published.topic)

    # --- joining again ---------------------------------------------------------------------------

    def _rejoin_soon(self, topic: Topic) -> None:
        feed = self._feed(topic)
        if feed is None:  # its last connection has left meanwhile
            return
        if feed.rejoining is not None or feed.last is None:
            feed.stale = True  # what is on its way may be older than the doubt
        else:
            REJOINS.add()
            feed.rejoining = asyncio.create_task(self._rejoin(topic, feed))

    async def _rejoin(self, topic: Topic, feed: _TopicFeed) -> None:
        """Subscribe all of a topic's sockets again, until the host has taken them."""
        pause = PAUSE_S
        try:
            while feed.subscriptions:
                assert feed.last is not None
                feed.stale = False
                connections = tuple((id_, s.role) for id_, s in feed.subscriptions.items())
                reply = await self._links.send(
                    Rejoin(topic, self._gateway, connections, feed.epoch, feed.last)
                )
                if isinstance(reply, Joined):
                    self._rejoined(feed, reply)
                    if feed.stale:
                        continue
                    return
                if isinstance(reply, Rejected) and reply.code is Code.NOT_FOUND:
                    for subscription in list(feed.subscriptions.values()):
                        subscription.connection.close(CloseCode.NOT_FOUND, reply.error)
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            feed.rejoining = None
            held = feed.release()
            if self._feed(topic) is feed:
                for published in held:
                    if published.epoch == feed.epoch:  # what an older one had is lost
                        self._spread(feed, published)

    def _rejoined(self, feed: _TopicFeed, joined: Joined) -> None:
        frames = [framed(payload) for payload in joined.frames] if joined.resumed else []
        for subscription in list(feed.subscriptions.values()):
            for seq, frame in enumerate(frames, joined.seq - len(frames) + 1):
                subscription.push(seq, frame)
            if not joined.resumed and subscription.last is not None:
                subscription.start(joined)
        feed.epoch, feed.incarnation, feed.last = joined.epoch, joined.incarnation, joined.seq
        feed.stale |= _fall_back(feed, feed.subscriptions.values())


def _fall_back(feed: _TopicFeed, subscriptions: Iterable[_Subscription]) -> bool:
    """Whether one of them has been given less than the others: it is joined again from there."""
    given = [each.last for each in subscriptions if each.last is not None]
    assert feed.last is not None
    behind = min(given, default=feed.last) < feed.last
    if behind:
        feed.last = min(given)
    return behind


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
