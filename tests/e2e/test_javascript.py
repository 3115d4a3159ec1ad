"""The JavaScript client against a real service, under Node and in Chromium, and as a package.

The tests are in JavaScript, in `web/*.test.mjs`. This module runs them, packs and compiles.
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
WITHOUT_SERVICE = (
    "client-units", "scripted", "intermediary-responses", "clock", "storage", "pulse",
    "unanswered-requests", "staff-rules", "guest-menu", "menu-request", "order-draft",
)  # fmt: skip
"""Names of test files that start no service."""
TSC = HERE / "node_modules" / "typescript" / "bin" / "tsc"

# --- without a service ---------------------------------------------------------------------------


def test_javascript_modules_work_without_a_service() -> None:
    run_tests(None, *WITHOUT_SERVICE)


def test_the_client_and_its_example_compile_without_errors() -> None:
    run("node", TSC, "-p", TESTS)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Folder of the installed package."""
    packed = run("npm", "pack", "--silent", "--pack-destination", tmp_path, cwd=CLIENT)
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    tarball = tmp_path / packed.strip().splitlines()[-1]
    run("npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", tarball,
         cwd=tmp_path)  # fmt: skip
    return tmp_path / "node_modules" / "restaurant-qr-client"


def test_the_npm_package_has_only_modules_types_and_documents(package: Path) -> None:
    names = {path.name for path in package.iterdir()}
    modules = {path.name for pattern in ("*.js", "*.d.ts") for path in CLIENT.glob(pattern)}
    assert names == modules | {"LICENSE", "README.md", "package.json"}
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    described = json.loads((package / "package.json").read_text())
    assert not described.keys() & {"dependencies", "scripts"}


# --- with a service ------------------------------------------------------------------------------


def test_the_installed_npm_package_works_under_node(
    package: Path, disposable_service: Service
) -> None:
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
    assert run("node", "page.js", service=disposable_service, cwd=folder).strip() == "pending"


def test_messages_match_the_generated_types(disposable_service: Service, tmp_path: Path) -> None:
    messages = tmp_path / "messages.mts"
    run(
        "node",
        TESTS / "record-messages.mjs",
        messages,
        CLIENT / "index.js",
        service=disposable_service,
    )
    project = {"extends": str(TESTS / "tsconfig.json"), "files": [messages.name]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(project))
    run("node", TSC, "-p", tmp_path)


@pytest.mark.slow
def test_the_client_recovers_from_network_failures_in_node_and_chromium(
    disposable_service: Service,
) -> None:
    run_tests(disposable_service, "service", "browser", "outage")


@pytest.mark.slow
def test_the_client_recovers_from_a_killed_gateway_in_node_and_chromium(
    disposable_service: Service,
) -> None:
    run_tests(disposable_service, "restart")
