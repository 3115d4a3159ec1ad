"""The stack: the limit's application on Ray Serve behind HAProxy, where the product is, too.

Its environment is that of the product, less what the product itself has Serve load; `servers.stack`
sets it. Nothing of the product runs here.

    python -m load_tests.bench.stack --port 9502 --data /tmp/stack
"""

import argparse
import gc
import logging
import os
import threading
from contextlib import suppress
from typing import Any

import ray
from ray import serve
from ray.serve.config import HTTPOptions
from starlette.applications import Starlette

from load_tests.bench.limit import application
from scripts.local_cluster import OBJECT_STORE_BYTES, answers_directly


def _app() -> Starlette:
    gc.collect()
    gc.freeze()
    return application()


@serve.deployment(max_ongoing_requests=20_000)
@serve.ingress(_app)
class Stack:
    """One replica, as the product has here."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", required=True)
    given = parser.parse_args()
    os.environ.pop("RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH", None)
    ray.init(
        address="local",
        include_dashboard=True,
        dashboard_host="127.0.0.1",
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _temp_dir=given.data,
    )
    try:
        serve.start(
            proxy_location="HeadOnly", http_options=HTTPOptions(host="127.0.0.1", port=given.port)
        )
        stack: Any = Stack  # a Deployment by now
        serve.run(stack.bind(), name="stack")
        while not answers_directly(f"http://127.0.0.1:{given.port}"):
            threading.Event().wait(0.1)
        print("ready", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    finally:
        serve.shutdown()
        ray.shutdown()


if __name__ == "__main__":
    main()
