"""HTTP requests and channels through long outages and a suspended process."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from gateway.settings import GatewaySettings, Limits
from restaurant_qr_client import RefusedError, RestaurantQR, UnreachableError
from scripts.environment import ROOT
from tests.client.conftest import FAST_SETTINGS
from tests.client.proxy import Proxy
from tests.eventually import eventually
from tests.gateway.conftest import KEYS, Gateway, Place, token

OUTAGE_S = 15.0
SUSPENDED_S = 5.0
CHANGES = range(3, 10)

WATCHER = """
import asyncio, sys
from restaurant_qr_client import RestaurantQR, Settings

async def main(url, token, session):
    async with RestaurantQR(url, token=token, settings=Settings(heartbeat=2, timeout=1)) as qr:
        async for message in qr.session(int(session)).messages():
            print(message.seq, message.data["guests_count"], flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_guest_joins_and_orders(qr: RestaurantQR, gateway: Gateway, place: Place) -> None:
    found = await qr.http.get(f"/tables/{place.table}/code")
    async with RestaurantQR(f"http://127.0.0.1:{gateway.port}", settings=FAST_SETTINGS) as guest:
        session = await guest.join(table_code=found["table_code"])
        orders = f"/sessions/{session['id']}/orders"
        created = await guest.http.post(orders, {"items": [{"menu_item_id": 1}]}, key="one")
        again = await guest.http.post(orders, {"items": [{"menu_item_id": 1}]}, key="one")
        assert again["order_id"] == created["order_id"]
        shown = await guest.session(session["id"]).refresh()
        assert [each["order_id"] for each in shown["orders"]] == [created["order_id"]]
        with pytest.raises(RefusedError) as refused:
            await guest.http.get(f"/orders/{created['order_id']}/audit")
        assert refused.value.code == "forbidden"
    with pytest.raises(RefusedError, match="invalid or has expired"):
        await qr.join(session_code="AAAAAA")


async def test_response_of_an_intermediary_is_no_refusal() -> None:
    """A proxy's own error is no refusal of the service, whatever its body."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = bodies.pop()
        head = f"HTTP/1.1 502 Bad\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    bodies = [b"<html>", b"[]", b'{"error": 7}', b"\xff"]
    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, RestaurantQR(f"http://127.0.0.1:{port}", settings=FAST_SETTINGS) as qr:
        with pytest.raises(UnreachableError):
            await qr.http.get("/orders/1")
    assert bodies == []


async def test_change_whose_response_is_lost_takes_effect_once(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    async def is_occupied() -> bool:
        response = await gateway.http.get(f"/api/tables/{place.table}")
        return bool(response.json()["data"]["is_occupied"])

    proxy.drops_responses = True
    request = asyncio.create_task(qr.http.post(f"/tables/{place.table}/sessions"))
    await eventually(is_occupied)
    proxy.drops_responses = False
    proxy.cut()
    created = await request
    assert (await qr.http.get(f"/tables/{place.table}"))["data"]["session"]["id"] == created[
        "session_id"
    ]
    proxy.target = None
    proxy.cut()
    with pytest.raises(UnreachableError):
        await qr.http.get(f"/tables/{place.table}")


async def test_client_recovers_from_a_long_outage(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    """Uses the default settings."""
    created = await gateway.post(f"/tables/{place.table}/sessions")
    url = f"http://127.0.0.1:{proxy.port}"
    async with asyncio.timeout(120), RestaurantQR(url, token=token("admin")) as client:
        session = client.session(created["session_id"])
        messages = session.messages()
        first = await anext(messages)
        proxy.silent = True
        pending = [
            asyncio.create_task(session.request("update_guests_count", guests_count=count))
            for count in CHANGES
        ]
        await asyncio.sleep(OUTAGE_S)  # real time: the default time-outs must expire
        proxy.cut()
        proxy.silent = False
        await asyncio.gather(*pending)
        received = [await anext(messages) for _ in CHANGES]
    assert first.seq is not None
    assert [each.seq for each in received] == [first.seq + n for n in range(1, len(CHANGES) + 1)]
    assert [each.data["guests_count"] for each in received] == list(CHANGES)


class TestSuspended:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(ping_interval_s=1.0))

    async def test_client_resumes_after_a_suspend(
        self, gateway: Gateway, place: Place, tmp_path: Path
    ) -> None:
        """The gateway closes its socket meanwhile, because no ping is answered."""
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
                await asyncio.sleep(SUSPENDED_S)  # real time: the gateway must miss pongs
                for count in CHANGES:
                    await gateway.http.patch(
                        f"/api/sessions/{session}", json={"guests_count": count}
                    )
                watcher.send_signal(signal.SIGCONT)
                printed = [(await watcher.stdout.readline()).decode().split() for _ in CHANGES]
        finally:
            watcher.kill()
            await watcher.wait()
        expected = [[str(first + n), str(count)] for n, count in enumerate(CHANGES, 1)]
        assert printed == expected
