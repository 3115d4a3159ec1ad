"""Figures of a benchmark: operations, wall and CPU time of server and client, latencies."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from load_tests.bench.servers import Server


@dataclass(slots=True)
class Cost:
    """Cost of some work. Times are in seconds; `by_program` is the server's CPU time."""

    wall_s: float = 0.0
    server_cpu_s: float = 0.0
    client_cpu_s: float = 0.0
    by_program: dict[str, float] = field(default_factory=dict)

    def each(self, operations: int) -> dict[str, Any]:
        """A row of figures: rate, and microseconds of CPU an operation."""
        return {
            "operations": operations,
            "rate": operations / self.wall_s,
            "server_us": self.server_cpu_s / operations * 1e6,
            "client_us": self.client_cpu_s / operations * 1e6,
            "client_share": self.client_cpu_s / self.wall_s,
            "by_program_us": {
                name: spent / operations * 1e6
                for name, spent in sorted(self.by_program.items(), key=lambda item: -item[1])
                if spent / max(self.server_cpu_s, 1e-9) > 0.005
            },
        }


@contextmanager
def cost_of(server: Server) -> Iterator[Cost]:
    """Cost of the work inside; complete when the block ends."""
    cost = Cost()
    before, client = server.usage(), time.process_time()
    yield cost
    spent = server.usage().since(before)
    cost.client_cpu_s = time.process_time() - client
    cost.wall_s, cost.server_cpu_s, cost.by_program = spent.wall_s, spent.cpu_s, spent.by_program


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def latencies(values: Sequence[float]) -> dict[str, float]:
    """Percentiles of seconds, in milliseconds."""
    return {
        "p50_ms": percentile(values, 50) * 1e3,
        "p99_ms": percentile(values, 99) * 1e3,
    }
