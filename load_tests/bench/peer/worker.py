"""One worker of the peer: uvicorn with the Channels application, on the shared port."""

import argparse
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

from load_tests.bench.lean import BACKLOG, LEAN, ReadyServer
from load_tests.bench.peer.consumers import ROUTES, Channel
from load_tests.bench.peer.http import Http
from load_tests.bench.peer.layer import layers
from load_tests.bench.peer.store import Database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    settings.configure(CHANNEL_LAYERS=layers(given.redis))
    Channel.db = Http.db = Database(given.data)
    application: Any = ProtocolTypeRouter({"http": Http.as_asgi(), "websocket": URLRouter(ROUTES)})
    config = uvicorn.Config(application, **LEAN)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", given.port))
    listener.listen(BACKLOG)
    with suppress(KeyboardInterrupt):
        ReadyServer(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
