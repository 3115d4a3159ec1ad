"""A gateway under a real uvicorn, in front of hosts in the same process and a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import jwt
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from actors.placement import Mode, Placement
from actors.whereabouts import Whereabouts
from gateway.app import build
from gateway.ingress import DirectSockets
from gateway.settings import GatewaySettings, Keys
from gateway.token_register import TokenRegister
from gateway.uvicorn_socket import UvicornSocket
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Credentials, Store
from tests.clients import Socket
from tests.local_hosts import LocalHosts

SECRET = "a secret of the tests that is long enough"
KEYS = Keys((SECRET,), (SECRET,))


class NoTokens:
    """As much of a store as the register asks, one that lists no token."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def credentials(self) -> Credentials:
        return self._credentials

    async def lists_tokens(self, token_ids: Sequence[int]) -> list[bool]:
        return [False for _ in token_ids]


def empty_register(credentials: Credentials | None = None) -> TokenRegister:
    """By default that of a store which has begun to register tokens just now."""
    begun = credentials or Credentials("", "", time.time())
    return TokenRegister(cast(Store, NoTokens(begun)))


@pytest.fixture(params=[Mode.ENTITY, Mode.SHARD])
def placement(request: pytest.FixtureRequest) -> Placement:
    return Placement(request.param, shards=2)


@pytest.fixture
async def hosts(store: Store, placement: Placement) -> AsyncIterator[LocalHosts]:
    hosts = LocalHosts(store, placement)
    yield hosts
    for name in list(hosts.hosts):
        hosts.kill(name)


def token(role: str, **claims: Any) -> str:
    """A token of the tests' own making, good for an hour."""
    return jwt.encode({"role": role, "exp": int(time.time()) + 3600, **claims}, SECRET, "HS256")


@dataclass
class Gateway:
    """Where a gateway under test is, and how to talk to it."""

    port: int
    server: uvicorn.Server
    http: httpx.AsyncClient
    open_sockets: list[ClientConnection] = field(default_factory=list)

    async def socket(self, path: str, as_: str | None = None, **how: Any) -> Socket:
        protocols = [Subprotocol("bearer"), Subprotocol(as_)] if as_ is not None else None
        socket = await connect(
            f"ws://127.0.0.1:{self.port}/ws/{path}",
            subprotocols=protocols,
            **how,
        )
        self.open_sockets.append(socket)
        return Socket(socket)

    async def post(self, path: str, body: Any = None, **how: Any) -> Any:
        answer = await self.http.post(f"/api{path}", json=body or {}, **how)
        assert answer.status_code < 300, answer.text
        return answer.json()


@asynccontextmanager
async def serving(
    hosts: LocalHosts,
    store: Store,
    settings: GatewaySettings,
    gateway_id: str = "g1",
) -> AsyncIterator[Gateway]:
    app = build(hosts, Whereabouts(hosts.placement, hosts.look), store, settings, gateway_id)
    as_under_serve = hosts.placement.together
    if as_under_serve:
        app = DirectSockets(app)
    config = uvicorn.Config(
        app,
        port=0,
        log_level="warning",
        lifespan="on",
        proxy_headers=False,
        ws=UvicornSocket if as_under_serve else "websockets-sansio",
        ws_max_size=2**24,
        ws_per_message_deflate=False,  # HAProxy does not let clients ask for it
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {token('admin')}"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10
    ) as http:
        gateway = Gateway(port, server, http)
        yield gateway
        for socket in gateway.open_sockets:
            socket.transport.abort()
    server.should_exit = True
    await running


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(KEYS)


@pytest.fixture
async def gateway(
    hosts: LocalHosts, valkey: EmbeddedStore, store: Store, settings: GatewaySettings
) -> AsyncIterator[Gateway]:
    own = open_store(valkey.url, retention_s=3600)
    async with serving(hosts, own, settings) as gateway:
        yield gateway


@dataclass
class Place:
    """A restaurant with a menu of two items, a waiter and a table."""

    restaurant: int
    waiter: int
    table: int


@pytest.fixture
async def place(gateway: Gateway) -> Place:
    return await make_place(gateway)


async def make_place(gateway: Gateway) -> Place:
    made = await gateway.post(
        "/restaurants", {"name": "Trattoria", "currency": "EUR", "timezone": "Europe/Rome"}
    )
    home = made["restaurant_id"]
    items = [{"name": "Soup", "price": "6.50"}, {"name": "Pie", "price": "4.00"}]
    menu = {"categories": [{"name": "Food", "items": items}]}
    assert (await gateway.http.put(f"/api/restaurants/{home}/menu", json=menu)).status_code == 200
    waiter = (await gateway.post(f"/restaurants/{home}/waiters", {"name": "Ada"}))["waiter_id"]
    table = await gateway.post(
        f"/restaurants/{home}/tables",
        {"number": "5", "zone": "A", "seats": 4, "waiter_id": waiter},
    )
    return Place(home, waiter, table["table_id"])
