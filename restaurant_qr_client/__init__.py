"""Live orders, tables, sessions, menus and notifications of a Restaurant QR service."""

from restaurant_qr_client import forms
from restaurant_qr_client.channel import Channel, Message
from restaurant_qr_client.client import RestaurantQR
from restaurant_qr_client.errors import (
    BehindError,
    ClosedError,
    QueueFullError,
    RefusedError,
    RestaurantQRError,
    UnreachableError,
)
from restaurant_qr_client.http import Http
from restaurant_qr_client.settings import Settings
from restaurant_qr_client.status import State, Status
from restaurant_qr_client.stream import Stream

__all__ = [
    "BehindError",
    "Channel",
    "ClosedError",
    "Http",
    "Message",
    "QueueFullError",
    "RefusedError",
    "RestaurantQR",
    "RestaurantQRError",
    "Settings",
    "State",
    "Status",
    "Stream",
    "UnreachableError",
    "forms",
]
