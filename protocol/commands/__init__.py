"""The commands of clients, one class per command.

A WebSocket message and the body of an HTTP request contain the same command. Unknown fields are
refused, so that a misspelt field is an error instead of a silent default.
"""

from protocol.commands.base import Command, Get, Reserves
from protocol.commands.device import AddDevice, IssueToken, RemoveDevice, SignInDevice
from protocol.commands.lines import MAX_LINES, FreeLine, Line, Lines, MenuLine, WithLines
from protocol.commands.menu import (
    ChangeMenuItem,
    ChangeOrdering,
    ImportMenu,
    PauseOrders,
    ReplaceMenu,
    ResumeOrders,
)
from protocol.commands.order import (
    AddItems,
    DeliverItems,
    Pay,
    Refund,
    ReplaceItems,
    UpdateItem,
    UpdateStatus,
    VoidedItem,
    VoidItems,
)
from protocol.commands.restaurant import (
    AddTable,
    AddWaiter,
    Broadcast,
    ChangeRestaurant,
    CreateRestaurant,
)
from protocol.commands.session import (
    CALL_ID,
    CallWaiter,
    CloseSession,
    JoinSession,
    PlaceOrder,
    Quote,
    UpdateCall,
    UpdateGuestsCount,
)
from protocol.commands.table import ChangeTable, Occupy, Release, ReplaceTableCode
from protocol.commands.waiter import Acknowledge, AssignTask, RaiseAlert

__all__ = [
    "CALL_ID",
    "MAX_LINES",
    "Acknowledge",
    "AddDevice",
    "AddItems",
    "AddTable",
    "AddWaiter",
    "AssignTask",
    "Broadcast",
    "CallWaiter",
    "ChangeMenuItem",
    "ChangeOrdering",
    "ChangeRestaurant",
    "ChangeTable",
    "CloseSession",
    "Command",
    "CreateRestaurant",
    "DeliverItems",
    "FreeLine",
    "Get",
    "ImportMenu",
    "IssueToken",
    "JoinSession",
    "Line",
    "Lines",
    "MenuLine",
    "Occupy",
    "PauseOrders",
    "Pay",
    "PlaceOrder",
    "Quote",
    "RaiseAlert",
    "Refund",
    "Release",
    "RemoveDevice",
    "ReplaceItems",
    "ReplaceMenu",
    "ReplaceTableCode",
    "Reserves",
    "ResumeOrders",
    "SignInDevice",
    "UpdateCall",
    "UpdateGuestsCount",
    "UpdateItem",
    "UpdateStatus",
    "VoidItems",
    "VoidedItem",
    "WithLines",
]
