"""The topics that a gateway's sockets subscribe to, by the host that publishes each."""

from engine.placement_watcher import PlacementWatcher
from gateway.backend.topic_subscribers import TopicSubscribers
from protocol.ids import Topic


class TopicsByHost(dict[str, dict[Topic, TopicSubscribers]]):
    """Each host with its topics; a host without topics has no entry. Call `move` after each change
    of the placement."""

    __slots__ = ("_watcher",)

    def __init__(self, watcher: PlacementWatcher) -> None:
        super().__init__()
        self._watcher = watcher

    def find(self, topic: Topic) -> TopicSubscribers | None:
        """A topic's subscribers, if it has any."""
        return self.get(self._watcher.host_of(topic.address), {}).get(topic)

    def find_or_add(self, topic: Topic) -> TopicSubscribers:
        """A topic's subscribers, none if the topic is new."""
        topics = self.setdefault(self._watcher.host_of(topic.address), {})
        return topics.setdefault(topic, TopicSubscribers())

    def remove(self, topic: Topic) -> None:
        """Remove a topic."""
        host = self._watcher.host_of(topic.address)
        del self[host][topic]
        if not self[host]:
            del self[host]

    def move(self) -> list[Topic]:
        """Move each topic to the host that publishes it now. Returns those that have moved."""
        moved = []
        for host, topics in list(self.items()):
            for topic, subscribers in list(topics.items()):
                new_host = self._watcher.host_of(topic.address)
                if new_host != host:
                    del topics[topic]
                    self.setdefault(new_host, {})[topic] = subscribers
                    subscribers.moved = True
                    moved.append(topic)
            if not topics:
                del self[host]
        return moved
