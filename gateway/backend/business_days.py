"""The current business day of restaurants, which their menus determine."""

import asyncio

import msgspec

from domain.entity import Inputs
from domain.messages import PriceLines
from engine.messages import Done, Submit
from gateway.backend.host_client import HostClient
from protocol.caller import SYSTEM
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import Address, Kind


class BusinessDays:
    """Asks each menu once a business day. A day that has begun ends when it was to end, even if
    the restaurant changes its hours meanwhile."""

    def __init__(self, client: HostClient) -> None:
        self._client = client
        self._known: dict[int, tuple[str, float]] = {}
        """By restaurant: the date, and when the day ends in the event loop's time."""

    async def date(self, restaurant: int) -> str | Rejected | None:
        """The date of a restaurant's business day; None if its menu's host is of an earlier
        release."""
        date, ends_at = self._known.get(restaurant, (None, 0.0))
        now = asyncio.get_running_loop().time()
        if date is not None and now < ends_at:
            return date
        menu = Address(Kind.MENU, restaurant, restaurant)
        reply = await self._client.send_until_created(
            Submit(menu, PriceLines((), is_dated=True), SYSTEM)
        )
        if not isinstance(reply, Done):
            return UNAVAILABLE
        day = msgspec.convert(reply.result, Inputs).business_day
        if day is None:
            return None
        self._known[restaurant] = day.date, now + day.ends_in_s
        return day.date
