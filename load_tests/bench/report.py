"""Writes `docs/performance.md`, its tables and plots, from the benchmarks' results.

The text is in `load_tests/bench/performance.md`, a template with a `{name}` for each table.
"""

import math
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt  # after the choice of what draws

from load_tests.bench.servers import LIMIT

TEMPLATE = Path(__file__).with_name("performance.md")
NAMES = {
    "this": "this",
    "peer": "Django Channels",
    "orm": "Channels with the ORM",
    "limit": LIMIT,
}
MEASURED = ("ray", "starlette", "uvicorn", "redis", "hiredis", "channels", "channels-redis")


def write(results: dict[str, Any], directory: Path) -> None:
    """Write the page and its plots from the results that exist."""
    tables = dict.fromkeys(TABLES, "Not measured.")
    for name, build in TABLES.items():
        if name in results:
            tables[name] = build(results[name])
    tables |= {
        "summary": _summary(results),
        "machine": results.get("machine", "An unknown machine"),
        "goals": _goals(results),
        "orm": _orm(results),
    }
    text = TEMPLATE.read_text()
    for name, table in tables.items():
        text = text.replace(f"{{{name}}}", table)
    (directory / "performance.md").write_text(text)
    if "lifecycle" in results:
        _bars(
            results["lifecycle"],
            "32",
            "one order's lifecycle, 32 clients",
            directory / "lifecycle.svg",
        )
    if "broadcast" in results:
        _bars(results["broadcast"], "1000/1", "one delivery of 1,000", directory / "broadcast.svg")


def _summary(results: dict[str, Any]) -> str:
    """The product's CPU and latency relative to the peer's, a sentence per benchmark."""
    sentences = []
    if "lifecycle" in results:
        runs = results["lifecycle"]["this"]
        cpu, p50 = (
            " / ".join(f"{run['of_peer'][figure]:.2f}" for run in runs.values())
            for figure in ("server_us", "p50_ms")
        )
        sentences.append(
            "Compared with a tuned Django Channels application, an order lifecycle with "
            f"{' / '.join(runs)} clients uses {cpu} times the server CPU; the median command "
            f"latency is {p50} times the peer's."
        )
    if "broadcast" in results:
        cpu = f"{results['broadcast']['this']['1000/1']['of_peer']['server_us']:.2f}"
        sentences.append(f"A delivery to 1,000 sockets takes {cpu} times the peer's CPU.")
    return fill(" ".join(sentences), 120) or "Nothing has been measured."


def machine() -> str:
    """This machine, and the versions that are measured on it."""
    packages = ", ".join(f"{name} {version(name)}" for name in MEASURED)
    cores = len(_cpus())
    return f"{cores} cores ({_cpus()[0]}), Python {platform.python_version()}, {packages}"


def _cpus() -> list[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith("model name")] or ["?"]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(name: str, got: dict[str, Any]) -> list[str]:
    of_peer = got.get("of_peer", {})
    return [
        name,
        f"{got['rate']:,.0f}",
        f"{of_peer.get('rate', 1):.2f}",
        f"{got['server_us']:,.1f}",
        f"{of_peer.get('server_us', 1):.2f}",
        f"{got['p50_ms']:.1f} / {got['p99_ms']:.1f}",
        f"{of_peer.get('p50_ms', 1):.2f}",
        f"{got['client_share']:.0%}",
    ]


NOT_MEASURED = "not measured"
NOISE_BYTES = 500.0
"""Memory per socket below which a process is not listed by itself."""
ORM_RATIOS = ("rate", "server_us", "p50_ms")
HEADER = (
    "", "per second", "of the peer's", "server CPU each, µs", "of the peer's", "p50 / p99 ms",
    "p50, of the peer's", "client's CPU",
)  # fmt: skip


def _compared(results: dict[str, Any]) -> str:
    rows = []
    for how in results["this"]:
        for who in NAMES:
            if who in results:
                rows.append(_row(f"{NAMES[who]}, {how}", results[who][how]))
    return _table(HEADER, rows)


def _orm(results: dict[str, Any]) -> str:
    """The measured rows of the product as ratios to the peer with the ORM."""
    rows = []
    for name, title in (
        ("lifecycle", "order lifecycle, clients: {}"),
        ("single", "single command to {}"),
        ("broadcast", "delivery, {}"),
    ):
        for how, got in results.get(name, {}).get("this", {}).items():
            if ratios := got.get("of_orm"):
                cells = [f"{ratios[key]:.2f}" for key in ORM_RATIOS]
                rows.append([title.format(how), *cells])
    header = ("this, of the ORM peer's", "per second", "server CPU", "p50")
    return _table(header, rows) if rows else "Not measured."


