"""Parties at one table, one after the other: order, are served, pay in two parts, and leave.

Now and then they ask for what must be refused. What was acknowledged is written into the house.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from load_tests.bench.servers import token
from load_tests.channels import ORDER, SESSION, TABLE, Channel
from load_tests.commands import GaveUp, Refused
from tests.faults.api import Api
from tests.faults.book import Book
from tests.faults.client import Client
from tests.faults.house import Done, House
from tests.faults.link import now

SETTLED_S = 120.0
"""Within which what was paid has come to its session."""


class Table:
    """One table of a house; `think_s` is the pause between two commands."""

    def __init__(
        self, book: Book, api: Api, urls: Sequence[str], house: House, id_: int, think_s: float
    ) -> None:
        self._book = book
        self._api = api
        self._urls = urls
        self._house = house
        self._id = id_
        self._think_s = think_s
        self._sat = house.sat.setdefault(id_, [])

    async def serve(self, enough: asyncio.Event) -> None:
        """Party after party, until it is enough; the last one is served to its end."""
        table = await self._listen(TABLE, self._id)
        while not enough.is_set():
            session_id = (await table.request("occupy", guests_count=2)).data["session_id"]
            self._sat.append(session_id)
            await self._refused(table, "table_occupied", "occupy", guests_count=3)
            await self._stay(session_id)
        await table.close()

    async def _stay(self, session_id: int) -> None:
        session = await self._listen(SESSION, session_id)
        for _ in range(self._book.random.randint(1, 2)):
            await self._order(session)
        await self._leave(session)
        await session.close()
        self._book.counts["parties"] += 1

    async def _order(self, session: Client) -> None:
        await self._think()
        quantity = self._book.random.randint(1, 3)
        item = {"menu_item_id": self._house.item, "quantity": quantity}
        self._book.ledger.placing(session.id)
        placed = await session.request("place_order", items=[item])
        order_id = placed.data["order_id"]
        self._book.ledger.placed(session.id, order_id)
        order = await self._listen(ORDER, order_id)
        done = self._house.orders[order_id] = Done(session.id, order.state["total_amount"])
        for status in ("confirmed", "ready", "delivered"):
            await self._think()
            await order.request("update_status", status=status)
            self._book.ledger.reached(order_id, status)
        await self._refused(order, "invalid_transition", "update_status", status="confirmed")
        await self._pay(order_id, Decimal(done.total), done)
        await order.close()

    async def _pay(self, order_id: int, total: Decimal, done: Done) -> None:
        """In two parts; a third one is too much. Each is sent again until it is answered."""
        first = (total / 2).quantize(Decimal("0.01"))
        for n, amount in enumerate((first, total - first, Decimal("1.00"))):
            await self._think()
            self._book.ledger.paying(order_id, str(amount))
            body = {"amount": f"{amount:.2f}", "method": "card"}
            path, key = f"/orders/{order_id}/payments", f"pay-{order_id}-{n}"
            try:
                await self._api.send("POST", path, body, key)
            except Refused as refused:
                self._book.ledger.not_paid(order_id, str(amount))
                expected = n == 2 and refused.code == "overpayment"
                self._book.expect(expected, f"order {order_id}: payment {n} was {refused}")
            else:
                self._book.ledger.paid(order_id, str(amount))
                done.payments.append(body["amount"])

    async def _leave(self, session: Client) -> None:
        """Close; what was paid may take a moment to reach the session."""
        deadline = now() + SETTLED_S
        while True:
            try:
                await session.request("close_session")
            except Refused as refused:
                if refused.code != "unsettled" or now() > deadline:
                    raise GaveUp(f"session {session.id}: {refused}") from refused
                await asyncio.sleep(0.2)
            else:
                self._book.ledger.closed(session.id)
                break
        item = {"menu_item_id": self._house.item}
        await self._refused(session, "session_closed", "place_order", items=[item])
        await self._freed(deadline)

    async def _freed(self, deadline: float) -> None:
        while (await self._api.look(f"/tables/{self._id}"))["is_occupied"]:
            if now() > deadline:
                raise GaveUp(f"table {self._id} is not free although its session is closed")
            await asyncio.sleep(0.1)

    async def _refused(self, client: Client, code: str, action: str, **fields: Any) -> None:
        """What must be refused is; that it changed nothing is seen in the histories."""
        try:
            answer = await client.request(action, **fields)
        except Refused as refused:
            self._book.expect(refused.code == code, f"{action} was refused with {refused}")
        else:
            self._book.expect(False, f"{action} on {client.id} should be {code}: {answer.data}")

    async def _listen(self, channel: Channel, id_: int) -> Client:
        client = Client(self._book, self._urls, channel, id_, token())
        await client.open()
        return client

    async def _think(self) -> None:
        await asyncio.sleep(self._book.random.uniform(0.5, 1.5) * self._think_s)
