"""The subscribers of one host's entities, and the streams of their gateways.

Each gateway has one stream. Events and replies are sent on it in order, so no event arrives before
the reply to its subscription. When the stream ends, the gateway's subscriptions are removed; it
resubscribes on its next stream.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from engine.codec import encode
from engine.messages import Dropped, Published
from engine.streams import PUSHED
from protocol.caller import Role
from protocol.ids import Topic


class GatewayStream(Protocol):
    """The stream on which a gateway receives events."""

    @property
    def peer(self) -> str:
        """The gateway's name."""

    def send_frame(self, frame: bytes) -> None: ...

    def abort(self) -> None: ...


@dataclass(slots=True)
class _Gateway:
    """A gateway's stream, and its subscribed connections by topic."""

    stream: GatewayStream
    topics: dict[Topic, dict[int, Role]] = field(default_factory=dict)
    invalidated: set[Topic] = field(default_factory=set)
    """Topics to which the gateway was asked to resubscribe and has not resubscribed yet."""


class Subscribers:
    """The gateways connected to one host, and the topics that their connections subscribe to."""

    def __init__(self) -> None:
        self._gateways: dict[str, _Gateway] = {}
        self._topics: dict[Topic, set[str]] = {}

    def __len__(self) -> int:
        return len(self._topics)

    def has_subscribers(self, topic: Topic) -> bool:
        """Whether any connection is subscribed to the topic."""
        return topic in self._topics

    def topics(self) -> list[Topic]:
        """The topics with at least one subscriber."""
        return list(self._topics)

    # --- streams ---------------------------------------------------------------------------------

    def attach(self, stream: GatewayStream) -> None:
        """Add a gateway's stream. An earlier stream of the gateway is aborted."""
        before = self._gateways.get(stream.peer)
        if before is not None:
            self.detach(before.stream)
            before.stream.abort()
        self._gateways[stream.peer] = _Gateway(stream)

    def detach(self, stream: GatewayStream) -> None:
        """Remove a gateway and its subscriptions, if this is its current stream."""
        gateway = self._gateways.get(stream.peer)
        if gateway is not None and gateway.stream is stream:
            for topic in list(gateway.topics):
                self._remove(topic, stream.peer)
            del self._gateways[stream.peer]

    # --- subscriptions ---------------------------------------------------------------------------

    def subscribe(
        self, topic: Topic, gateway: str, connections: Iterable[tuple[int, Role]], *, replace: bool
    ) -> None:
        """Subscribe connections of a gateway to a topic; `replace` removes its earlier ones. Does
        nothing if the gateway has no stream."""
        subscribed = self._gateways.get(gateway)
        if subscribed is None:
            return
        if replace:
            subscribed.topics.pop(topic, None)
        subscribed.invalidated.discard(topic)
        subscribed.topics.setdefault(topic, {}).update(connections)
        if subscribed.topics[topic]:
            self._topics.setdefault(topic, set()).add(gateway)
        else:
            self._remove(topic, gateway)

    def unsubscribe(self, topic: Topic, gateway: str, connection: int) -> None:
        """Unsubscribe one connection from a topic."""
        subscribed = self._gateways.get(gateway)
        if subscribed is None or topic not in subscribed.topics:
            return
        subscribed.topics[topic].pop(connection, None)
        if not subscribed.topics[topic]:
            self._remove(topic, gateway)

    def _remove(self, topic: Topic, gateway: str) -> None:
        self._gateways[gateway].topics.pop(topic, None)
        self._gateways[gateway].invalidated.discard(topic)
        gateways = self._topics.get(topic)
        if gateways is not None:
            gateways.discard(gateway)
            if not gateways:
                del self._topics[topic]

    # --- publishing ------------------------------------------------------------------------------

    def publish(self, published: Published) -> None:
        """Send events to the gateways with subscribers."""
        topic, frame = published.topic, encode(PUSHED, published)
        for gateway in map(self._gateways.__getitem__, self._topics.get(topic, ())):
            if topic not in gateway.invalidated:
                gateway.stream.send_frame(frame)

    def invalidate(self, topic: Topic) -> None:
        """Ask the gateways of a topic to resubscribe. Until they do, nothing is published to
        them."""
        frame = encode(PUSHED, Dropped(topic))
        for gateway in map(self._gateways.__getitem__, self._topics.get(topic, ())):
            gateway.invalidated.add(topic)
            gateway.stream.send_frame(frame)

    def hand_off(self, topics: Iterable[Topic]) -> None:
        """Remove topics whose entities another host holds now. Their gateways resubscribe there."""
        for topic in topics:
            self.invalidate(topic)
            for gateway in list(self._topics.get(topic, ())):
                self._remove(topic, gateway)
