"""The behaviour of each kind of entity."""

from typing import Any

from domain.entity import Behaviour
from domain.menu.rules import MENU
from domain.order.rules import ORDER
from domain.restaurant.rules import RESTAURANT
from domain.session.rules import SESSION
from domain.table.rules import TABLE
from domain.waiter.rules import WAITER
from protocol.ids import Kind

BEHAVIOURS: dict[Kind, Behaviour[Any]] = {
    behaviour.kind: behaviour for behaviour in (RESTAURANT, TABLE, SESSION, ORDER, WAITER, MENU)
}
