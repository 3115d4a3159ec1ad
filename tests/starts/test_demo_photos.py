"""`run --demo-photos`: a new demo chain gets photos in the background, once."""

import asyncio
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service import Service, commands, free_port, launch, remaining_processes
from tests.eventually import eventually

pytestmark = pytest.mark.e2e

STOP_TIMEOUT_S = 60
PHOTOS_TIMEOUT_S = 90


async def photos_of(service: Service) -> set[Any]:
    async with service.http() as http:
        menu = (await http.get("/restaurants/2/menu")).json()["data"]
    return {item["photo_id"] for category in menu["categories"] for item in category["items"]}


async def test_photos_are_added_after_the_first_start_alone(tmp_path: Path) -> None:
    port = free_port()
    for is_first in (True, False):
        process = launch(tmp_path, "--demo-photos", "--no-dashboard", PORT=port, PLACEMENT="shard")
        output = ""
        try:
            output = await asyncio.to_thread(_started, process)
            service = Service(process, tmp_path, "", output, f"127.0.0.1:{port}")
            workers = [each for each in commands(tmp_path) if "scripts.demo_photos" in each]
            assert is_first or not workers

            async def all_have_photos(service: Service = service) -> bool:
                return None not in await photos_of(service)

            await eventually(all_have_photos, PHOTOS_TIMEOUT_S, period_s=0.2)
        finally:
            process.send_signal(signal.SIGINT)
            output += process.communicate(timeout=STOP_TIMEOUT_S)[0]
        assert process.returncode == 0, output
        assert "Cannot" not in output
        assert not remaining_processes(tmp_path)


def _started(process: "subprocess.Popen[str]") -> str:
    """The output of a run until it has started."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Press Ctrl-C"):
            return "".join(lines)
    raise AssertionError("".join(lines))
