"""The whole application in each placement, on port 9000 as in the requirements document."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.placement import Mode
from tests.e2e.service import ROOT, Service, free_port, running_service

PLACEMENTS = [
    Mode.ENTITY,
    # Tests of hosts and of Ray cover the differences, and `disposable_service` runs with `shard`.
    pytest.param(Mode.RESTAURANT, marks=pytest.mark.faults),
    pytest.param(Mode.SHARD, marks=pytest.mark.faults),
]


@pytest.fixture(scope="session")
def packaged_pages() -> None:
    """Package the pages, as for production: gateways serve the package if it is current."""
    subprocess.run(["node", "scripts/package_pages.mjs"], cwd=ROOT, check=True)


@pytest.fixture(scope="session", params=PLACEMENTS, ids=str)
def service(
    request: pytest.FixtureRequest, packaged_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    data_dir = Path(tmp_path_factory.mktemp("data"))
    with running_service(data_dir, PLACEMENT=request.param.value) as service:
        yield service


@pytest.fixture(scope="session")
def disposable_service(
    packaged_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service on a free port, for tests that load it or kill its gateways."""
    data_dir = Path(tmp_path_factory.mktemp("data"))
    with running_service(data_dir, PLACEMENT="shard", PORT=free_port()) as service:
        yield service


@pytest.fixture(scope="session")
def placement(request: pytest.FixtureRequest, service: Service) -> Mode:
    return next(mode for mode in Mode if f"placement     {mode.value}" in service.welcome)
