"""The topics that this gateway's sockets subscribe to, each at the host that publishes it.

When a stream is lost, a topic moves or a `seq` is missing, the hub resubscribes after the last
`seq` that all of the topic's connections have, and the host sends the missed events from the
journal.

Replies and events of a stream are handled in the order in which the host sent them. A subscription
starts while its reply is read, so it neither misses an event nor gets one twice.
"""

import asyncio
import time
from functools import partial

from engine import tracing
from engine.messages import Published, Reply, Resubscribe, Subscribe, Subscribed, Unsubscribe
from engine.placement_watcher import PlacementWatcher
from gateway.backend.host_client import HostClient
from gateway.backend.topic_subscribers import (
    INITIAL_BACKOFF_S,
    NO_EPOCH,
    FrameCheck,
    Subscriber,
    Subscription,
    TopicSubscribers,
)
from gateway.backend.topics_by_host import TopicsByHost
from gateway.metrics import FAN_OUT_SECONDS, LIMIT_VIOLATIONS, RESUBSCRIPTIONS
from protocol.caller import STAFF, Role
from protocol.errors import UNAVAILABLE, CloseCode, Code, Rejected
from protocol.ids import Topic

MAX_BACKOFF_S = 2.0


class SubscriptionHub:
    """The topics of this gateway's sockets, by the host that publishes them."""

    def __init__(
        self,
        client: HostClient,
        watcher: PlacementWatcher,
        gateway: str,
        max_subscribers: int = 10_000,
    ) -> None:
        self._max_subscribers = max_subscribers
        self._client = client
        self._watcher = watcher
        self._gateway = gateway
        self._topics = TopicsByHost(watcher)
        self._ending: set[Topic] = set()  # topics whose subscription at the host is being ended
        client.publications.listener = self
        watcher.subscribe(self._placement_changed)

    async def subscribe(
        self,
        connection: Subscriber,
        role: Role,
        topic: Topic,
        epoch: str | None,
        since: int | None,
        check: FrameCheck | None = None,
    ) -> Rejected | None:
        """Subscribe a connection, which is first sent the snapshot or the events after `since`.
        Returns why it cannot subscribe, or None. Later, it is closed if `check` refuses frames."""
        subscribers = self._topics.find_or_add(topic)
        if len(subscribers.subscriptions) >= self._max_subscribers and role not in STAFF:
            LIMIT_VIOLATIONS.add(label_value="subscribers")
            return Rejected(Code.RATE_LIMITED, "Too many subscribers. Try again later.")
        subscription = Subscription(connection, role, check)
        subscribers.subscriptions[connection.id] = subscription
        message = Subscribe(topic, self._gateway, connection.id, role, epoch, since)
        on_reply = partial(self._on_subscribed, topic, subscription)
        try:
            reply = await self._client.send_until_created(message, on_reply)
        except BaseException:  # cancelled, usually because the connection was closed
            self.unsubscribe(connection, topic)
            raise
        refused = subscription.refused
        if not isinstance(reply, Subscribed):
            refused = reply if isinstance(reply, Rejected) else UNAVAILABLE
        if refused is not None:
            self.unsubscribe(connection, topic)  # the host may nevertheless have subscribed it
        return refused

    def unsubscribe(self, connection: Subscriber, topic: Topic) -> None:
        """Unsubscribe a connection that is gone."""
        subscribers = self._topics.find(topic)
        if subscribers is None or not subscribers.subscriptions.pop(connection.id, None):
            return
        self._client.send(Unsubscribe(topic, self._gateway, connection.id))
        if not subscribers.subscriptions:
            subscribers.cancel_retry()
            self._topics.remove(topic)

    def close(self) -> None:
        """Cancel all retries and drop all topics."""
        for topics in self._topics.values():
            for subscribers in topics.values():
                subscribers.cancel_retry()
        self._topics.clear()

    # --- from the hosts --------------------------------------------------------------------------

    def subscribes_to(self, host: str) -> bool:
        """Whether any socket subscribes to a topic of this host."""
        return host in self._topics

    def on_published(self, host: str, published: Published) -> None:
        """Send events to their topic's connections. Resubscribes if one is missing,
        and ends the subscription if no connection is left."""
        subscribers = self._topics.get(host, {}).get(published.topic)
        if subscribers is None:
            self._end_subscription(host, published.topic)
            return
        if subscribers.last_seq is None:  # no connection is subscribed yet
            return
        if published.epoch != subscribers.epoch or published.seq > subscribers.last_seq + 1:
            self._resubscribe(published.topic)
            return
        subscribers.deliver(published.seq, published)
        if published.stored_at:
            lag = max(0.0, time.time() - published.stored_at)
            FAN_OUT_SECONDS.observe(lag)
            for trace in published.traces:
                tracing.record_span(trace, "delivery", lag, gateway=self._gateway)

    def _end_subscription(self, host: str, topic: Topic) -> None:
        """End a subscription whose `Unsubscribe` did not reach the host: resubscribe with no
        connections."""
        holds_topic = self._watcher.host_of(topic.address) == host
        if holds_topic and topic not in self._ending:
            self._ending.add(topic)
            self._client.send(
                Resubscribe(topic, self._gateway, (), NO_EPOCH, 0),
                lambda _: self._ending.discard(topic),
            )

    def on_dropped(self, host: str, topic: Topic) -> None:
        """Resubscribe to a topic that its host has stopped publishing."""
        if topic in self._topics.get(host, {}):
            self._resubscribe(topic)

    def on_connected(self, host: str) -> None:
        """Resubscribe to all topics of a host on its new stream."""
        for topic in list(self._topics.get(host, ())):
            self._resubscribe(topic)

    # --- subscribing -----------------------------------------------------------------------------

    def _on_subscribed(self, topic: Topic, subscription: Subscription, reply: Reply) -> None:
        """Start a subscription. Called while its reply is read, before any later event."""
        subscribers = self._topics.find(topic)
        if not isinstance(reply, Subscribed) or subscribers is None:
            return
        if subscription.connection.id not in subscribers.subscriptions:
            return  # the connection is closed
        if subscription.check is not None:
            subscription.refused = subscription.check(reply)
            if subscription.refused is not None:
                return
        is_first = subscribers.last_seq is None
        subscription.start(reply)
        if is_first:
            subscribers.epoch, subscribers.last_seq = reply.epoch, reply.seq
            if subscribers.moved:
                self._resubscribe(topic)
        elif reply.epoch != subscribers.epoch:  # the other connections' `seq` are of another epoch
            subscribers.epoch = NO_EPOCH
            self._resubscribe(topic)
        elif reply.seq != subscribers.last_seq:
            self._resubscribe(topic)

    def _resubscribe(self, topic: Topic) -> None:
        """Resubscribe all of a topic's connections, unless that is in progress."""
        subscribers = self._topics.find(topic)
        if subscribers is None or subscribers.resubscribing:
            return
        since = subscribers.lowest_seq()
        if since is None:
            return
        subscribers.cancel_retry()
        subscribers.resubscribing, subscribers.moved = True, False
        RESUBSCRIPTIONS.add()
        connections = tuple((id_, each.role) for id_, each in subscribers.subscriptions.items())
        self._client.send(
            Resubscribe(topic, self._gateway, connections, subscribers.epoch, since),
            partial(self._on_resubscribed, topic, subscribers),
        )

    def _on_resubscribed(self, topic: Topic, subscribers: TopicSubscribers, reply: Reply) -> None:
        subscribers.resubscribing = False
        if self._topics.find(topic) is not subscribers:
            return
        if isinstance(reply, Subscribed):
            subscribers.backoff_s = INITIAL_BACKOFF_S
            subscribers.catch_up(reply)
            if subscribers.moved or subscribers.lowest_seq() != subscribers.last_seq:
                self._resubscribe(topic)
        elif isinstance(reply, Rejected) and reply.code is Code.NOT_FOUND:
            for subscription in list(subscribers.subscriptions.values()):
                subscription.connection.close(CloseCode.NOT_FOUND, reply.error)
        else:
            loop = asyncio.get_running_loop()
            subscribers.retry = loop.call_later(subscribers.backoff_s, self._resubscribe, topic)
            subscribers.backoff_s = min(2 * subscribers.backoff_s, MAX_BACKOFF_S)

    def _placement_changed(self) -> None:
        """Resubscribe to the topics that have moved, at their new hosts."""
        for topic in self._topics.move():
            self._resubscribe(topic)