def _idle(results: dict[str, Any]) -> str:
    header = (
        "",
        "sockets",
        "accepted per second",
        "kB each",
        "by process",
        "server CPU per accept, µs",
    )
    rows = [
        [
            NAMES[who],
            f"{got['sockets']:,}",
            f"{got['accepted_per_s']:,.0f}",
            f"{got['bytes_each'] / 1000:.1f}",
            _memory_shares(got["by_program"]),
            f"{got['server_us']:,.0f}",
        ]
        for who, got in results.items()
    ]
    return _table(header, rows)


def _memory_shares(by_program: dict[str, float]) -> str:
    """kB by process; those within the measurement's noise are summed up as `other`."""
    shown = {name: held for name, held in by_program.items() if held >= NOISE_BYTES}
    other = sum(by_program.values()) - sum(shown.values())
    if by_program.keys() != shown.keys():
        shown["other"] = other
    return ", ".join(f"{name} {held / 1000:.1f}" for name, held in shown.items())


class _Goal(NamedTuple):
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
_GOALS = (
    *(
        _Goal("lifecycle", f"CPU per order lifecycle, clients: {clients}",
              _of_peer(clients, "server_us"), OF_PEER, most=bound)
        for clients, bound in (("1", 0.9), ("8", 0.65), ("32", 0.55))
    ),
    _Goal("lifecycle", "order lifecycles per second, 32 clients", _of_peer("32", "rate"), OF_PEER,
          least=1.6),
    _Goal("lifecycle", "median latency of a lifecycle's commands, 1 client",
          _of_peer("1", "p50_ms"), OF_PEER, most=1.0),
    _Goal("lifecycle", "median latency of a lifecycle's commands, 32 clients",
          _of_peer("32", "p50_ms"), OF_PEER, most=0.65),
    _Goal("single", "median latency of a single command to 10 sockets", _of_peer("10", "p50_ms"),
          OF_PEER, most=1.3),
    *(
        _Goal("broadcast", f"CPU per delivery, {to}", _of_peer(how, "server_us"), OF_PEER,
              most=bound)
        for how, to, bound in (
            ("200/1", "200 sockets", 0.7), ("1000/1", "1,000 sockets, one change in flight", 0.5),
            ("1000/4", "1,000 sockets, four changes in flight", 0.22),
        )
    ),
    _Goal("broadcast", "deliveries per second, 1,000 sockets, one change in flight",
          _of_peer("1000/1", "rate"), OF_PEER, least=1.5),
    _Goal("broadcast", "deliveries per second, 1,000 sockets, four changes in flight",
          _of_peer("1000/4", "rate"), OF_PEER, least=3.0),
    _Goal("idle", "CPU per accepted socket", _sockets_of_peer("server_us"), OF_PEER, most=0.3),
    _Goal("idle", "memory per idle socket", _sockets_of_peer("bytes_each"), OF_PEER, most=0.4),
    _Goal("entities", "memory per entity, with 50,000 in memory", _alone("bytes_each", 1000), "kB",
          most=3.0),
    _Goal("entities", "p99 latency of the snapshot of an entity that is not in memory",
          _alone("p99_ms"), "ms", most=5.0),
    _Goal("growth", "CPU per command, largest difference between data sizes", _largest_difference,
          "%", most=15.0),
    _Goal("storm", "all sockets reconnected after a gateway was killed",
          _alone("all_back_s"), "s", most=10.0),
    _Goal("storm", "events lost or duplicated after a gateway was killed",
          lambda got: float(got["lost_or_doubled"] + got["behind"]), most=0.0),
    _Goal("storm", "other clients' p99 latency after a gateway was killed",
          lambda got: float(got["others"]["p99_ms"]), "ms", most=100.0),
    _Goal("first_screen", "median time to the first menu on slow 3G",
          lambda got: float(got["packaged"]["median_ms"]) / 1000, "s", most=5.0),
    _Goal("start", "time to start, warm",
          lambda got: float(got["all of it"]["warm_s"]), "s", most=8.0),
    _Goal("start", "memory when idle",
          lambda got: got["all of it"]["memory"] / 1e6, "MB", most=1000.0),
    _Goal("start", "memory when idle, DASHBOARD=0",
          lambda got: got["DASHBOARD=0"]["memory"] / 1e6, "MB", most=700.0),
    _Goal("new_orders", "median time of a new order with placement `entity`",
          _alone("median_ms"), "ms", most=200.0),
)  # fmt: skip


def _goals(results: dict[str, Any]) -> str:
    rows = [goal.row(results) for goal in _GOALS]
    return _table(("what", "goal", "measured"), rows)


