"""Hands what was counted to Ray, whose agent on each node shows it to Prometheus."""

import asyncio
import logging
from collections.abc import Callable

from ray.util import metrics as ray_metrics

from actors.meters import Meters

log = logging.getLogger(__name__)

PERIOD_S = 5.0
"""Ray itself sends on every ten seconds; a gauge not set for twenty is forgotten."""
PREFIX = "restaurant_qr_"


class RayMetrics:
    """The meters of one process, under a label that tells it from others: `host` or `gateway`."""

    def __init__(self, label: str, name: str, *meters: Meters) -> None:
        self._label, self._mine = label, {label: name}
        self._counters = [
            (each, ray_metrics.Counter(PREFIX + each.name, each.says, self._keys(each.by)))
            for group in meters
            for each in group.counters
        ]
        self._gauges = [
            (each, ray_metrics.Gauge(PREFIX + each.name, each.says, self._keys(each.by)))
            for group in meters
            for each in group.gauges
        ]
        self._histograms = [
            (
                each,
                ray_metrics.Histogram(
                    PREFIX + each.name, each.says, list(each.bounds), self._keys("")
                ),
            )
            for group in meters
            for each in group.histograms
        ]

    async def run(self, measure: Callable[[], None] = lambda: None) -> None:
        """Hand over for ever; `measure` sets the gauges first."""
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                measure()
                self.hand_over()
            except Exception:
                log.exception("metrics were not handed to Ray; the next ones are tried again")

    def hand_over(self) -> None:
        """All that has come since the last time."""
        for counter, counted in self._counters:
            for value, count in counter.take().items():
                if count:
                    counted.inc(count, self._tags(counter.by, value))
        for gauge, shown in self._gauges:
            for value, now in gauge.values.items():
                shown.set(now, self._tags(gauge.by, value))
        for histogram, seen in self._histograms:
            for sample in histogram.take():
                seen.observe(sample, self._mine)

    def _keys(self, by: str) -> tuple[str, ...]:
        return (self._label, by) if by else (self._label,)

    def _tags(self, by: str, value: str) -> dict[str, str]:
        return {**self._mine, by: value} if by else self._mine
