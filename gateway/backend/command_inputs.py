"""Collects the inputs of a command before it is sent: ids, the number of an order, a session code,
menu prices. Each command declares in `protocol/commands/` which of them it needs."""

from dataclasses import replace

import msgspec

from domain.entity import NO_INPUTS, Inputs, RequestRef
from domain.messages import PriceLines
from domain.order.number import OrderNumber
from engine.messages import Done, Submit
from engine.placement_watcher import PlacementWatcher
from gateway.backend.business_days import BusinessDays
from gateway.backend.directory import Directory
from gateway.backend.host_client import HostClient
from gateway.backend.id_allocation import IdAllocator
from gateway.limits import record_violation
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from protocol.limits import limit_exceeded
from storage.store import StoreUnavailable

_CREATED_WITH_SETTINGS = (Kind.ORDER, Kind.SESSION)
"""Kinds whose new entities need settings of the menu."""


class CommandInputs:
    """The inputs of one gateway's commands."""

    def __init__(
        self,
        directory: Directory,
        ids: IdAllocator,
        client: HostClient,
        watcher: PlacementWatcher,
        max_items: int = c.MAX_LINES,
    ) -> None:
        self._directory = directory
        self._ids = ids
        self._client = client
        self._watcher = watcher
        self._days = BusinessDays(client)
        self._max_items = max_items

    async def collect(
        self, caller: Caller, command: c.Command, request_ref: RequestRef
    ) -> Inputs | Rejected:
        """The inputs that `decide` needs and cannot produce itself. The menu reserves portions in
        the name of the request."""
        to = request_ref.target
        try:
            refused = await self._check_references(to, command)
            if refused is not None:
                return Inputs(refusal=refused)
            inputs = await self._priced(caller, command, request_ref)
            kind = command.creates
            if isinstance(inputs, Rejected) or inputs.refusal is not None:
                return inputs
            if kind is None or kind is to.kind:  # `to` itself is the new entity
                return inputs
            if kind is Kind.ORDER:
                return await self._new_order(to.restaurant, inputs)
            id_ = await self._ids.new_id(kind, to.restaurant)
            created = Address(kind, id_, to.restaurant)
            code = await self._ids.new_code(created) if kind is Kind.SESSION else None
            return replace(inputs, id=id_, code=code)
        except StoreUnavailable:
            return UNAVAILABLE

    async def _new_order(self, restaurant: int, inputs: Inputs) -> Inputs | Rejected:
        """The inputs with an id for a new order, and its number. A menu whose host is of an earlier
        release does not say the date; the order has no number then."""
        date: str | Rejected | None = None
        if inputs.is_priced_by_host:
            date = await self._days.date(restaurant)
        elif inputs.business_day is not None:
            date = inputs.business_day.date
        if isinstance(date, Rejected):
            return date
        inputs = replace(inputs, business_day=None)
        if date is None:
            return replace(inputs, id=await self._ids.new_id(Kind.ORDER, restaurant))
        id_, number = await self._ids.new_order(restaurant, date)
        return replace(inputs, id=id_, order_number=OrderNumber(date, number))

    async def _check_references(self, to: Address, command: c.Command) -> Rejected | None:
        """Why the command is refused, if it names an entity of another restaurant."""
        for field, kind in command.references.items():
            id_ = getattr(command, field)
            if id_ is None:
                continue
            address = await self._directory.address(kind, id_)
            if address is None or address.restaurant != to.restaurant:
                return Rejected(
                    Code.NOT_FOUND, f"There is no {kind.value} {id_}.", {"field": field}
                )
        return None

    async def _priced(
        self, caller: Caller, command: c.Command, request_ref: RequestRef
    ) -> Inputs | Rejected:
        """The lines of an order, priced by the menu for a caller, and the menu's settings; if the
        entity's own host has the menu, it adds them later."""
        lines = command.priced_lines
        if len(lines) > self._max_items:
            what = f"at most {self._max_items} lines. Place several orders"
            return record_violation(limit_exceeded("items", "items", what))
        pricing = PriceLines.of(command, request_ref)
        if not pricing.lines and command.creates not in _CREATED_WITH_SETTINGS:
            return NO_INPUTS
        if self._watcher.together:
            return Inputs(is_priced_by_host=True)
        restaurant = request_ref.target.restaurant
        menu = Address(Kind.MENU, restaurant, restaurant)
        message = replace(pricing, is_dated=command.creates is Kind.ORDER)
        reply = await self._client.send_until_created(Submit(menu, message, caller))
        if isinstance(reply, Done):
            return msgspec.convert(reply.result, Inputs)
        if not isinstance(reply, Rejected):
            return UNAVAILABLE
        return reply if reply.code is Code.UNAVAILABLE else Inputs(refusal=reply)
