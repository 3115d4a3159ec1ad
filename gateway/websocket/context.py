"""The resources of one socket, which `WebSocketEndpoint` acquires and releases."""

import asyncio
from dataclasses import dataclass, field

from gateway.auth.client_address import ClientAddress
from gateway.auth.principal import ANONYMOUS_PRINCIPAL, Principal
from gateway.websocket.command_loop import CommandLoop
from gateway.websocket.connection import Connection
from gateway.websocket.handshake import ChannelRequest
from protocol.ids import Topic


@dataclass(slots=True, eq=False)
class ConnectionContext:
    """`client` is the address of the client, `quota_key` the key of its limits by principal."""

    client: ClientAddress
    address_key: str | None = None
    quota_key: str | None = None
    is_admitted: bool = False
    is_opening: bool = False
    is_gone: bool = False
    principal: Principal = ANONYMOUS_PRINCIPAL
    requested: ChannelRequest = field(init=False)
    connection: Connection | None = None
    commands: CommandLoop | None = None
    topic: Topic | None = None
    expiry_timer: asyncio.TimerHandle | None = None
