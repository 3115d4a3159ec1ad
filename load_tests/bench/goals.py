"""The goals of the benchmarks, each with what was measured."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

NOT_MEASURED = "not measured"


class Goal(NamedTuple):
    """A bound on what a benchmark has measured: at most `most`, or at least `least`. `value` takes
    the benchmark's results."""

    of: str
    what: str
    value: Callable[[Any], float]
    unit: str = ""
    most: float = math.inf
    least: float = 0.0

    def row(self, results: dict[str, Any]) -> list[str]:
        bound = f"≥ {self.least:g}" if self.least else f"≤ {self.most:g}"
        goal = f"{bound} {self.unit}".strip() if self.most else "0"
        return [self.what, goal, self._cell(results)]

    def _cell(self, results: dict[str, Any]) -> str:
        if self.of not in results:
            return NOT_MEASURED
        got = self.value(results[self.of])
        met = self.least <= got <= self.most
        digits = 0 if not self.most else 1 if got >= 10 else 2
        unit = "" if self.unit == OF_PEER else self.unit
        return f"{f'{got:,.{digits}f} {unit}'.strip()}, {'met' if met else 'not met'}"


def _of_peer(how: str, figure: str) -> Callable[[Any], float]:
    return lambda got: float(got["this"][how]["of_peer"][figure])


def _sockets_of_peer(figure: str) -> Callable[[Any], float]:
    return lambda got: float(got["this"][figure]) / float(got["peer"][figure])


def _alone(figure: str, unit: float = 1.0) -> Callable[[Any], float]:
    return lambda got: float(got[figure]) / unit


def _largest_difference(rows: list[dict[str, Any]]) -> float:
    costs = [row["command_us"] for row in rows]
    return float(max(costs) / min(costs) - 1) * 100


OF_PEER = "of the peer's"
GOALS = (
    *(
        Goal("lifecycle", f"CPU per order lifecycle, clients: {clients}",
              _of_peer(clients, "server_us"), OF_PEER, most=bound)
        for clients, bound in (("1", 0.9), ("8", 0.65), ("32", 0.55))
    ),
    Goal("lifecycle", "order lifecycles per second, 32 clients", _of_peer("32", "rate"), OF_PEER,
          least=1.6),
    Goal("lifecycle", "median latency of a lifecycle's commands, 1 client",
          _of_peer("1", "p50_ms"), OF_PEER, most=1.0),
    Goal("lifecycle", "median latency of a lifecycle's commands, 32 clients",
          _of_peer("32", "p50_ms"), OF_PEER, most=0.65),
    Goal("single", "median latency of a single command to 10 sockets", _of_peer("10", "p50_ms"),
          OF_PEER, most=1.3),
    *(
        Goal("broadcast", f"CPU per delivery, {to}", _of_peer(how, "server_us"), OF_PEER,
              most=bound)
        for how, to, bound in (
            ("200/1", "200 sockets", 0.7), ("1000/1", "1,000 sockets, one change in flight", 0.5),
            ("1000/4", "1,000 sockets, four changes in flight", 0.22),
        )
    ),
    Goal("broadcast", "deliveries per second, 1,000 sockets, one change in flight",
          _of_peer("1000/1", "rate"), OF_PEER, least=1.5),
    Goal("broadcast", "deliveries per second, 1,000 sockets, four changes in flight",
          _of_peer("1000/4", "rate"), OF_PEER, least=3.0),
    Goal("idle", "CPU per accepted socket", _sockets_of_peer("server_us"), OF_PEER, most=0.3),
    Goal("idle", "memory per idle socket", _sockets_of_peer("bytes_each"), OF_PEER, most=0.4),
    Goal("entities", "memory per entity, with 50,000 in memory", _alone("bytes_each", 1000), "kB",
          most=3.0),
    Goal("entities", "p99 latency of the snapshot of an entity that is not in memory",
          _alone("p99_ms"), "ms", most=5.0),
    Goal("growth", "CPU per command, largest difference between data sizes", _largest_difference,
          "%", most=15.0),
    Goal("storm", "all sockets reconnected after a gateway was killed",
          _alone("all_back_s"), "s", most=10.0),
    Goal("storm", "events lost or duplicated after a gateway was killed",
          lambda got: float(got["lost_or_doubled"] + got["behind"]), most=0.0),
    Goal("storm", "other clients' p99 latency after a gateway was killed",
          lambda got: float(got["others"]["p99_ms"]), "ms", most=100.0),
    Goal("first_screen", "median time to the first menu on slow 3G",
          lambda got: float(got["packaged"]["median_ms"]) / 1000, "s", most=5.0),
    Goal("start", "time to start, warm",
          lambda got: float(got["all of it"]["warm_s"]), "s", most=8.0),
    Goal("start", "memory when idle",
          lambda got: got["all of it"]["memory"] / 1e6, "MB", most=1000.0),
    Goal("start", "memory when idle, DASHBOARD=0",
          lambda got: got["DASHBOARD=0"]["memory"] / 1e6, "MB", most=700.0),
    Goal("new_orders", "median time of a new order with placement `entity`",
          _alone("median_ms"), "ms", most=200.0),
    Goal("menus", "CPU to price 20 lines with options, of 20 without", _alone("ratio"), most=2.0),
    Goal("menus", "event that a dish is sold out", _alone("event", 1000), "kB", most=1.0),
)  # fmt: skip
