"""HTTP beside the channels, and the client's bad days: no network for long, a laptop asleep."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from gateway.settings import GatewaySettings, Limits
from restaurant_qr_client import RefusedError, RestaurantQR, UnreachableError
from scripts.environment import ROOT
from tests.client.conftest import HASTY
from tests.client.proxy import Proxy
from tests.gateway.conftest import KEYS, Gateway, Place, token

GONE_S = 30.0
ASLEEP_S = 5.0
CHANGES = range(3, 10)

WATCHER = """
import asyncio, sys
from restaurant_qr_client import RestaurantQR, Settings

async def main(url, token, session):
    async with RestaurantQR(url, token=token, settings=Settings(heartbeat=2, patience=1)) as qr:
        async for message in qr.session(int(session)).messages():
            print(message.seq, message.data["guests_count"], flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_guest_joins_and_orders(qr: RestaurantQR, gateway: Gateway, place: Place) -> None:
    found = await qr.http.get(f"/tables/{place.table}/code")
    async with RestaurantQR(f"http://127.0.0.1:{gateway.port}", settings=HASTY) as guest:
        session = await guest.join(table_code=found["table_code"])
        orders = f"/sessions/{session['id']}/orders"
        made = await guest.http.post(orders, {"items": [{"menu_item_id": 1}]}, key="one")
        again = await guest.http.post(orders, {"items": [{"menu_item_id": 1}]}, key="one")
        assert again["order_id"] == made["order_id"]
        shown = await guest.session(session["id"]).refresh()
        assert [each["order_id"] for each in shown["orders"]] == [made["order_id"]]
        with pytest.raises(RefusedError) as refused:
            await guest.http.get(f"/orders/{made['order_id']}/audit")
        assert refused.value.code == "forbidden"
    with pytest.raises(RefusedError, match="not good"):
        await qr.join(session_code="AAAAAA")


async def test_an_answer_of_something_in_between_is_none() -> None:
    """A proxy's own error is no refusal of the service's, whatever it holds."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = bodies.pop()
        head = f"HTTP/1.1 502 Bad\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    bodies = [b"<html>", b"[]", b'{"error": 7}', b"\xff"]
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, RestaurantQR(f"http://127.0.0.1:{port}", settings=HASTY) as qr:
        with pytest.raises(UnreachableError):
            await qr.http.get("/orders/1")
    assert bodies == []


async def test_a_change_whose_answer_is_lost_is_made_once(
    qr: RestaurantQR, proxy: Proxy, place: Place
) -> None:
    proxy.deaf = True
    asked = asyncio.create_task(qr.http.post(f"/tables/{place.table}/sessions"))
    await asyncio.sleep(0.5)
    proxy.deaf = False
    proxy.cut()
    made = await asked
    assert (await qr.http.get(f"/tables/{place.table}"))["data"]["session"]["id"] == made[
        "session_id"
    ]
    proxy.target = None
    proxy.cut()
    with pytest.raises(UnreachableError):
        await qr.http.get(f"/tables/{place.table}")


async def test_a_network_that_is_gone_for_long_costs_only_time(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    """With the settings that it comes with."""
    made = await gateway.post(f"/tables/{place.table}/sessions")
    url = f"http://127.0.0.1:{proxy.port}"
    async with asyncio.timeout(120), RestaurantQR(url, token=token("admin")) as lasting:
        session = lasting.session(made["session_id"])
        told = session.messages()
        first = await anext(told)
        proxy.silent = True
        wishes = [
            asyncio.create_task(session.request("update_guests_count", guests_count=count))
            for count in CHANGES
        ]
        await asyncio.sleep(GONE_S)
        proxy.cut()
        proxy.silent = False
        await asyncio.gather(*wishes)
        seen = [await anext(told) for _ in CHANGES]
    assert first.seq is not None
    assert [each.seq for each in seen] == [first.seq + n for n in range(1, len(CHANGES) + 1)]
    assert [each.data["guests_count"] for each in seen] == list(CHANGES)


class TestAsleep:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(ping_s=1.0))

    async def test_a_laptop_that_was_asleep_is_told_what_it_missed(
        self, gateway: Gateway, place: Place, tmp_path: Path
    ) -> None:
        """Its socket is gone when it wakes: it has not answered a ping."""
        session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
        script = tmp_path / "watcher.py"
        script.write_text(WATCHER)
        watcher = await asyncio.create_subprocess_exec(
            sys.executable, script,
            f"http://127.0.0.1:{gateway.port}", token("admin"), str(session),
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert watcher.stdout is not None
        try:
            async with asyncio.timeout(60):
                first = int((await watcher.stdout.readline()).split()[0])
                watcher.send_signal(signal.SIGSTOP)
                await asyncio.sleep(ASLEEP_S)
                for count in CHANGES:
                    await gateway.http.patch(
                        f"/api/sessions/{session}", json={"guests_count": count}
                    )
                watcher.send_signal(signal.SIGCONT)
                seen = [(await watcher.stdout.readline()).decode().split() for _ in CHANGES]
        finally:
            watcher.kill()
            await watcher.wait()
        wanted = [[str(first + n), str(count)] for n, count in enumerate(CHANGES, 1)]
        assert seen == wanted
