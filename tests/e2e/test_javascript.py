"""The JavaScript client against a real service, under Node and in Chromium, and as a package.

What it does is tested in JavaScript, in `web/*.test.mjs`; here is what those need: the service, and
the tools to pack and to compile.
"""

import json
import shutil
from pathlib import Path

import pytest

from scripts.environment import ROOT
from tests.e2e.javascript import HERE, TESTS, run, run_tests
from tests.e2e.service import Service

pytestmark = pytest.mark.e2e

CLIENT = ROOT / "web" / "client"
TSC = HERE / "node_modules" / "typescript" / "bin" / "tsc"

# --- without a service ---------------------------------------------------------------------------


def test_its_parts_and_a_service_on_its_worst_day() -> None:
    without_service = ("parts", "scripted", "foreign", "clock", "kept", "pulse", "unanswered")
    run_tests(None, *without_service, "rules", "guest-menu")


def test_the_compiler_finds_nothing_in_it_nor_in_what_pages_do_with_it() -> None:
    run("node", TSC, "-p", TESTS)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder in which the packed package is installed."""
    packed = run("npm", "pack", "--silent", "--pack-destination", tmp_path, cwd=CLIENT)
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    tarball = tmp_path / packed.strip().splitlines()[-1]
    run("npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", tarball,
         cwd=tmp_path)  # fmt: skip
    return tmp_path / "node_modules" / "restaurant-qr-client"


def test_the_package_has_what_it_needs_and_nothing_else(package: Path) -> None:
    names = {path.name for path in package.iterdir()}
    modules = {path.name for pattern in ("*.js", "*.d.ts") for path in CLIENT.glob(pattern)}
    assert names == modules | {"LICENSE", "README.md", "package.json"}
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    described = json.loads((package / "package.json").read_text())
    assert not described.keys() & {"dependencies", "scripts"}


# --- with a service ------------------------------------------------------------------------------


def test_the_installed_package_works_under_node(package: Path, rough_service: Service) -> None:
    folder = package.parents[1]
    shutil.copytree(HERE / "node_modules" / "ws", package.parent / "ws")
    (folder / "page.js").write_text(
        """
        import { RestaurantQR } from 'restaurant-qr-client';
        import { WebSocket } from 'ws';
        const { RESTAURANT_QR_TEST_URL: url, RESTAURANT_QR_TEST_TOKEN: token } = process.env;
        const qr = new RestaurantQR({ url, token, WebSocket });
        const { status } = await qr.order(1).request('get_status');
        console.log(status);
        qr.disconnect();
        """
    )
    assert run("node", "page.js", service=rough_service, cwd=folder).strip() == "pending"


def test_messages_match_the_generated_types(rough_service: Service, tmp_path: Path) -> None:
    told = tmp_path / "told.mts"
    run("node", TESTS / "frames.mjs", told, CLIENT / "index.js", service=rough_service)
    project = {"extends": str(TESTS / "tsconfig.json"), "files": [told.name]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(project))
    run("node", TSC, "-p", tmp_path)


@pytest.mark.slow
def test_under_node_and_in_chromium_while_the_network_fails(rough_service: Service) -> None:
    run_tests(rough_service, "service", "browser", "outage")


@pytest.mark.slow
def test_under_node_and_in_chromium_while_the_gateway_is_killed(rough_service: Service) -> None:
    run_tests(rough_service, "restart")
