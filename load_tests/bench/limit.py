"""The limit: Starlette on one uvicorn process that only loops over its sockets.

`/ws/echo` sends a text frame back; `/ws/broadcast` sends it to all of its sockets.

    python -m load_tests.bench.limit --port 9501
"""

import argparse
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from load_tests.bench.lean import BACKLOG, LEAN, ReadyServer

_sockets: dict[WebSocket, Send] = {}


async def healthz(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


async def broadcast(websocket: WebSocket) -> None:
    """Send one message to all, without a task each and below Starlette's own state checks."""
    await websocket.accept()
    _sockets[websocket] = websocket._send
    try:
        while True:
            message: Message = {"type": "websocket.send", "text": await websocket.receive_text()}
            for each, send in list(_sockets.items()):
                try:
                    await send(message)
                except OSError:  # closed; its own coroutine is about to end
                    _sockets.pop(each, None)
    except WebSocketDisconnect:
        return
    finally:
        _sockets.pop(websocket, None)


def application() -> Starlette:
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            *(WebSocketRoute(f"/ws/echo{slash}", echo) for slash in ("", "/")),
            *(WebSocketRoute(f"/ws/broadcast{slash}", broadcast) for slash in ("", "/")),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    config = uvicorn.Config(application(), port=parser.parse_args().port, backlog=BACKLOG, **LEAN)
    with suppress(KeyboardInterrupt):
        ReadyServer(config).run()


if __name__ == "__main__":
    main()
