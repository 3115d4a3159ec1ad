"""What was tried against the service and how much of it was refused, counted by the tests that try.

A test that bears `@pytest.mark.attack("…")` is one attempt; where it makes many, it counts them
with the fixture `attempts`. `pytest --tally FILE` writes the counts down, `make attacks` their
table.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ATTACKS = {
    "handshakes": "handshakes and bodies that do not end",
    "half-open": "sockets whose client has gone without a word, or does not answer pings",
    "bombs": "compressed messages, and compression asked for",
    "oversized": "messages, fragments and bodies beyond all bounds",
    "frames": "broken frames and fragments",
    "addresses": "connections of one address over its limit, and made up addresses",
    "floods": "too many connections of a token or to a channel, too many messages",
    "tokens": "tampered, confused and expired tokens",
    "replays": "tokens of sessions that are closed, replayed",
    "pages": "web pages of other hosts: sockets and requests",
    "codes": "guessed, changed and voided codes",
    "matrix": "what a role may not, on every route, channel and action",
    "foreign": "what is another's: told from what does not exist",
    "privacy": "frames and answers to a guest, searched for what is another's",
    "schema": "requests that schemathesis makes from the OpenAPI document",
    "fuzz": "messages and bodies of any bytes",
}
"""Name of an attack -> what it says in the table, in the table's order."""


@dataclass
class Attempts:
    """One test's. An attempt that gets through fails the test at its end, all are counted first."""

    tried: int = 0
    through: list[str] = field(default_factory=list)

    def refused(self, holds: bool, what: object = "") -> None:
        """Count one attempt, and whether it came to nothing."""
        self.tried += 1
        if not holds:
            self.through.append(str(what)[:500])


@dataclass
class Count:
    """All of one attack's."""

    tried: int = 0
    through: int = 0


@pytest.fixture
def attempts() -> Iterator[Attempts]:
    counted = Attempts()
    yield counted
    assert counted.tried > 0, "nothing was tried"
    assert not counted.through, f"{len(counted.through)} got through: {counted.through[:3]}"


class Tally:
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
