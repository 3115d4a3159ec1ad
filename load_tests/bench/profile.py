"""Profiles a process: samples of its Python stack by category.

`py-spy` samples the thread that holds the interpreter lock. A sample counts for the innermost frame
with a category; the standard library's count for their caller.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

CATEGORIES: dict[str, tuple[str, ...]] = {
    "writing to sockets": ("PicowsSocket.flush", "WriteBatcher._flush"),
    "HTTP and WebSocket (gateway/server, picows, uvicorn)": (
        "(uvicorn/",
        "(picows/",
        "(httptools/",
        "(gateway/server/",
    ),
    "request handling (Ray Serve)": ("(ray/serve/", "(starlette/"),
    "Ray calls (ray, actors)": ("(ray/", "(actors/"),
    "parsing and encoding (protocol, pydantic, orjson)": ("(protocol/", "(pydantic/"),
    "other gateway code (gateway)": ("(gateway/",),
    "rules (domain)": ("(domain/",),
    "turns, subscribers, outbox, streams (engine)": ("(engine/",),
    "store (storage, redis-py)": ("(storage/", "(redis/", "(msgpack/"),
}
OTHER = "event loop, and the rest"
PY_SPY = str(Path(sys.executable).with_name("py-spy"))
RATE = 400
"""Samples per second."""


async def sample_categories(pid: int, seconds: int) -> dict[str, float]:
    """Share of each category in the samples of a process, which sampling slows down."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        raw = Path(directory) / "samples"
        options = ("--gil", "--rate", str(RATE), "--format", "raw")
        sampling = await asyncio.create_subprocess_exec(
            *(PY_SPY, "record", "--pid", str(pid), "--duration", str(seconds), *options),
            *("--output", str(raw)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if await sampling.wait() != 0:
            raise RuntimeError("py-spy is not permitted to inspect other processes here")
        return _shares(raw.read_text())


def _shares(samples: str) -> dict[str, float]:
    """Shares from lines `frame;frame;frame count`, the outermost frame first."""
    found: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        found[_category(stack.split(";"))] += int(count)
    total = max(1, found.total())
    return {category: count / total for category, count in found.most_common()}


def _category(frames: list[str]) -> str:
    for frame in reversed(frames):
        for category, patterns in CATEGORIES.items():
            if any(mark in frame for mark in patterns):
                return category
    return OTHER
