"""CPU time and memory of all processes of a server.

A server is started with a mark in its environment, which all of its processes inherit: Ray's own,
Serve, the store. Linux only.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MARK = "BENCH_SERVER"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU-seconds since each process's start, by process id; their names; and the time."""

    at: float
    cpu_s: dict[int, float]
    names: dict[int, str]

    def since(self, before: "Usage") -> "Spent":
        by_name: dict[str, float] = defaultdict(float)
        for pid, cpu_s in self.cpu_s.items():
            by_name[self.names[pid]] += cpu_s - before.cpu_s.get(pid, 0.0)
        return Spent(self.at - before.at, dict(by_name))


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall seconds, and CPU-seconds by program."""

    wall_s: float
    by_program: dict[str, float]

    @property
    def cpu_s(self) -> float:
        return sum(self.by_program.values())


def usage(mark: str, others: Iterable[int] = ()) -> Usage:
    """CPU used so far by the processes with this mark and by the others."""
    cpu_s, names = {}, {}
    for pid in marked(mark).union(others):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        cpu_s[pid] = _cpu_s(stat)
        names[pid] = _program(pid, stat)
    return Usage(time.monotonic(), cpu_s, names)


def memory(mark: str, others: Iterable[int] = ()) -> dict[str, int]:
    """Bytes by program: each process's private pages and its share of the shared ones (PSS)."""
    held: dict[str, int] = defaultdict(int)
    for pid in marked(mark).union(others):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            name = _program(pid, Path(f"/proc/{pid}/stat").read_text())
        except OSError:
            continue
        for line in rollup.splitlines():
            if line.startswith("Pss:"):
                held[name] += int(line.split()[1]) * 1024
    return dict(held)


def marked(mark: str) -> set[int]:
    """Ids of processes with a mark, or whose parent has it: some overwrite their environment."""
    wanted = f"{MARK}={mark}".encode()
    found, children = set(), defaultdict(list)
    for directory in Path("/proc").glob("[0-9]*"):
        pid = int(directory.name)
        try:
            children[int(_fields((directory / "stat").read_text())[1])].append(pid)
            if wanted in (directory / "environ").read_bytes().split(b"\0"):
                found.add(pid)
        except OSError:
            continue
    waiting = list(found)
    while waiting:
        new = [child for child in children[waiting.pop()] if child not in found]
        found.update(new)
        waiting += new
    return found


def cpu_of(pid: int) -> float:
    """CPU-seconds of one process since its start."""
    return _cpu_s(Path(f"/proc/{pid}/stat").read_text())


def _cpu_s(stat: str) -> float:
    fields = _fields(stat)
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _fields(stat: str) -> list[str]:
    """Fields after the program's name: state, parent, …; user and system time are 11 and 12."""
    return stat.rpartition(")")[2].split()


def _program(pid: int, stat: str) -> str:
    """Readable name of a process: of Ray's workers, the class of their actor."""
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        command = ""
    if command.startswith("ray::"):
        return command.removeprefix("ray::").partition(".")[0].split(":")[0]
    return name
