"""One worker of the peer: uvicorn with the Channels application, on the shared port."""

import argparse
import gc
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

from load_tests.bench.peer.consumers import ROUTES, Channel
from load_tests.bench.peer.http import Http
from load_tests.bench.peer.layer import layers
from load_tests.bench.peer.store import Database

BACKLOG = 4096


class _Server(uvicorn.Server):
    """Says when it answers, and leaves what was made until then to no garbage collection."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        print("ready", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    settings.configure(CHANNEL_LAYERS=layers(given.redis))
    Channel.db = Http.db = Database(given.data)
    application: Any = ProtocolTypeRouter({"http": Http.as_asgi(), "websocket": URLRouter(ROUTES)})
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
    )
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", given.port))
    listener.listen(BACKLOG)
    with suppress(KeyboardInterrupt):
        _Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
