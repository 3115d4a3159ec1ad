"""Counters of a load test per process, and their summary. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

SAMPLES = 20
VIOLATION = "violation: "
LOSS = "lost or repeated"

_LINES = (
    ("parties", "parties came"),
    ("settled", "paid, closed and left"),
    ("no table", "found no free table"),
    ("unsettled", "had to be closed by force"),
    ("connections", "connections opened"),
    ("cut", "of them cut without a close frame"),
    ("resumed", "resumed exactly"),
    ("replaced", "got a snapshot instead of a resume"),
    ("events", "events checked for order, gaps and duplicates"),
    ("commands", "commands answered"),
    ("sent again", "of them sent again under the same request_id"),
    ("refused", "refused as expected"),
    ("audited", "orders and sessions audited at the end"),
)


class Counters:
    """Counters and the first few violations."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.samples: list[str] = []

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] += by

    def violation(self, rule: str, text: str) -> None:
        self.counts[VIOLATION + rule] += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(text)

    @property
    def violations(self) -> int:
        return sum(n for what, n in self.counts.items() if what.startswith(VIOLATION))

    def report(self) -> dict[str, Any]:
        """The counters as a message between processes."""
        return {"counts": dict(self.counts), "samples": self.samples}

    def add(self, report: Mapping[str, Any]) -> None:
        """Add another process's report."""
        self.counts.update(report["counts"])
        self.samples = (self.samples + list(report["samples"]))[:SAMPLES]

    def summary(self) -> str:
        """A readable summary."""
        lines = [f"{self.counts[what]:>9}  {words}" for what, words in _LINES]
        lines.append(f"{self.violations:>9}  violations")
        for what, n in sorted(self.counts.items()):
            if what.startswith(VIOLATION):
                lines.append(f"{n:>9}    {what.removeprefix(VIOLATION)}")
        return "\n".join([*lines, *(f"           {sample}" for sample in self.samples)])
