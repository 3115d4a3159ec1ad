"""`docs/performance.md` from the benchmarks' results: its tables and pictures.

What is said about the figures stands in `load_tests/bench/performance.md`, a template with a
`{name}` for each table.
"""

import math
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt  # after the choice of what draws

from load_tests.bench.servers import LIMIT, STACK, STRAIGHT

TEMPLATE = Path(__file__).with_name("performance.md")
NAMES = {
    "this": "this",
    "straight": STRAIGHT,
    "peer": "Django Channels",
    "stack": STACK,
    "limit": LIMIT,
}
MEASURED = ("ray", "starlette", "uvicorn", "redis", "hiredis", "channels", "channels-redis")


def write(results: dict[str, Any], directory: Path) -> None:
    """The page and its pictures, of what there are results for."""
    tables = dict.fromkeys(TABLES, "Not measured.")
    for name, build in TABLES.items():
        if name in results:
            tables[name] = build(results[name])
    text = TEMPLATE.read_text()
    for name, table in (tables | {"machine": _machine(), "goals": _goals(results)}).items():
        text = text.replace(f"{{{name}}}", table)
    (directory / "performance.md").write_text(text)
    if "lives" in results:
        _bars(results["lives"], "32", "one order's life, 32 clients", directory / "lives.svg")
    if "broadcast" in results:
        _bars(results["broadcast"], "1000/1", "one delivery of 1,000", directory / "broadcast.svg")


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in MEASURED)
    cores = len(_cpus())
    return f"{cores} cores ({_cpus()[0]}), Python {platform.python_version()}, {packages}"


def _cpus() -> list[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith("model name")] or ["?"]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(name: str, got: dict[str, Any], peer: dict[str, Any]) -> list[str]:
    return [
        name,
        f"{got['rate']:,.0f}",
        f"{got['rate'] / peer['rate']:.2f}",
        f"{got['server_us']:,.1f}",
        f"{got['server_us'] / peer['server_us']:.2f}",
        f"{got['p50_ms']:.1f} / {got['p99_ms']:.1f}",
        f"{got['client_share']:.0%}",
    ]


HEADER = (
    "", "a second", "of the peer's", "server CPU each, µs", "of the peer's", "p50 / p99 ms",
    "client's own CPU",
)  # fmt: skip


def _compared(results: dict[str, Any]) -> str:
    rows = [
        _row(f"{NAMES[who]}, {how}", got, results["peer"][how])
        for how in results["this"]
        for who, measured in results.items()
        for got in [measured[how]]
    ]
    return _table(HEADER, rows)


def _single(results: dict[str, Any]) -> str:
    rows = [_row(NAMES[who], got, results["peer"]) for who, got in results.items()]
    return _table(HEADER, rows)


def _idle(results: dict[str, Any]) -> str:
    header = ("", "sockets", "accepted a second", "kB each", "of it", "server CPU an accept, µs")
    rows = [
        [
            NAMES[who],
            f"{got['sockets']:,}",
            f"{got['accepted_per_s']:,.0f}",
            f"{got['bytes_each'] / 1000:.1f}",
            ", ".join(f"{name} {held / 1000:.1f}" for name, held in got["by_program"].items()),
            f"{got['server_us']:,.0f}",
        ]
        for who, got in results.items()
    ]
    return _table(header, rows)


class _Goal(NamedTuple):
    """A bound on what a benchmark has measured: at most `most`, or at least `least`. `value` takes
    the benchmark's results, and whose figure is wanted where the clients' way is part of it."""

    of: str
    what: str
    value: Callable[[Any, str], float]
    unit: str = ""
    most: float = math.inf
    least: float = 0.0
    has_ways: bool = False

    def row(self, results: dict[str, Any]) -> list[str]:
        bound = f"≥ {self.least:g}" if self.least else f"≤ {self.most:g}"
        goal = f"{bound} {self.unit}".strip()
        cells = [self._cell(results, way) for way in ("this", "straight")[: 1 + self.has_ways]]
        return [self.what, goal, *cells, *[""] * (2 - len(cells))]

    def _cell(self, results: dict[str, Any], way: str) -> str:
        if self.of not in results or (self.has_ways and way not in results[self.of]):
            return "not measured"
        got = self.value(results[self.of], way)
        met = self.least <= got <= self.most
        return f"{got:,.{1 if got >= 10 else 2}f}, {'met' if met else 'not met'}"


