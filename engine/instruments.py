"""Counters, gauges and histograms: numbers in memory, without locks or I/O.

The metrics are defined in `engine/metrics.py` and `gateway/metrics.py`. `actors/ray_metrics.py`
exports them to Ray.
"""

from collections.abc import Mapping, Sequence

MAX_SAMPLES = 10_000
"""Maximum number of samples of a histogram between two exports. Later samples are dropped."""

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
MESSAGES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


class Counter:
    """A number that only increases, for each value of its label. `label` is "" for a counter
    without a label."""

    def __init__(self, name: str, description: str, label: str) -> None:
        self.name, self.description, self.label = name, description, label
        self._new: dict[str, float] = {}

    def add(self, amount: float = 1, label_value: str = "") -> None:
        self._new[label_value] = self._new.get(label_value, 0) + amount

    def drain(self) -> dict[str, float]:
        """Return the amounts added since the last call, by label value."""
        new, self._new = self._new, {}
        return new


class Gauge:
    """A number that can increase and decrease, for each value of its label."""

    def __init__(self, name: str, description: str, label: str) -> None:
        self.name, self.description, self.label = name, description, label
        self.values: dict[str, float] = {}

    def set(self, value: float, label_value: str = "") -> None:
        self.values[label_value] = value

    def add(self, amount: float, label_value: str = "") -> None:
        self.values[label_value] = self.values.get(label_value, 0) + amount

    def replace(self, values: Mapping[str, float]) -> None:
        """Set the values by label value. Label values that are omitted are no longer exported."""
        self.values = dict(values)


class Histogram:
    """The distribution of samples; `bounds` are the upper bounds of its buckets."""

    def __init__(self, name: str, description: str, bounds: Sequence[float]) -> None:
        self.name, self.description, self.bounds = name, description, bounds
        self._new: list[float] = []

    def observe(self, value: float) -> None:
        if len(self._new) < MAX_SAMPLES:
            self._new.append(value)

    def drain(self) -> list[float]:
        """Return the samples since the last call."""
        new, self._new = self._new, []
        return new


class Registry:
    """Instruments that are exported together."""

    def __init__(self) -> None:
        self.counters: list[Counter] = []
        self.gauges: list[Gauge] = []
        self.histograms: list[Histogram] = []

    def counter(self, name: str, description: str, label: str = "") -> Counter:
        self.counters.append(Counter(name, description, label))
        return self.counters[-1]

    def gauge(self, name: str, description: str, label: str = "") -> Gauge:
        self.gauges.append(Gauge(name, description, label))
        return self.gauges[-1]

    def histogram(
        self, name: str, description: str, bounds: Sequence[float] = SECONDS
    ) -> Histogram:
        self.histograms.append(Histogram(name, description, bounds))
        return self.histograms[-1]
