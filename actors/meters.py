"""The means to count what an operator asks: plain numbers of one process, no lock, no I/O.

`actors/ray_metrics.py` hands them to Ray now and then. What is counted is in `actors/metrics.py`
and `gateway/metrics.py`, as one table each.
"""

from collections.abc import Mapping, Sequence

MAX_SAMPLES = 10_000
"""What a histogram keeps until it is taken; more of them would say nothing new."""

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
MESSAGES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Counter:
    """Only rises. `by` names the label whose values are counted apart, where there is one."""

    def __init__(self, name: str, says: str, by: str) -> None:
        self.name, self.says, self.by = name, says, by
        self._new: dict[str, float] = {}

    def add(self, amount: float = 1, of: str = "") -> None:
        self._new[of] = self._new.get(of, 0) + amount

    def take(self) -> dict[str, float]:
        """What has come since the last time, by label."""
        new, self._new = self._new, {}
        return new


class Gauge:
    """Rises and falls."""

    def __init__(self, name: str, says: str, by: str) -> None:
        self.name, self.says, self.by = name, says, by
        self.values: dict[str, float] = {}

    def set(self, value: float, of: str = "") -> None:
        self.values[of] = value

    def add(self, amount: float, of: str = "") -> None:
        self.values[of] = self.values.get(of, 0) + amount

    def replace(self, values: Mapping[str, float]) -> None:
        """Set all values by label. Labels that are not among them are no longer exported."""
        self.values = dict(values)


class Histogram:
    """How often which value was seen; `bounds` are the upper ends of its buckets."""

    def __init__(self, name: str, says: str, bounds: Sequence[float]) -> None:
        self.name, self.says, self.bounds = name, says, bounds
        self._new: list[float] = []

    def observe(self, value: float) -> None:
        if len(self._new) < MAX_SAMPLES:
            self._new.append(value)

    def take(self) -> list[float]:
        """What was seen since the last time."""
        new, self._new = self._new, []
        return new


class Meters:
    """All that one kind of process counts."""

    def __init__(self) -> None:
        self.counters: list[Counter] = []
        self.gauges: list[Gauge] = []
        self.histograms: list[Histogram] = []

    def counter(self, name: str, says: str, by: str = "") -> Counter:
        self.counters.append(Counter(name, says, by))
        return self.counters[-1]

    def gauge(self, name: str, says: str, by: str = "") -> Gauge:
        self.gauges.append(Gauge(name, says, by))
        return self.gauges[-1]

    def histogram(self, name: str, says: str, bounds: Sequence[float] = SECONDS) -> Histogram:
        self.histograms.append(Histogram(name, says, bounds))
        return self.histograms[-1]