def _of_peer(figure: str, how: str | None = None) -> Callable[[Any, str], float]:
    def ratio(got: Any, way: str) -> float:
        mine, peer = (got[who] if how is None else got[who][how] for who in (way, "peer"))
        return float(mine[figure]) / float(peer[figure])

    return ratio


def _own(figure: str, unit: float = 1.0) -> Callable[[Any, str], float]:
    return lambda got, way: float(got[way][figure]) / unit


def _alone(figure: str, unit: float = 1.0) -> Callable[[Any, str], float]:
    return lambda got, way: float(got[figure]) / unit


def _spread(rows: list[dict[str, Any]], way: str) -> float:
    costs = [row["command_us"] for row in rows]
    return float(max(costs) / min(costs) - 1) * 100


_GOALS = (
    _Goal("lives", "a life's server CPU, 32 clients, of the peer's",
          _of_peer("server_us", "32"), most=0.2, has_ways=True),
    _Goal("lives", "lives a second, 32 clients, of the peer's",
          _of_peer("rate", "32"), least=3.0, has_ways=True),
    _Goal("lives", "a command of a life, p99, of the peer's",
          _of_peer("p99_ms", "32"), most=0.5, has_ways=True),
    _Goal("single", "one command, p50", _own("p50_ms"), "ms", most=5.0, has_ways=True),
    _Goal("single", "one command, p99", _own("p99_ms"), "ms", most=15.0, has_ways=True),
    _Goal("broadcast", "deliveries a second to 1,000, one at a time, of the peer's",
          _of_peer("rate", "1000/1"), least=1.5, has_ways=True),
    _Goal("broadcast", "its server CPU, of the peer's",
          _of_peer("server_us", "1000/1"), most=0.5, has_ways=True),
    _Goal("broadcast", "deliveries a second to 1,000, four in flight, of the peer's",
          _of_peer("rate", "1000/4"), least=1.5, has_ways=True),
    _Goal("broadcast", "its server CPU, of the peer's",
          _of_peer("server_us", "1000/4"), most=0.5, has_ways=True),
    _Goal("idle", "an idle socket, all processes",
          _own("bytes_each", 1024), "KiB", most=30.0, has_ways=True),
    _Goal("idle", "sockets accepted a second, of the peer's",
          _of_peer("accepted_per_s"), least=1.5, has_ways=True),
    _Goal("entities", "an entity of 50,000", _alone("bytes_each", 1000), "kB", most=3.0),
    _Goal("entities", "a cold entity's answer, p99", _alone("p99_ms"), "ms", most=5.0),
    _Goal("growth", "a command's CPU, dearest to cheapest of all sizes", _spread, "%", most=15.0),
    _Goal("storm", "all sockets back after a gateway was killed",
          _alone("all_back_s"), "s", most=10.0),
    _Goal("storm", "lost or doubled meanwhile",
          lambda got, way: float(got["lost_or_doubled"] + got["behind"]), most=0.0),
    _Goal("storm", "others' p99 meanwhile",
          lambda got, way: float(got["others"]["p99_ms"]), "ms", most=100.0),
    _Goal("start", "a warm start", _alone("warm_s"), "s", most=15.0),
)  # fmt: skip


def _goals(results: dict[str, Any]) -> str:
    rows = [goal.row(results) for goal in _GOALS]
    return _table(("what", "goal", "by way of HAProxy", "straight to the gateway"), rows)


def _rooms(results: dict[str, Any]) -> str:
    """CPU by program; of the two that are ours, divided as the samples of their stacks are."""
    rooms: dict[str, dict[str, float]] = {}
    others: dict[str, dict[str, float]] = {"haproxy": {}, "valkey-server": {}, "all other": {}}
    for what, got in results.items():
        programs = dict(got["by_program_us"])
        for name, program in (("gateway", "ServeReplica"), ("host", "ShardActor")):
            whole = programs.pop(program, 0.0)
            for room, share in got[name].items():
                rooms.setdefault(f"{name}: {room}", {})[what] = whole * share
        others["all other"][what] = got["server_us"] - sum(got["by_program_us"].values())
        for program, whole in programs.items():
            row = others.get(program, others["all other"])
            row[what] = row.get(what, 0.0) + whole
    total = {"all of it": {what: got["server_us"] for what, got in results.items()}}
    rows = [
        [where, f"{us.get('life', 0):,.0f}", f"{us.get('delivery', 0):.1f}"]
        for where, us in (*rooms.items(), *others.items(), *total.items())
    ]
    return _table(("where", "an order's life, µs", "a delivery, µs"), rows)


