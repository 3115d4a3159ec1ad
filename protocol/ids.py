"""Kinds, addresses and channels of entities.

An id is a positive integer, unique among the entities of its kind in the whole chain, and never
reused. An entity always belongs to the same restaurant. Its address includes the restaurant, from
which placement and the store's hash tags follow.
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
"""Kinds with their own ids."""


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
    """The address of an entity. Its text is `order:123`."""

    kind: Kind
    id: int
    restaurant: int

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.id}"


class Topic(NamedTuple):
    """One channel of one entity, to which clients subscribe. Its text is `order:123/items`."""

    address: Address
    channel: Channel

    def __str__(self) -> str:
        return f"{self.address}/{self.channel.value}"
