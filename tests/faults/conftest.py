"""Every run of the tests injects a few faults once; `make faults` injects all, repeatedly."""

from collections.abc import Iterator

import pytest

from tests.faults.trial_runner import TrialRunner


@pytest.fixture(scope="package")
def runner() -> Iterator[TrialRunner]:
    runner = TrialRunner()
    yield runner
    runner.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect long trials unless `-m` selects them."""
    if "faults" in config.getoption("markexpr"):
        return
    long = [item for item in items if item.get_closest_marker("faults") is not None]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
