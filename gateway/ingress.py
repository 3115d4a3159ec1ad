"""What stands between Ray Serve's HTTP server and the gateway's application.

Serve imports `middlewares` in each replica, by `RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`, and
puts them around its own request handling. Nothing of the gateway itself belongs here.
"""

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import WS_PROTOCOLS

DIRECT = ((b"x-request-disconnect-disabled", b"?1"), (b"x-request-timeout-seconds", b"-1"))
"""Serve's own switches: hand the socket to the application itself, and without a time limit."""

_SWITCHES = frozenset(name for name, _ in DIRECT)

_READ = frozenset({
    b"authorization", b"host", b"origin", b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip",
    b"traceparent", b"tracestate", b"x-request-id",
})  # fmt: skip
"""Of a handshake's headers, those that Serve or the gateway reads. The others would be held for as
long as the socket lasts, and looked through by each of the layers in between."""


class DirectSockets:
    """Gives the application the WebSocket itself, so that reading slowly slows its sender down.

    Otherwise Serve reads each socket into an unbounded queue, as fast as the client sends. The
    application must then always have a `receive()` under way to see that its client has gone. A
    client's own values of the switches are dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [header for header in scope["headers"] if header[0] not in _SWITCHES]
            scope = {**scope, "headers": headers}
        elif scope["type"] == "websocket":
            # In the scope itself: uvicorn holds it as long as the socket lasts, a copy or not.
            scope["headers"] = [each for each in scope["headers"] if each[0] in _READ] + [*DIRECT]
        await self._app(scope, receive, send)


def middlewares() -> list[Middleware]:
    """What Serve wraps around every replica's application, outermost last.

    It is asked for before the server is made, and says here which sockets that is to have: Serve
    itself has no setting for it.
    """
    WS_PROTOCOLS["auto"] = "gateway.uvicorn_socket:UvicornSocket"
    return [Middleware(DirectSockets)]
