"""Writes the tables of `docs/scaling.md`: what a chain needs, from what was measured.

Unit costs are those of `docs/performance.json` (`make bench`), the evening is the table below.
`--check` fails where the page is not what this writes.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "scaling.md"
BEGIN, END = "<!-- computed: begin -->", "<!-- computed: end -->"

CHAINS = (10, 1_000, 20_000)
BUSY = 0.6
"""Of a core or of memory that is planned with: the rest is for a node that is lost."""
CORES, MEMORY_GB = 8, 32
"""Of a machine."""
STORE_GB = 25
"""That one store is given: it also forks to write its file anew."""
SOCKETS_A_GATEWAY = 5_000
"""`target_ongoing_requests` of deployments.yaml."""
PLANNED = "30"
"""Lives a second at which a life's cost is planned with: with more of them batches are larger, and
each costs less; with fewer of them more, which does not matter."""
GB = 1e9


@dataclass(frozen=True, slots=True)
class Evening:
    """One restaurant at its busiest hour, and its day."""

    parties_an_hour: float = 25
    party_hours: float = 1.0
    orders_a_party: int = 4
    parties_a_day: float = 80
    phones_a_party: float = 2
    sockets_a_phone: float = 2  # its session, its order
    staff_sockets: float = 40  # kitchen screens with two an open order, waiters, a manager
    tables: float = 20
    waiters: float = 8


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of a core an order's life, by who spends them; bytes."""

    host_s: float
    gateway_s: float
    haproxy_s: float
    store_s: float
    accept_s: float
    socket_bytes: float
    entity_bytes: float
    party_bytes: float
    restaurant_bytes: float
    table_bytes: float
    waiter_bytes: float


@dataclass(frozen=True, slots=True)
class Need:
    """What a chain needs at its busiest."""

    restaurants: int
    lives_a_second: float
    sockets: float
    host_cores: float
    gateway_cores: float
    haproxy_cores: float
    store_cores: float
    socket_gb: float
    entity_gb: float
    kept_gb_a_day: float
    floor_gb: float

    @property
    def shards(self) -> int:
        return max(2, math.ceil(self.host_cores / BUSY))

    @property
    def gateways(self) -> int:
        by_sockets = math.ceil(self.sockets / SOCKETS_A_GATEWAY)
        return max(2, by_sockets, math.ceil(self.gateway_cores / BUSY))

    @property
    def machines(self) -> int:
        cores = self.host_cores + self.gateway_cores + self.haproxy_cores
        by_cores = cores / (CORES * BUSY)
        by_memory = (self.socket_gb + self.entity_gb) / (MEMORY_GB * BUSY)
        by_processes = (self.shards + self.gateways) / CORES
        return max(2, math.ceil(max(by_cores, by_memory, by_processes)))

    def stores(self, days: float) -> int:
        """Masters of a Redis cluster that keep so many days."""
        gb = self.kept_gb_a_day * days + self.floor_gb
        return max(1, math.ceil(gb / STORE_GB), math.ceil(self.store_cores / BUSY))


def costs(measured: dict[str, Any]) -> Costs:
    life = measured["paced"]["paced"][PLANNED]["by_program_us"]
    idle, kept, floor = measured["idle"]["this"], measured["kept"], measured["floor"]
    return Costs(
        host_s=life["ShardActor"] / 1e6,
        gateway_s=life["ServeReplica"] / 1e6,
        haproxy_s=life["haproxy"] / 1e6,
        store_s=life["valkey-server"] / 1e6,
        accept_s=idle["server_us"] / 1e6,
        socket_bytes=idle["bytes_each"],
        entity_bytes=measured["entities"]["bytes_each"],
        party_bytes=kept["party_bytes"],
        restaurant_bytes=floor["restaurant_bytes"],
        table_bytes=floor["table_bytes"],
        waiter_bytes=floor["waiter_bytes"],
    )


def need(restaurants: int, cost: Costs, evening: Evening) -> Need:
    lives = restaurants * evening.parties_an_hour * evening.orders_a_party / 3600
    parties = restaurants * evening.parties_an_hour * evening.party_hours
    phones = parties * evening.phones_a_party
    sockets = phones * evening.sockets_a_phone + restaurants * evening.staff_sockets
    entities = parties * (2 + evening.orders_a_party)
    floor = (
        cost.restaurant_bytes
        + evening.tables * cost.table_bytes
        + evening.waiters * cost.waiter_bytes
    )
    return Need(
        restaurants=restaurants,
        lives_a_second=lives,
        sockets=sockets,
        host_cores=lives * cost.host_s,
        gateway_cores=lives * cost.gateway_s,
        haproxy_cores=lives * cost.haproxy_s,
        store_cores=lives * cost.store_s,
        socket_gb=sockets * cost.socket_bytes / GB,
        entity_gb=entities * cost.entity_bytes / GB,
        kept_gb_a_day=restaurants * evening.parties_a_day * cost.party_bytes / GB,
        floor_gb=restaurants * floor / GB,
    )


