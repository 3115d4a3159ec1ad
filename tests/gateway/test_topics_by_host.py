"""Topics are found at the host that publishes them, before and after a change of the placement."""

from dataclasses import replace

from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway.backend.topics_by_host import TopicsByHost
from protocol.ids import Address, Channel, Kind, Topic

ORDER = Topic(Address(Kind.ORDER, 1, 1), Channel.ORDER)
ITEMS = Topic(ORDER.address, Channel.ITEMS)
ELSEWHERE = Topic(Address(Kind.ORDER, 2, 2), Channel.ORDER)


def test_a_host_without_topics_has_no_entry() -> None:
    topics = TopicsByHost(PlacementWatcher(Placement()))
    assert topics.find(ORDER) is None
    assert topics == {}
    subscribers = topics.find_or_add(ORDER)
    assert topics.find_or_add(ORDER) is topics.find(ORDER) is subscribers
    topics.find_or_add(ITEMS)
    topics.remove(ORDER)
    assert [list(each) for each in topics.values()] == [[ITEMS]]
    topics.remove(ITEMS)
    assert topics == {}


def test_only_topics_that_another_host_publishes_move() -> None:
    placement = Placement(Mode.SHARD, 2, pinned=frozenset({(2, 0)}))
    watcher = PlacementWatcher(placement)
    topics = TopicsByHost(watcher)
    subscribers = {topic: topics.find_or_add(topic) for topic in (ORDER, ITEMS, ELSEWHERE)}
    assert topics.move() == []
    watcher.update(replace(placement.moved(1), generation=1))
    assert topics.move() == [ORDER, ITEMS]
    assert set(topics) == {"shard:0", "shard:1#1"}
    assert all(topics.find(topic) is each for topic, each in subscribers.items())
    assert [topic for topic, each in subscribers.items() if each.moved] == [ORDER, ITEMS]
