"""Exports the metrics of a process to Ray. Ray's agent on each node exposes them to Prometheus."""

from collections.abc import Callable

from ray.util import metrics as ray_metrics

from engine.instruments import Registry
from engine.periodic import every

PERIOD_S = 5.0
"""Ray reports every ten seconds, and drops a gauge that was not set for twenty seconds."""
PREFIX = "restaurant_qr_"


class RayMetrics:
    """The exported metrics of one process. All have the label `label` (`host` or `gateway`) with
    the value `name`."""

    def __init__(self, label: str, name: str, *registries: Registry) -> None:
        self._label, self._own_tags = label, {label: name}
        self._counters = [
            (
                counter,
                ray_metrics.Counter(
                    PREFIX + counter.name, counter.description, self._keys(counter.label)
                ),
            )
            for registry in registries
            for counter in registry.counters
        ]
        self._gauges = [
            (
                gauge,
                ray_metrics.Gauge(PREFIX + gauge.name, gauge.description, self._keys(gauge.label)),
            )
            for registry in registries
            for gauge in registry.gauges
        ]
        self._histograms = [
            (
                histogram,
                ray_metrics.Histogram(
                    PREFIX + histogram.name,
                    histogram.description,
                    list(histogram.bounds),
                    self._keys(""),
                ),
            )
            for registry in registries
            for histogram in registry.histograms
        ]

    async def run(self, measure: Callable[[], None] = lambda: None) -> None:
        """Export periodically until cancelled. `measure` sets the gauges before each export."""

        async def export() -> None:
            measure()
            self.export()

        await every(PERIOD_S, export, name="export_metrics")

    def export(self) -> None:
        """Pass the changes since the last call to Ray."""
        for counter, exported_counter in self._counters:
            for label_value, amount in counter.drain().items():
                if amount:
                    exported_counter.inc(amount, self._tags(counter.label, label_value))
        for gauge, exported_gauge in self._gauges:
            for label_value, value in gauge.values.items():
                exported_gauge.set(value, self._tags(gauge.label, label_value))
        for histogram, exported_histogram in self._histograms:
            for sample in histogram.drain():
                exported_histogram.observe(sample, self._own_tags)

    def _keys(self, label: str) -> tuple[str, ...]:
        return (self._label, label) if label else (self._label,)

    def _tags(self, label: str, value: str) -> dict[str, str]:
        return {**self._own_tags, label: value} if label else self._own_tags
