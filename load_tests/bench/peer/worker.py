"""One worker of the peer: uvicorn with the Channels application, on the shared port."""

import argparse
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import django
import uvicorn
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

from load_tests.bench.lean import BACKLOG, LEAN, ReadyServer
from load_tests.bench.peer import consumers
from load_tests.bench.peer.http import Http
from load_tests.bench.peer.layer import layers
from load_tests.bench.peer.orm.settings import settings_of
from load_tests.bench.peer.store import Database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--orm", action="store_true")
    given = parser.parse_args()
    of_orm = settings_of(given.data) if given.orm else {}
    settings.configure(CHANNEL_LAYERS=layers(given.redis), **of_orm)
    consumers.Channel.db = Http.db = Database(given.data)
    routes = _orm_routes() if given.orm else consumers.ROUTES
    application: Any = ProtocolTypeRouter({"http": Http.as_asgi(), "websocket": URLRouter(routes)})
    config = uvicorn.Config(application, **LEAN)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", given.port))
    listener.listen(BACKLOG)
    with suppress(KeyboardInterrupt):
        ReadyServer(config).run(sockets=[listener])


def _orm_routes() -> list[Any]:
    django.setup()
    from load_tests.bench.peer.orm.consumers import ROUTES  # models need Django set up

    return ROUTES


if __name__ == "__main__":
    main()
