"""The rules of each kind, by its name."""

from typing import Any

from domain.entity import Behaviour
from domain.order import ORDER
from domain.restaurant import RESTAURANT
from domain.session import SESSION
from domain.table import TABLE
from domain.waiter import WAITER
from protocol.ids import Kind

BEHAVIOURS: dict[Kind, Behaviour[Any]] = {
    behaviour.kind: behaviour for behaviour in (RESTAURANT, TABLE, SESSION, ORDER, WAITER)
}
