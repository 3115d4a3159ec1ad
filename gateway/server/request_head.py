"""Parses the head of a request far enough to recognise WebSocket handshakes.

uvicorn validates heads without an upgrade. Upgrade heads are validated here, because picows gets a
head that this server wrote.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from starlette.types import Scope

MAX_HEAD_BYTES = 16 * 1024
HEAD_TIMEOUT_S = 10.0
"""How long a client has to send the head of a request."""

Headers = list[tuple[bytes, bytes]]

_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)
_HEADERS = re.compile(rb"(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*")
_TARGET = re.compile(rb"/[\x21-\x7e]*")
_KEY = re.compile(rb"[0-9A-Za-z+/]{21}[AQgw]==")
"""A valid Sec-WebSocket-Key: 16 bytes in base64."""
_ONCE = (b"host", b"sec-websocket-key", b"sec-websocket-version")


class BadHead(Exception):
    """An invalid handshake, and the HTTP status to answer with."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Handshake(NamedTuple):
    """A valid request for a WebSocket."""

    target: bytes
    headers: Headers
    key: bytes
    subprotocols: list[str]

    def scope(self, client: tuple[str, int] | None) -> Scope:
        """An ASGI scope with the fields that the endpoint reads."""
        path, _, query = self.target.partition(b"?")
        return {
            "type": "websocket",
            "path": unquote(path.decode()),
            "query_string": query,
            "headers": self.headers,
            "client": client,
            "subprotocols": self.subprotocols,
        }


def read_handshake(head: bytes) -> Handshake | None:
    """The handshake in a head; None if it is an ordinary request. The head must not end with a
    blank line. Raises BadHead if it requests a WebSocket and is not valid."""
    if _UPGRADE.search(head) is None:
        return None
    first, end, lines = head.partition(b"\r\n")
    if _HEADERS.fullmatch(end + lines) is None:
        raise BadHead(400, "A header is malformed.")
    headers = [_header(line) for line in lines.split(b"\r\n")]
    if b"websocket" not in _tokens(headers, b"upgrade"):
        return None
    if b"upgrade" not in _tokens(headers, b"connection"):
        return None
    return _valid(first, headers)


def switching_protocols(accept: bytes, subprotocol: str | None) -> bytes:
    """The response to a valid handshake, with this value of Sec-WebSocket-Accept."""
    chosen = "" if subprotocol is None else f"Sec-WebSocket-Protocol: {subprotocol}\r\n"
    return _SWITCHING % (accept, chosen.encode())


_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %b\r\n%b\r\n"
)


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.lower(), value.strip(b" \t")


def _tokens(headers: Headers, wanted: bytes) -> set[bytes]:
    """The tokens of a list, which may be in several headers, in lower case."""
    values = (value for name, value in headers if name == wanted)
    return {token.strip(b" \t").lower() for value in values for token in value.split(b",")}


def _valid(first: bytes, headers: Headers) -> Handshake:
    method, _, rest = first.partition(b" ")
    target, _, version = rest.partition(b" ")
    if method != b"GET":
        raise BadHead(405, "Open WebSockets with GET.")
    if version != b"HTTP/1.1" or _TARGET.fullmatch(target) is None:
        raise BadHead(400, "The request line is malformed.")
    given = dict.fromkeys(_ONCE, b"")
    for name, value in headers:
        if given.get(name):
            raise BadHead(400, f"Duplicate {name.decode()} header.")
        if name in given:
            given[name] = value
        elif name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0")):
            raise BadHead(400, "A WebSocket handshake must not have a body.")
    if not given[b"host"]:
        raise BadHead(400, "Missing Host header.")
    if given[b"sec-websocket-version"] != b"13":
        raise BadHead(426, "Unsupported Sec-WebSocket-Version: use 13.")
    if _KEY.fullmatch(given[b"sec-websocket-key"]) is None:
        raise BadHead(400, "Sec-WebSocket-Key must be 16 bytes in base64.")
    return Handshake(target, headers, given[b"sec-websocket-key"], _subprotocols(headers))


def _subprotocols(headers: Headers) -> list[str]:
    return [
        offered.strip()
        for name, value in headers
        if name == b"sec-websocket-protocol"
        for offered in value.decode("latin-1").split(",")
    ]
