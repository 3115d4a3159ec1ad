"""Counts attempted and refused attacks of the tests marked `@pytest.mark.attack("…")`.

Such a test is one attempt; a test that makes many counts them with the fixture `attempts`.
`pytest --attack-report FILE` writes the counts, `make attacks` their table.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ATTACKS = {
    "handshakes": "unfinished handshakes and bodies",
    "half-open": "half-open sockets and unanswered pings",
    "bombs": "compressed messages and compression requests",
    "oversized": "oversized messages, fragments and bodies",
    "frames": "malformed frames and fragments",
    "addresses": "too many connections per address, forged addresses",
    "floods": "too many connections per token or channel, message floods",
    "tokens": "tampered, confused and expired tokens",
    "replays": "replayed tokens of closed sessions",
    "pages": "sockets and requests of foreign origins",
    "codes": "guessed, altered and voided codes",
    "matrix": "forbidden routes, channels and actions of each role",
    "foreign": "distinguishing foreign from missing entities",
    "privacy": "foreign data in a guest's frames and responses",
    "schema": "schemathesis requests from the OpenAPI document",
    "fuzz": "fuzzed messages and bodies",
}
"""Name of an attack -> its description in the table, in the table's order."""


@dataclass
class Attempts:
    """Attempts of one test. Successful ones fail the test at its end, after all were counted."""

    tried: int = 0
    through: list[str] = field(default_factory=list)

    def refused(self, holds: bool, what: object = "") -> None:
        """Count one attempt, and whether it was refused."""
        self.tried += 1
        if not holds:
            self.through.append(str(what)[:500])


@dataclass
class Count:
    """Totals of one attack."""

    tried: int = 0
    through: int = 0


@pytest.fixture
def attempts() -> Iterator[Attempts]:
    counted = Attempts()
    yield counted
    assert counted.tried > 0, "no attempt was counted"
    assert not counted.through, f"{len(counted.through)} got through: {counted.through[:3]}"


class AttackReport:
    """All attempts of a run of the tests, by attack."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._counts: dict[str, Count] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for marker in item.iter_markers("attack"):
                assert marker.args[0] in ATTACKS, f"{item.nodeid}: name one of {list(ATTACKS)}"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        report = yield
        marker = item.get_closest_marker("attack")
        if marker is None or call.when != "call" or (_skipped(call)):
            return report
        counted = getattr(item, "funcargs", {}).get("attempts")
        count = self._counts.setdefault(marker.args[0], Count())
        if counted is None:
            count.tried += 1
            count.through += call.excinfo is not None
        else:
            count.tried += counted.tried
            count.through += len(counted.through)
        return report

    def pytest_sessionfinish(self) -> None:
        if self._file is not None:
            counts = {
                name: [self._counts[name].tried, self._counts[name].through]
                for name in ATTACKS
                if name in self._counts
            }
            self._file.write_text(json.dumps(counts, indent=1) + "\n")


def _skipped(call: "pytest.CallInfo[None]") -> bool:
    return call.excinfo is not None and call.excinfo.errisinstance(pytest.skip.Exception)
