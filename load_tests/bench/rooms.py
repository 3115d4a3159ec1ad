"""Where a process's Python time goes: samples of its stack, sorted into rooms.

`py-spy` looks a few hundred times a second at the thread that holds the interpreter's lock. A
sample counts for the innermost frame that has a room; the standard library's for who called it.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOMS: dict[str, tuple[str, ...]] = {
    "writing to sockets": ("UvicornSocket.flush", "UvicornSocket._accept "),
    "HTTP and WebSocket (uvicorn, websockets)": (
        *("(uvicorn/", "(websockets/", "(httptools/"),
        *("(gateway/uvicorn_socket", "(gateway/strainer", "(gateway/framing", "(gateway/inbox"),
    ),
    "request handling (Ray Serve)": ("(ray/serve/", "(starlette/"),
    "calls (Ray), and what they carry": ("(ray/", "(actors/ray_hosts", "(actors/announced"),
    "parsing and encoding (protocol, pydantic, orjson)": ("(protocol/", "(pydantic/"),
    "gateway": ("(gateway/",),
    "rules (domain)": ("(domain/",),
    "turns, subscribers (actors)": ("(actors/",),
    "store (storage, redis-py)": ("(storage/", "(redis/", "(msgpack/"),
}
ELSEWHERE = "event loop, and the rest"
PY_SPY = str(Path(sys.executable).with_name("py-spy"))
RATE = 400
"""Samples a second."""


async def rooms_of(pid: int, seconds: int) -> dict[str, float]:
    """Each room's share of the samples of a process, which is slower meanwhile."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        raw = Path(directory) / "samples"
        how = ("--gil", "--rate", str(RATE), "--format", "raw")
        sampling = await asyncio.create_subprocess_exec(
            *(PY_SPY, "record", "--pid", str(pid), "--duration", str(seconds), *how),
            *("--output", str(raw)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if await sampling.wait() != 0:
            raise RuntimeError("py-spy may not look into other processes here")
        return _shares(raw.read_text())


def _shares(samples: str) -> dict[str, float]:
    """Of lines `frame;frame;frame count`, the outermost frame first."""
    found: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        found[_room(stack.split(";"))] += int(count)
    total = max(1, found.total())
    return {room: count / total for room, count in found.most_common()}


def _room(frames: list[str]) -> str:
    for frame in reversed(frames):
        for room, marks in ROOMS.items():
            if any(mark in frame for mark in marks):
                return room
    return ELSEWHERE
