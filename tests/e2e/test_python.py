"""The Python client against a real service whose gateway is killed, and as a package."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from protocol.caller import Role
from restaurant_qr_client import RestaurantQR, Settings
from scripts.environment import ROOT
from tests.e2e.service import Service

pytestmark = pytest.mark.e2e

CLIENT = ROOT / "restaurant_qr_client"
HASTY = Settings(first_pause=0.05, longest_pause=0.5)


@pytest.mark.slow
async def test_a_gateway_that_is_killed_costs_nothing_but_time(rough_service: Service) -> None:
    table, _ = await rough_service.free_table()
    url, token = f"http://{rough_service.url}", rough_service.token(Role.ADMIN)
    async with (
        asyncio.timeout(120),
        RestaurantQR(url, token=token, settings=HASTY) as acting,
        RestaurantQR(url, token=token, settings=HASTY) as watching,
    ):
        made = await acting.table(table).request("occupy")
        told = watching.session(made["session_id"]).messages()
        first = await anext(told)
        session = acting.session(made["session_id"])
        counts = [2, 3, 4, 5, 6, 7]
        sent = [
            asyncio.create_task(session.request("update_guests_count", guests_count=count))
            for count in counts
        ]
        killed = rough_service.gateways()
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        done = await asyncio.gather(*sent)
        assert all(each["changed"] for each in done)
        heard = [await anext(told) for _ in counts]
        assert [each.data["guests_count"] for each in heard] == counts
        assert [each.seq for each in heard] == [first.seq + 1 + n for n in range(len(counts))]
        assert (await session.refresh())["guests_count"] == counts[-1]


def test_it_needs_the_standard_library_and_websockets_alone() -> None:
    """Without site-packages, nothing but `websockets` is missing."""
    program = "import sys; sys.path.insert(0, '.'); import restaurant_qr_client"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert "No module named 'websockets'" in done.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the packed package is installed, and nothing else."""
    folder = tmp_path_factory.mktemp("package")
    source = shutil.copytree(
        CLIENT, folder / "source", ignore=shutil.ignore_patterns("__pycache__")
    )
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--no-compile"]
    subprocess.run([*pip, *offline, "--target", folder / "installed", source], check=True)
    return folder / "installed"


def test_the_package_has_what_it_needs_and_nothing_else(package: Path) -> None:
    packed = package / "restaurant_qr_client"
    modules = {path.name for path in CLIENT.glob("*.py")}
    assert {path.name for path in packed.iterdir()} == modules | {"py.typed"}
    [about] = package.glob("*.dist-info")
    needed = re.findall(r"^Requires-Dist: (\w+)", (about / "METADATA").read_text(), re.MULTILINE)
    assert sorted(needed) == ["httpx", "websockets"]
    assert (about / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_a_strict_type_checker_takes_the_example(package: Path, tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    assert found
    example = textwrap.indent(found[1], "    ")
    states = "reveal_type((await qr.order(1).refresh())['status'])"
    (tmp_path / "example.py").write_text(
        f"async def main(token: str) -> None:\n{example}        {states}\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            ROOT / ".mypy_cache",
            "example.py",
        ],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(package)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Literal['pending']" in done.stdout
