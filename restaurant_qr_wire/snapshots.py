"""The data of each channel's snapshot, with the version of its entity."""

from restaurant_qr_wire.menu import Menu
from restaurant_qr_wire.messages import (
    Devices,
    Items,
    Notifications,
    Order,
    Restaurant,
    Session,
    Table,
    Waiter,
)


class OrderView(Order):
    version: int


class ItemsView(Items):
    version: int


class TableView(Table):
    version: int


class SessionView(Session):
    version: int


class WaiterView(Waiter):
    version: int


class RestaurantView(Restaurant):
    version: int


class NotificationsView(Notifications):
    version: int


class MenuView(Menu):
    version: int


class DevicesView(Devices):
    version: int
