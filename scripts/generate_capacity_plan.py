"""Writes the tables of `docs/operations/capacity.md`: a capacity plan from measured costs.

Unit costs come from `docs/performance.json` (`make bench`), the load from `Workload`. `--check`
writes nothing and fails if the page is out of date.
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
PAGE = DOCS / "operations" / "capacity.md"
BEGIN, END = "<!-- computed: begin -->", "<!-- computed: end -->"

CHAINS = (10, 1_000, 20_000)
MAX_UTILIZATION = 0.6
"""Planned use of a core or of memory; the rest is for the load of a lost node."""
CORES, MEMORY_GB = 8, 32
"""Size of a machine."""
STORE_GB = 25
"""Data per master of the store, which may need twice as much memory while rewriting its file."""
SOCKETS_PER_GATEWAY = 5_000
"""`target_ongoing_requests` of deployments.yaml."""
REFERENCE_RATE = "30"
"""Order lifecycles per second at which the cost was measured. At higher rates, larger batches make
each cheaper; at lower rates the higher cost does not matter."""
GB = 1e9


@dataclass(frozen=True, slots=True)
class Workload:
    """The load of one restaurant in its busiest hour, and per day."""

    parties_per_hour: float = 25
    party_hours: float = 1.0
    orders_per_party: int = 4
    parties_per_day: float = 80
    phones_per_party: float = 2
    sockets_per_phone: float = 2  # a session and an order
    staff_sockets: float = 40  # kitchen screens with two per open order, waiters, a manager
    tables: float = 20
    waiters: float = 8


@dataclass(frozen=True, slots=True)
class Costs:
    """Core seconds per order lifecycle and per accepted socket; bytes."""

    host_s: float
    gateway_s: float
    store_s: float
    accept_s: float
    socket_bytes: float
    entity_bytes: float
    party_bytes: float
    restaurant_bytes: float
    table_bytes: float
    waiter_bytes: float


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """The resources that a chain needs at its peak."""

    restaurants: int
    lifecycles_per_second: float
    sockets: float
    host_cores: float
    gateway_cores: float
    store_cores: float
    socket_gb: float
    entity_gb: float
    daily_gb: float
    permanent_gb: float

    @property
    def shards(self) -> int:
        return max(2, math.ceil(self.host_cores / MAX_UTILIZATION))

    @property
    def gateways(self) -> int:
        by_sockets = math.ceil(self.sockets / SOCKETS_PER_GATEWAY)
        return max(2, by_sockets, math.ceil(self.gateway_cores / MAX_UTILIZATION))

    @property
    def machines(self) -> int:
        cores = self.host_cores + self.gateway_cores
        by_cores = cores / (CORES * MAX_UTILIZATION)
        by_memory = (self.socket_gb + self.entity_gb) / (MEMORY_GB * MAX_UTILIZATION)
        by_processes = (self.shards + self.gateways) / CORES
        return max(2, math.ceil(max(by_cores, by_memory, by_processes)))

    def stores(self, days: float) -> int:
        """Masters of the store for a retention of that many days."""
        gb = self.daily_gb * days + self.permanent_gb
        return max(1, math.ceil(gb / STORE_GB), math.ceil(self.store_cores / MAX_UTILIZATION))


def costs(measured: dict[str, Any]) -> Costs:
    lifecycle = measured["paced"]["paced"][REFERENCE_RATE]["by_program_us"]
    idle, permanent = measured["idle"]["this"], measured["permanent_entities"]
    return Costs(
        host_s=lifecycle["ShardActor"] / 1e6,
        gateway_s=lifecycle["ServeReplica"] / 1e6,
        store_s=lifecycle["valkey-server"] / 1e6,
        accept_s=idle["server_us"] / 1e6,
        socket_bytes=idle["bytes_each"],
        entity_bytes=measured["entities"]["bytes_each"],
        party_bytes=measured["kept"]["party_bytes"],
        restaurant_bytes=permanent["restaurant_bytes"],
        table_bytes=permanent["table_bytes"],
        waiter_bytes=permanent["waiter_bytes"],
    )


def plan(restaurants: int, cost: Costs, workload: Workload) -> CapacityPlan:
    parties_per_hour = restaurants * workload.parties_per_hour
    lifecycles_per_second = parties_per_hour * workload.orders_per_party / 3600
    parties = parties_per_hour * workload.party_hours
    phones = parties * workload.phones_per_party
    sockets = phones * workload.sockets_per_phone + restaurants * workload.staff_sockets
    entities = parties * (2 + workload.orders_per_party)
    permanent_bytes = (
        cost.restaurant_bytes
        + workload.tables * cost.table_bytes
        + workload.waiters * cost.waiter_bytes
    )
    return CapacityPlan(
        restaurants=restaurants,
        lifecycles_per_second=lifecycles_per_second,
        sockets=sockets,
        host_cores=lifecycles_per_second * cost.host_s,
        gateway_cores=lifecycles_per_second * cost.gateway_s,
        store_cores=lifecycles_per_second * cost.store_s,
        socket_gb=sockets * cost.socket_bytes / GB,
        entity_gb=entities * cost.entity_bytes / GB,
        daily_gb=restaurants * workload.parties_per_day * cost.party_bytes / GB,
        permanent_gb=restaurants * permanent_bytes / GB,
    )


def tables(measured: dict[str, Any]) -> str:
    cost, workload = costs(measured), Workload()
    plans = [plan(restaurants, cost, workload) for restaurants in CHAINS]
    sections = [_unit_costs(cost, measured["kept"]), _plans(plans), _predictions(cost, measured)]
    return "\n\n".join(sections)


def _unit_costs(cost: Costs, kept: dict[str, Any]) -> str:
    rows = [
        ("an order's lifecycle, host", f"{cost.host_s * 1e3:.1f} ms of a core"),
        ("an order's lifecycle, gateway", f"{cost.gateway_s * 1e3:.1f} ms"),
        ("an order's lifecycle, store", f"{cost.store_s * 1e3:.2f} ms"),
        (
            f"order lifecycles of one host at {MAX_UTILIZATION * 100:.0f} % of a core",
            f"{MAX_UTILIZATION / cost.host_s:.0f} per second",
        ),
        ("accepting a socket, all processes", f"{cost.accept_s * 1e3:.1f} ms"),
        ("an open socket, all processes", f"{cost.socket_bytes / 1e3:.0f} kB"),
        ("an entity in a host's memory", f"{cost.entity_bytes / 1e3:.1f} kB"),
        ("a session with four orders, in the store", f"{cost.party_bytes / 1e3:.0f} kB"),
        ("a session with four orders, sent to it", f"{kept['party_sent_bytes'] / 1e3:.0f} kB"),
        ("a restaurant after a month, in the store", f"{cost.restaurant_bytes / 1e3:.0f} kB"),
        ("a table after a month, in the store", f"{cost.table_bytes / 1e3:.0f} kB"),
        ("a waiter after a month, in the store", f"{cost.waiter_bytes / 1e3:.0f} kB"),
        ("an event, to each socket", f"{kept['frame_bytes']:.0f} bytes"),
    ]
    return _table(("unit", "cost"), rows)


def _plans(plans: Sequence[CapacityPlan]) -> str:
    header = ("restaurants", *(f"{each.restaurants:,}" for each in plans))
    lines: list[tuple[str, list[str]]] = [
        ("order lifecycles per second", [f"{each.lifecycles_per_second:,.1f}" for each in plans]),
        ("sockets", [f"{each.sockets:,.0f}" for each in plans]),
        ("cores: hosts", [f"{each.host_cores:.2f}" for each in plans]),
        ("cores: gateways", [f"{each.gateway_cores:.2f}" for each in plans]),
        ("cores: store", [f"{each.store_cores:.2f}" for each in plans]),
        ("memory: sockets, GB", [f"{each.socket_gb:,.1f}" for each in plans]),
        ("memory: entities, GB", [f"{each.entity_gb:,.2f}" for each in plans]),
        ("`shards`", [str(each.shards) for each in plans]),
        ("gateways", [str(each.gateways) for each in plans]),
        (f"machines of {CORES} cores, {MEMORY_GB} GB", [str(each.machines) for each in plans]),
        ("store: permanent data, GB", [f"{each.permanent_gb:,.1f}" for each in plans]),
        ("store: GB per day of retention", [f"{each.daily_gb:,.1f}" for each in plans]),
        ("store: masters, `retention_days` 1", [str(each.stores(1)) for each in plans]),
        ("store: masters, `retention_days` 30", [str(each.stores(30)) for each in plans]),
    ]
    return _table(header, [(name, *values) for name, values in lines])


def _predictions(cost: Costs, measured: dict[str, Any]) -> str:
    """The model's predictions for single-machine runs, next to the measurements."""
    lifecycle_s = cost.host_s + cost.gateway_s + cost.store_s
    paced = measured["paced"]
    rows = []
    for run in paced["paced"].values():
        rate = run["rate"]
        predicted = paced["idle_cores"] + rate * lifecycle_s
        used = rate * run["server_us"] / 1e6
        rows.append((f"{rate:.1f}", f"{predicted:.2f}", f"{used:.2f}", f"{used / predicted:.2f}"))
    header = ("order lifecycles per second", "cores predicted", "cores measured",
              "measured / predicted")  # fmt: skip
    return _table(header, rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; write nothing")
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    computed = tables(json.loads((DOCS / "performance.json").read_text()))
    written = f"{before}{BEGIN}\n{computed}\n{END}{after}"
    if not parser.parse_args().check:
        PAGE.write_text(written)
    elif text != written:
        print("docs/operations/capacity.md is out of date: run `make docs`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
