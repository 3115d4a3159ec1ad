"""The whole application, once in each placement, on the document's own port."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.placement import Mode
from tests.e2e.service import ROOT, Service, free_port, started

PLACEMENTS = [
    Mode.ENTITY,
    # What they do differently is tested on hosts and on Ray alone, and `shard` by all others here;
    # `pytest -m faults` has all.
    pytest.param(Mode.RESTAURANT, marks=pytest.mark.faults),
    pytest.param(Mode.SHARD, marks=pytest.mark.faults),
]


@pytest.fixture(scope="session")
def packaged_pages() -> None:
    """What guests get in production: the gateways serve the package if it is current."""
    subprocess.run(["node", "scripts/package_pages.mjs"], cwd=ROOT, check=True)


@pytest.fixture(scope="session", params=PLACEMENTS, ids=str)
def service(
    request: pytest.FixtureRequest, packaged_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    data_dir = Path(tmp_path_factory.mktemp("data"))
    with started(data_dir, PLACEMENT=request.param.value) as service:
        yield service


@pytest.fixture(scope="session")
def rough_service(
    packaged_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One on a port of its own for who fills it and kills its gateway, in restaurants of theirs."""
    data_dir = Path(tmp_path_factory.mktemp("data"))
    with started(data_dir, PLACEMENT="shard", PORT=free_port()) as service:
        yield service


@pytest.fixture(scope="session")
def placement(request: pytest.FixtureRequest, service: Service) -> Mode:
    return next(mode for mode in Mode if f"placement     {mode.value}" in service.welcome)
