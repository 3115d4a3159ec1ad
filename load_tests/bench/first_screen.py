"""A guest's first visit on slow 3G in Chromium, with the packaged pages and with the sources.

`tests/e2e/web/first-screen.mjs` is the visitor, `slow-network.mjs` the network.
"""

import json
import os
import shutil
import statistics
import subprocess
from typing import Any

from gateway.http.pages import PACKAGE
from load_tests.bench.servers import ROOT, Server, product, token

RUNS = 7


def first_screen() -> dict[str, Any]:
    """`packaged` and `sources`, each with `requests`, `bytes`, and milliseconds as `median_ms` and
    `worst_ms`."""
    subprocess.run(["make", "-s", "pages"], cwd=ROOT, check=True)
    with product() as server:
        packaged = _visits(server)
    shutil.rmtree(PACKAGE)
    with product() as server:
        return {"packaged": packaged, "sources": _visits(server)}


def _visits(server: Server) -> dict[str, Any]:
    done = subprocess.run(
        ["node", "tests/e2e/web/first-screen.mjs", str(RUNS)],
        cwd=ROOT,
        env=os.environ
        | {
            "RESTAURANT_QR_TEST_URL": f"http://127.0.0.1:{server.port}",
            "RESTAURANT_QR_TEST_TOKEN": token(),
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    visits = json.loads(done.stdout)
    milliseconds = [visit["milliseconds"] for visit in visits]
    return {
        "requests": max(visit["requests"] for visit in visits),
        "bytes": max(visit["bytes"] for visit in visits),
        "median_ms": statistics.median(milliseconds),
        "worst_ms": max(milliseconds),
    }
