"""Kinds, addresses and channels of entities.

An id is a positive integer, unique in its kind across the whole chain and never reused. Every
entity belongs to one restaurant for life, so an address carries the restaurant too: placement and
the store's hash tags need nothing else.
"""

from enum import StrEnum
from typing import NamedTuple

from restaurant_qr_wire.channels import Channel

__all__ = ["CHANNELS", "KIND_OF", "Address", "Channel", "Kind", "Topic"]


class Kind(StrEnum):
    """The kinds of entity."""

    RESTAURANT = "restaurant"
    TABLE = "table"
    SESSION = "session"
    ORDER = "order"
    WAITER = "waiter"
    MENU = "menu"
    """A restaurant's menu. Its id is the restaurant's."""


NUMBERED: tuple[Kind, ...] = tuple(kind for kind in Kind if kind is not Kind.MENU)
"""Kinds with ids of their own."""


CHANNELS: dict[Kind, tuple[Channel, ...]] = {
    Kind.RESTAURANT: (
        Channel.RESTAURANT,
        Channel.NOTIFICATIONS,
        Channel.DEVICES,
    ),
    Kind.TABLE: (Channel.TABLE,),
    Kind.SESSION: (Channel.SESSION,),
    Kind.ORDER: (Channel.ORDER, Channel.ITEMS),
    Kind.WAITER: (Channel.WAITER,),
    Kind.MENU: (Channel.MENU,),
}
KIND_OF: dict[Channel, Kind] = {
    channel: kind for kind, channels in CHANNELS.items() for channel in channels
}


class Address(NamedTuple):
    """The address of one entity of one restaurant. Printed as `order:123`."""

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
