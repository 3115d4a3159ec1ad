"""The interface between the server and the endpoint whose sockets it owns."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from starlette.types import Scope

from gateway.server.frames import FrameWriter, TextFrame
from protocol.errors import CloseCode

Handler = Callable[[str | bytes], Awaitable[None]]
"""Handles one message of a client; the next one is read once it returns."""


class Rejection(NamedTuple):
    """The frames for a client that may not connect: an error, then a close frame. They require an
    accepted handshake, because browsers report no code of a rejected one."""

    frame: TextFrame
    code: CloseCode
    reason: str


class Endpoint(Protocol):
    """The lifecycle of each socket: `authorize`, `open`, `release`. `release` is idempotent. The
    server passes the context on without reading it."""

    def accepted_subprotocol(self, offered: list[str]) -> str | None:
        """The subprotocol to select in the response to a handshake."""

    async def authorize(self, scope: Scope) -> Any | Rejection:
        """The context of a socket that may be accepted."""

    async def open(self, context: Any, writer: FrameWriter) -> Handler | None:
        """Start an accepted socket. Returns the handler of its messages; None if it is closed."""

    def release(self, context: Any) -> None:
        """Release everything that a socket occupies, after its client has gone or was rejected."""
