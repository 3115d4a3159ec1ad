"""A gateway on its own listener, and under plain uvicorn, in front of hosts in the same process and
a real Valkey."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import jwt
import pytest
import uvicorn
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway.app import GatewayApplication, build
from gateway.auth.token_register import TokenRegister
from gateway.settings import GatewaySettings, Keys
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Credentials, Store
from tests.clients import Socket
from tests.eventually import eventually
from tests.gateway import echo_server
from tests.local_hosts import LocalHosts

SECRET = "a secret of the tests that is long enough"
KEYS = Keys((SECRET,), (SECRET,))


class NoTokens:
    """The part of a store that the token register uses, without registered tokens."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def credentials(self) -> Credentials:
        return self._credentials

    async def lists_tokens(self, token_ids: Sequence[int]) -> list[bool]:
        return [False for _ in token_ids]


def empty_register(credentials: Credentials | None = None) -> TokenRegister:
    """Register without tokens, by default of a store that has registered tokens since now."""
    return TokenRegister(cast(Store, NoTokens(credentials or Credentials("", "", time.time()))))


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run tests on the event loop that Ray's workers use."""
    return {"uvloop": uvloop.new_event_loop}


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
    """Token signed with `SECRET`, valid for an hour."""
    return jwt.encode({"role": role, "exp": int(time.time()) + 3600, **claims}, SECRET, "HS256")


@dataclass
class Gateway:
    """A gateway under test, with an HTTP client that is an admin of the chain."""

    port: int
    app: GatewayApplication
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
        response = await self.http.post(f"/api{path}", json=body or {}, **how)
        assert response.status_code < 300, response.text
        return response.json()


_gateways = itertools.count(1)


@asynccontextmanager
async def serving(
    hosts: LocalHosts,
    store: Store,
    settings: GatewaySettings,
    gateway_id: str | None = None,
) -> AsyncIterator[Gateway]:
    gateway_id = gateway_id or f"g{next(_gateways)}"
    network, watcher = (
        hosts.network(gateway_id),
        PlacementWatcher(hosts.placement, hosts.fetch_placement),
    )
    app = build(network, watcher, store, settings, gateway_id)
    # Each placement has one of the two servers: both run all tests.
    served = on_own_listener(app) if hosts.placement.together else on_uvicorn(app)
    headers = {"Authorization": f"Bearer {token('admin')}"}
    async with (
        served as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10) as http,
    ):
        gateway = Gateway(port, app, http)
        yield gateway
        for socket in gateway.open_sockets:
            socket.transport.abort()


@asynccontextmanager
async def on_own_listener(app: GatewayApplication) -> AsyncIterator[int]:
    """Serve as Ray Serve does, which runs the application's lifespan protocol."""
    events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    responses: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    lifespan = asyncio.create_task(app(scope, events.get, responses.put))
    for event in ("startup", "shutdown"):
        await events.put({"type": f"lifespan.{event}"})
        assert await responses.get() == {"type": f"lifespan.{event}.complete"}
        if event == "startup":
            await app.listener.start("127.0.0.1", 0)
            yield app.listener.port
    await lifespan


@asynccontextmanager
async def on_uvicorn(app: GatewayApplication) -> AsyncIterator[int]:
    """Serve on another ASGI server."""
    config = uvicorn.Config(
        app,
        port=0,
        log_level="warning",
        lifespan="on",
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=2**24,
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
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


async def wait_table_free(gateway: Gateway, place: Place) -> None:
    """Wait until the end of the table's session has reached the table."""

    async def is_free() -> bool:
        table = (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]
        return not table["is_occupied"]

    await eventually(is_free)


async def make_place(gateway: Gateway) -> Place:
    created = await gateway.post(
        "/restaurants", {"name": "Trattoria", "currency": "EUR", "timezone": "Europe/Rome"}
    )
    home = created["restaurant_id"]
    items = [{"name": "Soup", "price": "6.50"}, {"name": "Pie", "price": "4.00"}]
    menu = {"categories": [{"name": "Food", "items": items}]}
    assert (await gateway.http.put(f"/api/restaurants/{home}/menu", json=menu)).status_code == 200
    waiter = (await gateway.post(f"/restaurants/{home}/waiters", {"name": "Ada"}))["waiter_id"]
    table = await gateway.post(
        f"/restaurants/{home}/tables",
        {"number": "5", "zone": "A", "seats": 4, "waiter_id": waiter},
    )
    return Place(home, waiter, table["table_id"])


@pytest.fixture
async def echo() -> AsyncIterator[echo_server.EchoServer]:
    echo = echo_server.EchoServer()
    async with echo_server.serving(echo):
        yield echo
