"""Text form of addresses and topics in logs and keys."""

from protocol.ids import CHANNELS, KIND_OF, Address, Channel, Kind, Topic


def test_an_address_prints_as_kind_and_id() -> None:
    assert str(Address(Kind.ORDER, 123, 2)) == "order:123"


def test_a_topic_prints_as_address_and_channel() -> None:
    assert str(Topic(Address(Kind.ORDER, 123, 2), Channel.ITEMS)) == "order:123/items"


def test_every_kind_has_a_channel_and_every_channel_one_kind() -> None:
    assert set(CHANNELS) == set(Kind)
    assert set(KIND_OF) == set(Channel)
    assert sum(len(channels) for channels in CHANNELS.values()) == len(Channel)
