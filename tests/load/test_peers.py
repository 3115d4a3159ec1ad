"""The benchmark's peers serve the commands of its clients."""

import asyncio

import orjson
import pytest

from load_tests.bench.lifecycles import FRAMES, run_lifecycles
from load_tests.bench.restaurants import create_restaurants
from load_tests.bench.servers import Server, peer
from load_tests.bench.socket_group import measure_sequential, open_group
from load_tests.bench.wire import Expected, open_socket

pytest.importorskip("channels", reason="requirements-load.txt is not installed")

PEERS = pytest.mark.parametrize("options", [(), ("--orm",)], ids=["tuned", "orm"])


async def _session(server: Server, session: int) -> dict[str, object]:
    frames: list[bytes] = []
    expected = Expected()
    received = expected.expect(1)

    def take(text: bytes) -> None:
        frames.append(text)
        expected.on_frame(text)

    socket = await open_socket(server.ws(f"tables/sessions/{session}/"), take)
    await asyncio.wait_for(received, 30)
    socket.cut()
    data: dict[str, object] = orjson.loads(frames[0])["data"]
    return data


@PEERS
async def test_peer_serves_and_stores_complete_orders(options: tuple[str, ...]) -> None:
    with peer(*options) as server:
        restaurants = await create_restaurants(server, 1)
        stats = await run_lifecycles(server, restaurants, 0.5)
        stored = await _session(server, restaurants[0].sessions[0])
    assert stats.done >= 1
    assert stats.frames == stats.done * FRAMES
    assert isinstance(stored["orders"], list)
    assert [order["status"] for order in stored["orders"]] == ["delivered"] * stats.done
    assert {order["total_amount"] for order in stored["orders"]} == {"124.50"}


@PEERS
async def test_peer_delivers_a_change_to_each_socket_of_a_session(options: tuple[str, ...]) -> None:
    changes = iter([True, True, True])
    with peer(*options) as server:
        restaurants = await create_restaurants(server, 1)
        group = await open_group(server, restaurants[0], 20)
        took = await measure_sequential(group, lambda: next(changes, False))
        group.close()
        stored = await _session(server, restaurants[0].sessions[0])
    assert len(took) == 3
    assert group.received == 3 * group.size
    assert stored["guests_count"] == 5
