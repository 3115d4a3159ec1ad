"""`make run`: errors at startup, and state that survives a restart."""

import socket
from pathlib import Path

import pytest

from protocol.caller import Role
from restaurant_qr.exits import Exit
from tests.e2e.service import Service, free_port, launch, running_service

pytestmark = pytest.mark.e2e


def _refusal(data_dir: Path, **environment: str) -> str:
    """Error of a failed start, which must be one line."""
    process = launch(data_dir, **environment)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == Exit.CANNOT, output
    assert "Traceback" not in output
    assert len(output.strip().splitlines()) == 1, output
    return output


def test_an_error_about_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port}" in _refusal(tmp_path, PORT=port)


@pytest.mark.skipif(not Path("/proc/1").exists(), reason="needs an unwritable folder")
def test_an_error_about_an_unwritable_data_folder_is_one_line() -> None:
    assert "RESTAURANT_QR_DATA_DIR" in _refusal(Path("/proc/1/nowhere"), PORT=free_port())


def test_an_error_about_an_unreachable_store_is_one_line(tmp_path: Path) -> None:
    output = _refusal(tmp_path, PORT=free_port(), REDIS_URL=f"redis://127.0.0.1:{free_port()}")
    assert "RESTAURANT_QR_REDIS_URL" in output


def test_anonymous_access_on_a_public_address_is_rejected(tmp_path: Path) -> None:
    assert "auth=required" in _refusal(tmp_path, HOST="0.0.0.0", PORT=free_port())


async def test_state_survives_a_restart_with_another_placement(tmp_path: Path) -> None:
    async def state(service: Service) -> list[object]:
        async with service.http() as http:
            paths = ("/orders/1", "/tables/5", "/sessions/1", "/restaurants/2")
            return [(await http.get(path)).json()["data"] for path in paths]

    port = free_port()
    with running_service(tmp_path, PLACEMENT="shard", PORT=port) as service:
        async with (
            service.http(Role.MANAGER, restaurant_id=2) as http,
            service.socket("orders/1/") as order,
        ):
            await order.next()
            response = await http.patch("/orders/1", json={"status": "confirmed"})
            assert response.status_code == 200, response.text
            last = await order.next()
        before = await state(service)
        epoch = (await _snapshot(service))["epoch"]
    with running_service(tmp_path, PLACEMENT="restaurant", PORT=port) as service:
        assert await state(service) == before
        async with service.socket(f"orders/1/?since={last['seq'] - 1}&epoch={epoch}") as order:
            snapshot = await order.next()  # a restarted store may have lost writes
            assert (snapshot["seq"], snapshot["data"]["resumed"]) == (last["seq"], False)
            assert snapshot["data"]["status"] == "confirmed"
            assert snapshot["epoch"] != epoch


async def _snapshot(service: Service) -> dict[str, str]:
    async with service.socket("orders/1/") as order:
        snapshot: dict[str, str] = await order.next()
        return snapshot