RENAMED = {
    "calls (Ray), and what they carry": "Ray calls (ray, actors)",
    "turns, subscribers (actors)": "Ray calls (ray, actors)",
    "streams and their messages (engine)": "turns, subscribers, outbox, streams (engine)",
    "gateway": "other gateway code (gateway)",
}
"""Categories of recorded results -> their names in `load_tests/bench/profile.py`."""


def _profile(results: dict[str, Any]) -> str:
    """CPU by program; that of gateway and host is divided in proportion to their stack samples."""
    categories: dict[str, dict[str, float]] = {}
    others: dict[str, dict[str, float]] = {"valkey-server": {}, "all other": {}}
    for what, got in results.items():
        programs = dict(got["by_program_us"])
        for name, program in (("gateway", "ServeReplica"), ("host", "ShardActor")):
            whole = programs.pop(program, 0.0)
            for category, share in got[name].items():
                row = categories.setdefault(f"{name}: {RENAMED.get(category, category)}", {})
                row[what] = row.get(what, 0.0) + whole * share
        others["all other"][what] = got["server_us"] - sum(got["by_program_us"].values())
        for program, whole in programs.items():
            row = others.get(program, others["all other"])
            row[what] = row.get(what, 0.0) + whole
    total = {"total": {what: got["server_us"] for what, got in results.items()}}
    rows = [
        [where, f"{us.get('life', 0):,.0f}", f"{us.get('delivery', 0):.1f}"]
        for where, us in (*categories.items(), *others.items(), *total.items())
    ]
    return _table(("component", "order lifecycle, µs", "delivery, µs"), rows)


def _storm(got: dict[str, Any]) -> str:
    header = ("sockets", "disconnected", "all reconnected after", "resumed with a snapshot",
              "lost or duplicated", "others' p50 / p99 ms")  # fmt: skip
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
    header = ("", "duration", "responses to senders", "responses to others", "others' p50 / p99 ms",
              "memory before, peak (MB)")  # fmt: skip
    rows = []
    for name, got in results.items():
        rows.append(
            [
                name,
                f"{got['seconds']:.1f} s",
                _responses(got),
                ", ".join(f"{code} {count}" for code, count in got["others_answers"].items()),
                f"{got['others']['p50_ms']:.0f} / {got['others']['p99_ms']:.0f}",
                f"{got['memory_before'] / 1e6:.0f}, {got['memory_most'] / 1e6:.0f}",
            ]
        )
    return _table(header, rows)


def _responses(got: dict[str, Any]) -> str:
    if "closed_with" in got:
        code = got["closed_with"]
        return f"closed with {code}" if code else "not closed: buffers took all of it"
    return ", ".join(f"{code} {count}" for code, count in got.get("answers", {}).items()) or "-"


def _entity(got: dict[str, Any]) -> str:
    header = ("orders per second, one client", "command p50 / p99 ms", "MB per live entity",
              "server CPU per order lifecycle, ms")  # fmt: skip
    row = [
        f"{got['rate']:.2f}",
        f"{got['p50_ms']:.0f} / {got['p99_ms']:.0f}",
        f"{got['memory_each'] / 1e6:.0f}",
        f"{got['server_us'] / 1000:,.0f}",
    ]
    return _table(header, [row])


def _new_orders(got: dict[str, Any]) -> str:
    header = ("POST of a new order, median ms", "worst ms", "pool full again after, worst")
    row = [f"{got['median_ms']:.0f}", f"{got['worst_ms']:.0f}", f"{got['refill_s']:.1f} s"]
    return _table(header, [row])


def _start(got: dict[str, Any]) -> str:
    header = ("", "first", "warm, better of two", "warm, other", "memory, MB")
    rows = [
        [
            name,
            *(f"{one[key]:.1f} s" for key in ("first_s", "warm_s", "worst_warm_s")),
            f"{one['memory'] / 1e6:.0f}",
        ]
        for name, one in got.items()
    ]
    return _table(header, rows)


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
    header = ("live entities", "kB each", "snapshot of one not in memory, p50 / p99 ms")
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
    return _table(("restaurants", "orders stored", "CPU per command, µs"), cells)


TABLES: dict[str, Callable[[Any], str]] = {
    "first_screen": _first_screen,
    "lifecycle": _compared,
    "single": _compared,
    "broadcast": _compared,
    "idle": _idle,
    "storm": _storm,
    "profile": _profile,
    "pressure": _pressure,
    "entity": _entity,
    "new_orders": _new_orders,
    "start": _start,
    "entities": _entities,
    "growth": _growth,
}


def _bars(results: dict[str, Any], how: str, title: str, path: Path) -> None:
    """Plot the server CPU by program, one bar per server."""
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
