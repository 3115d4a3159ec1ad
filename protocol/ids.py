"""Who is spoken to: kinds, addresses and channels.

An id is a positive integer, unique in its kind across the whole chain and never reused. Every
entity belongs to one restaurant for life, so an address carries the restaurant too: placement and
the store's hash tags need nothing else.
"""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The five kinds of entity."""

    RESTAURANT = "restaurant"
    TABLE = "table"
    SESSION = "session"
    ORDER = "order"
    WAITER = "waiter"


class Channel(StrEnum):
    """What a socket can listen to. Each channel counts its own `seq`."""

    ORDER = "order"
    ITEMS = "items"
    TABLE = "table"
    SESSION = "session"
    WAITER = "waiter"
    RESTAURANT = "restaurant"
    NOTIFICATIONS = "notifications"
    MENU = "menu"
    DEVICES = "devices"


CHANNELS: dict[Kind, tuple[Channel, ...]] = {
    Kind.RESTAURANT: (
        Channel.RESTAURANT,
        Channel.NOTIFICATIONS,
        Channel.MENU,
        Channel.DEVICES,
    ),
    Kind.TABLE: (Channel.TABLE,),
    Kind.SESSION: (Channel.SESSION,),
    Kind.ORDER: (Channel.ORDER, Channel.ITEMS),
    Kind.WAITER: (Channel.WAITER,),
}
KIND_OF: dict[Channel, Kind] = {
    channel: kind for kind, channels in CHANNELS.items() for channel in channels
}


class Address(NamedTuple):
    """Where a message goes: one entity of one restaurant. Printed as `order:123`."""

    kind: Kind
    id: int
    restaurant: int

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.id}"


class Topic(NamedTuple):
    """One channel of one entity: what is subscribed to. Printed as `order:123/items`."""

    address: Address
    channel: Channel

    def __str__(self) -> str:
        return f"{self.address}/{self.channel.value}"