def _storm(got: dict[str, Any]) -> str:
    header = ("sockets", "cut", "all back after", "snapshots instead", "lost or doubled",
              "others' p50 / p99 ms")  # fmt: skip
    others = got["others"]
    row = [
        f"{got['sockets']:,}",
        f"{got['cut']:,}",
        f"{got['all_back_s']:.1f} s",
        f"{got['not_resumed']:,}",
        f"{got['lost_or_doubled'] + got['behind']:,}",
        f"{others['p50_ms']:.0f} / {others['p99_ms']:.0f}",
    ]
    return _table(header, [row])


def _pressure(results: dict[str, Any]) -> str:
    header = ("", "lasted", "senders were told", "others were told", "others' p50 / p99 ms",
              "memory before, most (MB)")  # fmt: skip
    rows = []
    for name, got in results.items():
        rows.append(
            [
                name,
                f"{got['seconds']:.1f} s",
                _told(got),
                ", ".join(f"{code} {count}" for code, count in got["others_answers"].items()),
                f"{got['others']['p50_ms']:.0f} / {got['others']['p99_ms']:.0f}",
                f"{got['memory_before'] / 1e6:.0f}, {got['memory_most'] / 1e6:.0f}",
            ]
        )
    return _table(header, rows)


def _told(got: dict[str, Any]) -> str:
    if "closed_with" in got:
        code = got["closed_with"]
        return f"closed with {code}" if code else "not closed: buffers on the way took it all"
    return ", ".join(f"{code} {count}" for code, count in got.get("answers", {}).items()) or "-"


def _entity(got: dict[str, Any]) -> str:
    header = ("orders a second, one client", "command p50 / p99 ms", "MB a live entity",
              "server CPU an order's life, ms")  # fmt: skip
    row = [
        f"{got['rate']:.2f}",
        f"{got['p50_ms']:.0f} / {got['p99_ms']:.0f}",
        f"{got['memory_each'] / 1e6:.0f}",
        f"{got['server_us'] / 1000:,.0f}",
    ]
    return _table(header, [row])


def _start(got: dict[str, Any]) -> str:
    header = ("first, with its demo chain", "warm, better of two", "warm, other")
    return _table(header, [[f"{got[key]:.1f} s" for key in ("first_s", "warm_s", "worst_warm_s")]])


def _first_screen(results: dict[str, Any]) -> str:
    header = ("pages", "HTTP requests", "kB received", "menu usable after, median", "worst")
    rows = [
        [
            name,
            f"{got['requests']}",
            f"{got['bytes'] / 1000:.0f}",
            f"{got['median_ms'] / 1000:.1f} s",
            f"{got['worst_ms'] / 1000:.1f} s",
        ]
        for name, got in results.items()
    ]
    return _table(header, rows)


def _entities(live: dict[str, Any]) -> str:
    header = ("live entities", "kB each", "a cold one's snapshot, p50 / p99 ms")
    row = [
        f"{live['live']:,}",
        f"{live['bytes_each'] / 1000:.1f}",
        f"{live['p50_ms']:.1f} / {live['p99_ms']:.1f}",
    ]
    return _table(header, [row])


def _growth(rows: list[dict[str, Any]]) -> str:
    cells = [
        [f"{got['restaurants']:,}", f"{got['stored_orders']:,}", f"{got['command_us']:.0f}"]
        for got in rows
    ]
    return _table(("restaurants", "orders stored", "CPU a command, µs"), cells)


TABLES: dict[str, Callable[[Any], str]] = {
    "first_screen": _first_screen,
    "lives": _compared,
    "single": _single,
    "broadcast": _compared,
    "idle": _idle,
    "storm": _storm,
    "rooms": _rooms,
    "pressure": _pressure,
    "entity": _entity,
    "start": _start,
    "entities": _entities,
    "growth": _growth,
}


def _bars(results: dict[str, Any], how: str, title: str, path: Path) -> None:
    """Server CPU by program, one bar a server."""
    mpl.rcParams["svg.hashsalt"] = "docs"  # the same picture of the same figures
    figure, axes = plt.subplots(figsize=(8, 2.4))
    programs = {p for measured in results.values() for p in measured[how]["by_program_us"]}
    order = sorted(programs, key=lambda p: -results["this"][how]["by_program_us"].get(p, 0))
    names = [NAMES[who] for who in results]
    left = [0.0] * len(names)
    for program in order[:8]:
        widths = [measured[how]["by_program_us"].get(program, 0) for measured in results.values()]
        axes.barh(names, widths, left=left, label=program)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_xlabel(f"server CPU, µs: {title}")
    axes.invert_yaxis()
    axes.legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)
