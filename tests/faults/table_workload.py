"""Sessions at one table, one after another: order, serve, pay in two parts, close.

Some commands must be rejected. Acknowledged changes are recorded in the restaurant.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from load_tests.bench.servers import token
from load_tests.channels import ORDER, SESSION, TABLE, Channel
from load_tests.commands import Refused, RequestTimeout
from tests.faults.api import TrialApi
from tests.faults.client import TrialClient
from tests.faults.restaurant import AcknowledgedOrder, TrialRestaurant
from tests.faults.socket import now
from tests.faults.trial_log import TrialLog

SETTLE_TIMEOUT_S = 120.0
"""Seconds within which a payment reaches its session."""


class TableWorkload:
    """One table; `think_s` is the mean pause between commands."""

    def __init__(
        self,
        log: TrialLog,
        api: TrialApi,
        urls: Sequence[str],
        restaurant: TrialRestaurant,
        id_: int,
        think_s: float,
    ) -> None:
        self._log = log
        self._api = api
        self._urls = urls
        self._restaurant = restaurant
        self._id = id_
        self._think_s = think_s
        self._sessions = restaurant.sessions_by_table.setdefault(id_, [])

    async def run(self, stop: asyncio.Event) -> None:
        """Run sessions until `stop` is set; the last one is completed."""
        table = await self._subscribe(TABLE, self._id)
        while not stop.is_set():
            session_id = (await table.request("occupy", guests_count=2)).data["session_id"]
            self._sessions.append(session_id)
            await self._expect_refusal(table, "table_occupied", "occupy", guests_count=3)
            await self._run_session(session_id)
        await table.close()

    async def _run_session(self, session_id: int) -> None:
        session = await self._subscribe(SESSION, session_id)
        for _ in range(self._log.random.randint(1, 2)):
            await self._order(session)
        await self._close_session(session)
        await session.close()
        self._log.counts["sessions"] += 1

    async def _order(self, session: TrialClient) -> None:
        await self._think()
        quantity = self._log.random.randint(1, 3)
        item = {"menu_item_id": self._restaurant.item, "quantity": quantity}
        self._log.ledger.placing(session.id)
        placed = await session.request("place_order", items=[item])
        order_id = placed.data["order_id"]
        self._log.ledger.placed(session.id, order_id)
        order = await self._subscribe(ORDER, order_id)
        acknowledged = self._restaurant.orders[order_id] = AcknowledgedOrder(
            session.id, order.state["total_amount"]
        )
        for status in ("confirmed", "ready", "delivered"):
            await self._think()
            await order.request("update_status", status=status)
            self._log.ledger.reached(order_id, status)
        await self._expect_refusal(order, "invalid_transition", "update_status", status="confirmed")
        await self._pay(order_id, Decimal(acknowledged.total), acknowledged)
        await order.close()

    async def _pay(self, order_id: int, total: Decimal, acknowledged: AcknowledgedOrder) -> None:
        """Pay in two parts; a third payment must be rejected. Each is retried until answered."""
        first = (total / 2).quantize(Decimal("0.01"))
        for n, amount in enumerate((first, total - first, Decimal("1.00"))):
            await self._think()
            self._log.ledger.paying(order_id, str(amount))
            body = {"amount": f"{amount:.2f}", "method": "card"}
            path, key = f"/orders/{order_id}/payments", f"pay-{order_id}-{n}"
            try:
                await self._api.send("POST", path, body, key)
            except Refused as refused:
                self._log.ledger.not_paid(order_id, str(amount))
                expected = n == 2 and refused.code == "overpayment"
                self._log.check(expected, f"order {order_id}: payment {n} was {refused}")
            else:
                self._log.ledger.paid(order_id, str(amount))
                acknowledged.payments.append(body["amount"])

    async def _close_session(self, session: TrialClient) -> None:
        """Close the session; a payment may take a moment to reach it."""
        deadline = now() + SETTLE_TIMEOUT_S
        while True:
            try:
                await session.request("close_session")
            except Refused as refused:
                if refused.code != "unsettled" or now() > deadline:
                    raise RequestTimeout(f"session {session.id}: {refused}") from refused
                await asyncio.sleep(0.2)
            else:
                self._log.ledger.closed(session.id)
                break
        item = {"menu_item_id": self._restaurant.item}
        await self._expect_refusal(session, "session_closed", "place_order", items=[item])
        await self._wait_until_free(deadline)

    async def _wait_until_free(self, deadline: float) -> None:
        while (await self._api.get(f"/tables/{self._id}"))["is_occupied"]:
            if now() > deadline:
                raise RequestTimeout(f"table {self._id} is not free although its session is closed")
            await asyncio.sleep(0.1)

    async def _expect_refusal(
        self, client: TrialClient, code: str, action: str, **fields: Any
    ) -> None:
        """Expect a rejection; the histories show that it changed nothing."""
        try:
            answer = await client.request(action, **fields)
        except Refused as refused:
            self._log.check(refused.code == code, f"{action} was refused with {refused}")
        else:
            self._log.check(False, f"{action} on {client.id} should be {code}: {answer.data}")

    async def _subscribe(self, channel: Channel, id_: int) -> TrialClient:
        client = TrialClient(self._log, self._urls, channel, id_, token())
        await client.open()
        return client

    async def _think(self) -> None:
        await asyncio.sleep(self._log.random.uniform(0.5, 1.5) * self._think_s)
