"""Which faults a seed has and how often, and a count of all that happened.

Each seed has only some of them: what always happens together hides what happens alone.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.simulation.chance import stream

RATES = {
    # between processes, each time something is sent
    "request_lost": 0.01,
    "reply_lost": 0.03,
    "request_doubled": 0.01,
    "message_late": 0.05,
    "message_very_late": 0.003,
    # to and from the store, each round trip
    "store_refuses": 0.015,
    "store_answer_lost": 0.015,
    "store_slow": 0.03,
    "store_acts_after_time_out": 0.006,
    "store_pipeline_cut": 0.03,
    # to and from clients
    "client_cut_off": 0.01,
    "client_reads_slowly": 0.02,
    "client_sends_twice": 0.06,
    "client_gives_up": 0.04,
    "client_changes_its_mind": 0.03,
    "client_expects_a_version": 0.03,
    # a second, in the whole world
    "host_killed": 0.25,
    "host_doubled": 0.12,
    "gateway_killed": 0.07,
    "gateway_restarted": 0.05,
    "store_away": 0.05,
    "store_forgets_scripts": 0.05,
    "clock_put_back": 0.05,
    "placement_changed": 0.025,
    "shards_changed": 0.15,
    "store_loses": 0.008,
}
"""How likely each is where it can happen, on average."""

DISASTERS = (
    "host_killed",
    "host_doubled",
    "gateway_killed",
    "gateway_restarted",
    "store_away",
    "store_forgets_scripts",
    "clock_put_back",
    "placement_changed",
    "shards_changed",
    "store_loses",
)


class Faults:
    """Asked wherever something can go wrong. `calm` ends all of it."""

    def __init__(self, seed: int, tell: Callable[..., Any]) -> None:
        chance = stream(seed, "which faults")
        self._chance = stream(seed, "faults")
        self._tell = tell
        self.counts: Counter[str] = Counter()
        self.calm = False
        self.rates = {
            kind: rate * chance.choice((0.3, 1.0, 4.0))
            for kind, rate in RATES.items()
            if chance.random() < 0.6
        }
        if chance.random() < 0.05:
            self.rates = {}

    def happens(self, kind: str) -> bool:
        rate = self.rates.get(kind)
        if rate is None or self.calm or self._chance.random() >= rate:
            return False
        self.counts[kind] += 1
        self._tell("fault", kind)
        return True

    def note(self, kind: str) -> None:
        """Count what is no fault of ours but rare, so that it is known to have happened."""
        self.counts[kind] += 1
