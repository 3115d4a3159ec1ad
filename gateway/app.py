"""The gateway as an ASGI application: its parts put together, started and ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.sweep import Sweep
from actors.transport import Hosts
from actors.whereabouts import Whereabouts
from gateway.codes import device_codes, table_codes
from gateway.devices import StaffDevices
from gateway.door import Door, refusal
from gateway.feeds import Feeds
from gateway.gauges import Gauges
from gateway.health import Health
from gateway.http import Http
from gateway.identity import Identity
from gateway.introductions import Introductions
from gateway.isolation import Isolation
from gateway.joining import Joining
from gateway.links import Links
from gateway.metrics import HTTP
from gateway.origins import NamedPages, Origins, PageHeaders
from gateway.pages import WEB, Pages
from gateway.prepare import Preparation
from gateway.qr import QrCodes
from gateway.reach import Reach
from gateway.reference import api_routes, document_routes
from gateway.requests import Requests
from gateway.settings import GatewaySettings
from gateway.sockets import Sockets
from gateway.token_register import Issuer, TokenRegister
from gateway.tokens import Tokens
from protocol.errors import ERRORS, UNAVAILABLE, Code, Rejected
from storage.store import Store


def build(
    hosts: Hosts,
    whereabouts: Whereabouts,
    store: Store,
    settings: GatewaySettings,
    gateway_id: str,
    pages_folder: Path = WEB,
) -> ASGIApp:
    """One gateway; `gateway_id` is its name in subscriber lists, unique among all that ever ran."""
    keys = settings.keys
    register = TokenRegister(store)
    identity = Identity(
        keys.tokens, register, open_door=settings.open_door, provider=settings.provider
    )
    links = Links(hosts, whereabouts, gateway_id)
    origins = Origins(settings.allowed_origins, open_door=settings.open_door)
    feeds = Feeds(hosts, whereabouts, links, gateway_id, settings.limits.max_subscribers)
    preparation = Preparation(store, links, whereabouts, settings.limits.max_items)
    requests = Requests(links)
    isolation = Isolation(store, whereabouts)
    reach = Reach(preparation, links, requests)
    sockets = Sockets(
        settings,
        identity,
        register,
        reach,
        preparation,
        links,
        feeds,
        requests,
        origins,
        isolation,
    )
    door = Door(settings, identity, reach, links, isolation)
    issuer = Issuer(keys.tokens[0], register)
    codes = table_codes(keys.codes, lambda: register.credentials.code_epoch)
    api = [
        *Joining(issuer, codes, door, preparation, requests, store).routes(),
        *QrCodes(codes, door, requests, settings.public_url).routes(),
        *StaffDevices(
            issuer,
            device_codes(keys.tokens, lambda: register.credentials.token_epoch),
            door,
            links,
            requests,
            settings.public_url,
        ).routes(),
        *Tokens(keys.tokens[0], door, register, store).routes(),
        *Http(door, preparation, links, requests, store).routes(),
        *api_routes(),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        running = [
            asyncio.create_task(each)
            for each in (
                whereabouts.run(),
                Sweep(store, hosts, whereabouts, gateway_id).run(),
                register.run(),
                identity.run(),
                isolation.run(sockets.send_away),
                Introductions(hosts, whereabouts).run(),
                Gauges(links, whereabouts, store, settings.limits).run(),
            )
        ]
        yield
        for task in running:
            task.cancel()
        await sockets.close()
        await feeds.close()
        await links.close()
        await store.close()

    pages = Starlette(
        routes=[
            Route("/healthz", Health(store, hosts, whereabouts).answer),
            *document_routes(),
            # A redirect would send `?token=…` on, in an address that is not the load balancer's.
            Mount("/api", Router(api, redirect_slashes=False)),
            Mount("/", Pages(pages_folder)),
        ],
        middleware=_cross_origin(settings, origins),
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_error, Exception: _failure},
    )
    pages.state.folder = pages_folder
    answers = PageHeaders(pages)  # outside of all: what has failed is answered there, too

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        """Sockets have a way of their own: each opens but once, and they are most of the work."""
        await (sockets if scope["type"] == "websocket" else answers)(scope, receive, send)

    return application


def _cross_origin(settings: GatewaySettings, origins: Origins) -> list[Middleware]:
    """What a web page of another host may do over HTTP: nothing, unless it was named."""
    named = Middleware(
        CORSMiddleware,
        allow_origins=sorted(settings.allowed_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        expose_headers=["Location", "Retry-After"],
        max_age=600,
    )
    guard = Middleware(NamedPages, origins)
    return [named, guard] if settings.allowed_origins else [guard]


async def _http_error(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses, in the protocol's form; a lost person gets a page."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        body = Rejected(Code.UNKNOWN_ACTION, "This path does not take that method.").body()
        return JSONResponse(body, 405, error.headers)
    if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
        return FileResponse(request.app.state.folder / "missing.html", 404)
    if error.status_code == 404:
        return refusal(Rejected(Code.NOT_FOUND, "There is nothing at this path."))
    return refusal(Rejected(Code.INVALID_MESSAGE, str(error.detail)))


async def _failure(request: Request, error: Exception) -> Response:
    HTTP.add(of=str(ERRORS[UNAVAILABLE.code].http_status))
    return refusal(UNAVAILABLE)
