"""The same work on several servers in alternating slices, so that the machine's noise affects all.

A row has the medians of its slices. `of_peer` and `of_orm` are medians of the ratios to that peer's
slice in the same cycle.
"""

import random
import statistics
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import uvloop

from load_tests.bench.servers import Server

CYCLES = 7
PEERS = ("peer", "orm")
RATIOS = ("rate", "server_us", "p50_ms", "p99_ms")

Slice = Callable[[], Awaitable[dict[str, Any]]]
"""Run some work for a few seconds; returns a row of figures."""
Prepare = Callable[[Server], Awaitable[Mapping[str, Slice]]]
"""Prepare the slices of one server, by name."""


def paired(
    starts: Mapping[str, Callable[[], AbstractContextManager[Server]]], prepare: Prepare
) -> dict[str, dict[str, Any]]:
    """Server -> name of a slice -> row. All servers run until the end of the last slice."""
    with ExitStack() as running:
        servers = {who: running.enter_context(start()) for who, start in starts.items()}
        return uvloop.run(_cycles(servers, prepare))


async def _cycles(servers: Mapping[str, Server], prepare: Prepare) -> dict[str, dict[str, Any]]:
    slices = {who: await prepare(server) for who, server in servers.items()}
    rows: dict[str, dict[str, list[dict[str, Any]]]] = {who: {} for who in servers}
    for _ in range(CYCLES):
        names = list(next(iter(slices.values())))
        for name in names:
            for who in random.sample(list(servers), len(servers)):
                rows[who].setdefault(name, []).append(await slices[who][name]())
    return {
        who: {
            name: _medians(each)
            | {f"of_{peer}": _ratios(each, rows[peer][name]) for peer in PEERS if peer in rows}
            for name, each in named.items()
        }
        for who, named in rows.items()
    }


def _ratios(mine: list[dict[str, Any]], peers: list[dict[str, Any]]) -> dict[str, float]:
    return {
        figure: statistics.median(
            one[figure] / other[figure] for one, other in zip(mine, peers, strict=True)
        )
        for figure in RATIOS
    }


def _medians(rows: list[dict[str, Any]]) -> dict[str, Any]:
    medians: dict[str, Any] = {}
    for figure in {figure for row in rows for figure in row}:
        values = [row.get(figure, {} if figure == "by_program_us" else 0.0) for row in rows]
        nested = any(isinstance(value, dict) for value in values)
        medians[figure] = _medians(values) if nested else statistics.median(values)
    return medians
