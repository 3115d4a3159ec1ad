"""Uvicorn for the baselines: its fastest options, and no feature that they do not use."""

import gc
import socket
from typing import Any

import uvicorn

BACKLOG = 4096

LEAN: dict[str, Any] = {
    "loop": "uvloop",
    "http": "httptools",
    "ws": "websockets-sansio",
    "ws_per_message_deflate": False,
    "lifespan": "off",
    "access_log": False,
    "log_level": "warning",
    "proxy_headers": False,
    "server_header": False,
    "date_header": False,
    "timeout_graceful_shutdown": 2,
}


class ReadyServer(uvicorn.Server):
    """Prints `ready` once it accepts connections, and exempts startup objects from collection."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        print("ready", flush=True)