def tables(measured: dict[str, Any]) -> str:
    cost, evening = costs(measured), Evening()
    needs = [need(restaurants, cost, evening) for restaurants in CHAINS]
    sections = [_unit_costs(cost, measured["kept"]), _needs(needs), _checked(cost, measured)]
    return "\n\n".join(sections)


def _unit_costs(cost: Costs, kept: dict[str, Any]) -> str:
    rows = [
        ("an order's life, host", f"{cost.host_s * 1e3:.1f} ms of a core"),
        ("an order's life, gateway", f"{cost.gateway_s * 1e3:.1f} ms"),
        ("an order's life, HAProxy", f"{cost.haproxy_s * 1e3:.1f} ms"),
        ("an order's life, store", f"{cost.store_s * 1e3:.2f} ms"),
        ("a socket accepted, all processes", f"{cost.accept_s * 1e3:.1f} ms"),
        ("a socket that is open, all processes", f"{cost.socket_bytes / 1e3:.0f} kB"),
        ("an entity in a host's memory", f"{cost.entity_bytes / 1e3:.1f} kB"),
        ("a party with four orders, in the store", f"{cost.party_bytes / 1e3:.0f} kB"),
        ("the same, sent to the store", f"{kept['party_sent_bytes'] / 1e3:.0f} kB"),
        ("a restaurant after a month, in the store", f"{cost.restaurant_bytes / 1e3:.0f} kB"),
        ("a table after a month, in the store", f"{cost.table_bytes / 1e3:.0f} kB"),
        ("a waiter after a month, in the store", f"{cost.waiter_bytes / 1e3:.0f} kB"),
        ("an event, to each socket", f"{kept['frame_bytes']:.0f} bytes"),
    ]
    return _table(("unit", "cost"), rows)


def _needs(needs: Sequence[Need]) -> str:
    header = ("restaurants", *(f"{each.restaurants:,}" for each in needs))
    lines: list[tuple[str, list[str]]] = [
        ("orders' lives a second", [f"{each.lives_a_second:,.1f}" for each in needs]),
        ("sockets", [f"{each.sockets:,.0f}" for each in needs]),
        ("cores: hosts", [f"{each.host_cores:.2f}" for each in needs]),
        ("cores: gateways", [f"{each.gateway_cores:.2f}" for each in needs]),
        ("cores: HAProxy", [f"{each.haproxy_cores:.2f}" for each in needs]),
        ("cores: store", [f"{each.store_cores:.2f}" for each in needs]),
        ("memory: sockets, GB", [f"{each.socket_gb:,.1f}" for each in needs]),
        ("memory: entities, GB", [f"{each.entity_gb:,.2f}" for each in needs]),
        ("`shards`", [str(each.shards) for each in needs]),
        ("gateways", [str(each.gateways) for each in needs]),
        (f"machines of {CORES} cores, {MEMORY_GB} GB", [str(each.machines) for each in needs]),
        ("store: GB that never expire", [f"{each.floor_gb:,.1f}" for each in needs]),
        ("store: GB a day that is kept", [f"{each.kept_gb_a_day:,.1f}" for each in needs]),
        ("store: masters, `retention_days` 1", [str(each.stores(1)) for each in needs]),
        ("store: masters, `retention_days` 30", [str(each.stores(30)) for each in needs]),
    ]
    return _table(header, [(name, *values) for name, values in lines])


def _checked(cost: Costs, measured: dict[str, Any]) -> str:
    """What the model says of runs that fit one machine, and what they took."""
    life_s = cost.host_s + cost.gateway_s + cost.haproxy_s + cost.store_s
    paced = measured["paced"]
    rows = []
    for run in paced["paced"].values():
        rate = run["rate"]
        foreseen = paced["idle_cores"] + rate * life_s
        took = rate * run["server_us"] / 1e6
        row = (rate, foreseen, took, took / foreseen)
        rows.append((f"{row[0]:.1f}", f"{row[1]:.2f}", f"{row[2]:.2f}", f"{row[3]:.2f}"))
    return _table(("orders' lives a second", "cores foreseen", "cores measured", "ratio"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    computed = tables(json.loads((DOCS / "performance.json").read_text()))
    written = f"{before}{BEGIN}\n{computed}\n{END}{after}"
    if not parser.parse_args().check:
        PAGE.write_text(written)
    elif text != written:
        print("docs/scaling.md is not what its figures come to: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
