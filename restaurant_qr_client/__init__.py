"""Live orders, tables, sessions, menus and notifications of a Restaurant QR service."""

from restaurant_qr_client import types
from restaurant_qr_client.channel import Channel
from restaurant_qr_client.client import RestaurantQR
from restaurant_qr_client.connection import Message
from restaurant_qr_client.errors import (
    ClosedError,
    QueueFullError,
    RefusedError,
    RestaurantQRError,
    SlowConsumerError,
    UnreachableError,
)
from restaurant_qr_client.http import Http
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.status import State, Status
from restaurant_qr_client.stream import Stream

__all__ = [
    "Channel",
    "ClosedError",
    "Http",
    "Message",
    "QueueFullError",
    "RefusedError",
    "RestaurantQR",
    "RestaurantQRError",
    "Settings",
    "SlowConsumerError",
    "State",
    "Status",
    "Stream",
    "UnreachableError",
    "types",
]
