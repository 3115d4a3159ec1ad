"""Parses a handshake: the channel and the id in its path, its query, its subprotocol."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.types import Scope

from gateway.auth.authenticator import SUBPROTOCOL
from gateway.parsing import parse_id
from protocol.errors import Code, Rejected
from protocol.ids import Channel
from restaurant_qr_wire.channels import PATHS

_PATH = re.compile(
    "|".join(f"{path.replace('{id}', f'(?P<{channel}>[^/]+)')}?" for channel, path in PATHS.items())
)
_NO_CHANNEL = Rejected(Code.NOT_FOUND, "There is no such channel.")
_NO_ID = Rejected(Code.INVALID_MESSAGE, "The id in the path must be a positive integer.")
_QUERY = Rejected(Code.INVALID_MESSAGE, "The query takes since, epoch and token, each once.")
_SINCE = Rejected(Code.INVALID_MESSAGE, "since must be the seq of the last received event.")
_EPOCH = Rejected(Code.INVALID_MESSAGE, "epoch must be that of the last snapshot.")


class Query(NamedTuple):
    """The position to resume from, and a token."""

    epoch: str | None
    since: int | None
    token: str | None


class ChannelRequest(NamedTuple):
    """The channel that a handshake is for, and the id of its entity."""

    channel: Channel
    id: int
    query: Query


def parse_handshake(scope: Scope) -> ChannelRequest | Rejected:
    """The channel that an ASGI scope requests, or why there is none."""
    found = _PATH.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
    if found is None or found.lastgroup is None:
        return _NO_CHANNEL
    id_ = parse_id(found[found.lastgroup])
    if id_ is None:
        return _NO_ID
    query = parse_query(scope["query_string"])
    if isinstance(query, Rejected):
        return query
    return ChannelRequest(Channel(found.lastgroup), id_, query)


def parse_query(query: bytes) -> Query | Rejected:
    """Parse `since`, `epoch` and `token`, each at most once; anything else is refused."""
    if not query:
        return Query(None, None, None)
    given: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in ("since", "epoch", "token") or name in given:
            return _QUERY
        given[name] = value
    since = given.get("since")
    epoch = given.get("epoch")
    if since is not None and not (since.isascii() and since.isdigit() and len(since) <= 16):
        return _SINCE
    if epoch is not None and not 0 < len(epoch) <= 64:
        return _EPOCH
    return Query(epoch, None if since is None else int(since), given.get("token"))


def authorization(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            return value.decode("latin-1")
    return None


def accepted_subprotocol(offered: list[str]) -> str | None:
    """The subprotocol to select. A browser that offered some closes the socket, without reporting a
    close code, if none is selected."""
    return SUBPROTOCOL if SUBPROTOCOL in offered[:1] else None
