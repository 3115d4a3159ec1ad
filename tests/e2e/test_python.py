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
FAST_SETTINGS = Settings(first_pause=0.05, longest_pause=0.5)


@pytest.mark.slow
async def test_the_python_client_receives_every_event_once_across_a_killed_gateway(
    disposable_service: Service,
) -> None:
    table, _ = await disposable_service.free_table()
    url, token = f"http://{disposable_service.url}", disposable_service.token(Role.ADMIN)
    async with (
        asyncio.timeout(120),
        RestaurantQR(url, token=token, settings=FAST_SETTINGS) as acting,
        RestaurantQR(url, token=token, settings=FAST_SETTINGS) as watching,
    ):
        created = await acting.table(table).request("occupy")
        messages = watching.session(created["session_id"]).messages()
        first = await anext(messages)
        session = acting.session(created["session_id"])
        counts = [2, 3, 4, 5, 6, 7]
        sent = [
            asyncio.create_task(session.request("update_guests_count", guests_count=count))
            for count in counts
        ]
        killed = disposable_service.gateways()
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        results = await asyncio.gather(*sent)
        assert all(each["changed"] for each in results)
        received = [await anext(messages) for _ in counts]
        assert [each.data["guests_count"] for each in received] == counts
        assert [each.seq for each in received] == [first.seq + 1 + n for n in range(len(counts))]
        assert (await session.refresh())["guests_count"] == counts[-1]


PACKAGES = {
    "restaurant_qr_client": ["httpx", "restaurant-qr-wire", "websockets"],
    "restaurant_qr_wire": ["typing-extensions"],
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with only the installed packages."""
    folder = tmp_path_factory.mktemp("packages")
    sources = [
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in PACKAGES
    ]
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--no-compile"]
    subprocess.run([*pip, *offline, "--target", folder / "installed", *sources], check=True)
    return folder / "installed"


@pytest.mark.parametrize("name", PACKAGES)
def test_a_python_package_has_only_its_modules_metadata_and_licence(
    installed: Path, name: str
) -> None:
    modules = {path.name for path in (ROOT / name).glob("*.py")}
    assert {path.name for path in (installed / name).iterdir()} == modules | {"py.typed"}
    [about] = installed.glob(f"{name}-*.dist-info")
    metadata = (about / "METADATA").read_text()
    assert sorted(re.findall(r"^Requires-Dist: ([\w-]+)", metadata, re.MULTILINE)) == PACKAGES[name]
    assert (about / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_installed_client_imports_without_the_service(installed: Path, tmp_path: Path) -> None:
    program = "import restaurant_qr_client; print(restaurant_qr_client.__file__)"
    shown = subprocess.check_output(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        text=True,
    )
    assert Path(shown.strip()).is_relative_to(installed)


def test_the_readme_example_passes_strict_type_checking(installed: Path, tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    assert found
    example = textwrap.indent(found[1], "    ")
    states = "reveal_type((await qr.order(1).refresh())['status'])"
    (tmp_path / "example.py").write_text(
        f"async def main(token: str) -> None:\n{example}        {states}\n"
    )
    results = subprocess.run(
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
        env={**os.environ, "MYPYPATH": str(installed)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert results.returncode == 0, results.stdout
    assert "Literal['pending']" in results.stdout
