"""The faults of a seed with their rates, and counts of all that occurred.

Each seed has only some of the faults, so that faults cannot mask each other.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.simulation.randomness import random_stream

RATES = {
    # on streams, each time something is written
    "stream_cut": 0.01,
    "stream_late": 0.02,
    "stream_slow": 0.004,
    "frame_split": 0.1,
    # on streams, each time it matters
    "stream_end_unnoticed": 0.2,
    "stream_full": 0.1,
    # each time a host is looked up, or the placement
    "connect_lost": 0.05,
    "ray_late": 0.03,
    # to and from the store, each round trip
    "store_refuses_connection": 0.015,
    "store_reply_lost": 0.015,
    "store_slow": 0.03,
    "store_writes_after_timeout": 0.006,
    "store_pipeline_cut": 0.03,
    # to and from clients
    "client_disconnected": 0.01,
    "client_reads_slowly": 0.02,
    "client_sends_twice": 0.06,
    "client_times_out": 0.04,
    "request_id_reused": 0.03,
    "client_expects_a_version": 0.03,
    # a second, in the whole world
    "host_killed": 0.25,
    "host_duplicated": 0.12,
    "gateway_killed": 0.07,
    "gateway_restarted": 0.05,
    "store_unavailable": 0.05,
    "store_forgets_scripts": 0.05,
    "clock_set_back": 0.05,
    "placement_changed": 0.025,
    "shards_changed": 0.15,
    "store_data_loss": 0.008,
}
"""Average probability of each fault at each opportunity."""

WORLD_FAULTS = (
    "host_killed",
    "host_duplicated",
    "gateway_killed",
    "gateway_restarted",
    "store_unavailable",
    "store_forgets_scripts",
    "clock_set_back",
    "placement_changed",
    "shards_changed",
    "store_data_loss",
)


class Faults:
    """Decides whether a fault occurs. `are_disabled` ends all faults."""

    def __init__(self, seed: int, trace: Callable[..., Any]) -> None:
        rng = random_stream(seed, "which faults")
        self._rng = random_stream(seed, "faults")
        self._trace = trace
        self.counts: Counter[str] = Counter()
        self.are_disabled = False
        self.rates = {
            kind: rate * rng.choice((0.3, 1.0, 4.0))
            for kind, rate in RATES.items()
            if rng.random() < 0.6
        }
        if rng.random() < 0.05:
            self.rates = {}

    def happens(self, kind: str) -> bool:
        rate = self.rates.get(kind)
        if rate is None or self.are_disabled or self._rng.random() >= rate:
            return False
        self.counts[kind] += 1
        self._trace("fault", kind)
        return True

    def note(self, kind: str) -> None:
        """Count a rare event that is no fault, to assert that it occurs."""
        self.counts[kind] += 1
