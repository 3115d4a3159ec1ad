"""The tables of `docs/performance.md`, each from the results of one benchmark."""

from collections.abc import Callable, Sequence
from typing import Any

from load_tests.bench.goals import GOALS
from load_tests.bench.servers import LIMIT

NAMES = {
    "this": "this",
    "peer": "Django Channels",
    "orm": "Channels with the ORM",
    "limit": LIMIT,
}
NOISE_BYTES = 500.0
"""Memory per socket below which a process is not listed by itself."""
ORM_RATIOS = ("rate", "server_us", "p50_ms")
HEADER = (
    "", "per second", "of the peer's", "server CPU each, µs", "of the peer's", "p50 / p99 ms",
    "p50, of the peer's", "client's CPU",
)  # fmt: skip


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


def _compared(results: dict[str, Any]) -> str:
    rows = []
    for how in results["this"]:
        for who in NAMES:
            if who in results:
                rows.append(_row(f"{NAMES[who]}, {how}", results[who][how]))
    return _table(HEADER, rows)


def orm(results: dict[str, Any]) -> str:
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


def goals(results: dict[str, Any]) -> str:
    rows = [goal.row(results) for goal in GOALS]
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


def _menus(got: dict[str, Any]) -> str:
    header = ("menu, kB", "compressed, kB", "unchanged, bytes", "sold out, bytes",
              "20 lines priced, CPU, µs", "with two options each", "ratio")  # fmt: skip
    row = [
        f"{got['plain'] / 1000:.0f}",
        f"{got['compressed'] / 1000:.1f}",
        f"{got['unchanged']}",
        f"{got['event']:,}",
        f"{got['without_us']:,.0f}",
        f"{got['with_us']:,.0f}",
        f"{got['ratio']:.2f}",
    ]
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
    "menus": _menus,
    "start": _start,
    "entities": _entities,
    "growth": _growth,
}
