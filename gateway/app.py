"""The gateway as an ASGI application: builds, starts and stops its parts."""

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

from engine.placement_watcher import PlacementWatcher
from engine.streams import Network
from engine.sweep import Sweep
from gateway.admission import Admission
from gateway.auth.authenticator import Authenticator
from gateway.auth.codes import device_codes, table_codes
from gateway.auth.origins import OriginMiddleware, Origins, SecurityHeadersMiddleware
from gateway.auth.revocation import RevocationWatcher
from gateway.auth.token_register import Issuer, TokenRegister
from gateway.auth.visibility import Visibility
from gateway.backend.command_dispatch import CommandDispatcher
from gateway.backend.command_inputs import CommandInputs
from gateway.backend.connectivity import PartitionDetector
from gateway.backend.directory import Directory
from gateway.backend.gauges import Gauges
from gateway.backend.host_client import HostClient
from gateway.backend.id_allocation import IdAllocator
from gateway.backend.subscriptions import SubscriptionHub
from gateway.docs.pages import api_routes, document_routes
from gateway.http.devices import StaffDevices
from gateway.http.health import Health, Liveness
from gateway.http.join_session import JoinSessionApi
from gateway.http.menu_files.api import MenuFiles
from gateway.http.pages import WEB, Pages
from gateway.http.photos import Photos
from gateway.http.qr_codes import QrCodes
from gateway.http.requests import ApiRequests, error_response
from gateway.http.rest_api import RestApi
from gateway.http.tokens import Tokens
from gateway.media.photos import PhotoStore
from gateway.metrics import HTTP_REQUESTS
from gateway.server.listener import Listener
from gateway.settings import GatewaySettings
from gateway.websocket.asgi import AsgiSockets
from gateway.websocket.command_loop import CommandServices
from gateway.websocket.endpoint import WebSocketEndpoint
from protocol.errors import ERRORS, UNAVAILABLE, Code, Rejected
from storage.store import Store


class GatewayApplication:
    """One gateway: an ASGI application, and the `listener` that serves it on a port of its own."""

    def __init__(self, http: ASGIApp, sockets: WebSocketEndpoint, listener: Listener) -> None:
        self._http = http
        self._asgi_sockets = AsgiSockets(sockets)
        self.sockets = sockets
        self.listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_socket = scope["type"] == "websocket"
        await (self._asgi_sockets if is_socket else self._http)(scope, receive, send)


def build(
    network: Network,
    watcher: PlacementWatcher,
    store: Store,
    settings: GatewaySettings,
    gateway_id: str,
    pages_folder: Path = WEB,
) -> GatewayApplication:
    """Build one gateway. `gateway_id` is its name in subscriber lists, and never reused."""
    keys = settings.keys
    register = TokenRegister(store)
    authenticator = Authenticator(
        keys.tokens, register, allow_anonymous=settings.allow_anonymous, provider=settings.provider
    )
    client = HostClient(network, watcher)
    origins = Origins(settings.allowed_origins, allow_anonymous=settings.allow_anonymous)
    hub = SubscriptionHub(client, watcher, gateway_id, settings.limits.max_subscribers)
    directory = Directory(store)
    ids = IdAllocator(store, directory)
    admission = Admission(
        authenticator,
        Visibility(directory, client),
        CommandInputs(directory, ids, client, watcher, settings.limits.max_items),
        CommandDispatcher(client),
        client,
    )
    partition = PartitionDetector(store, watcher)
    sockets = WebSocketEndpoint(
        settings,
        admission,
        RevocationWatcher(register, hub),
        CommandServices(settings.limits, admission, client),
        hub,
        origins,
        partition,
    )
    api = ApiRequests(settings, admission, client, partition)
    issuer = Issuer(keys.tokens[0], register)
    photos = Photos(api, admission, PhotoStore(settings.media_url) if settings.media_url else None)
    codes = table_codes(keys.codes, lambda: register.credentials.code_epoch)
    routes = [
        *JoinSessionApi(issuer, codes, api, admission, directory, store).routes(),
        *QrCodes(codes, api, settings.public_url).routes(),
        *StaffDevices(
            issuer,
            device_codes(keys.tokens, lambda: register.credentials.token_epoch),
            api,
            client,
            settings.public_url,
        ).routes(),
        *photos.routes(),
        *Tokens(keys.tokens[0], api, register, store).routes(),
        *MenuFiles(api, admission, client, settings.limits.bounds).routes(),
        *RestApi(api, admission, directory, ids, client, store).routes(),
        *api_routes(),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        running = [
            asyncio.create_task(each)
            for each in (
                watcher.run(),
                Sweep(store, client.send, gateway_id).run(),
                register.run(),
                authenticator.run(),
                partition.run(sockets.close_all),
                Gauges(client, watcher, store, settings.limits).run(),
            )
        ]
        client.connect_shards()
        yield
        await listener.stop()
        for task in running:
            task.cancel()
        await sockets.close()
        listener.end()
        hub.close()
        client.close()
        await store.close()

    pages = Starlette(
        routes=[
            Route("/healthz", Health(store, client, watcher).answer),
            *document_routes(),
            photos.media_route(),
            # A redirect would send `?token=…` on, in an address that is not the load balancer's.
            Mount("/api", Router(routes, redirect_slashes=False)),
            Mount("/", Pages(pages_folder)),
        ],
        middleware=_cross_origin(settings, origins),
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_error, Exception: _failure},
    )
    pages.state.folder = pages_folder
    # The outermost middleware, so that error responses have the headers, too.
    answers = Liveness(SecurityHeadersMiddleware(pages))

    listener = Listener(answers, sockets, settings.limits)
    return GatewayApplication(answers, sockets, listener)


def _cross_origin(settings: GatewaySettings, origins: Origins) -> list[Middleware]:
    """Middleware that rejects HTTP requests of web pages of other hosts, except allowed origins."""
    named = Middleware(
        CORSMiddleware,
        allow_origins=sorted(settings.allowed_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        expose_headers=["Location", "Retry-After"],
        max_age=600,
    )
    guard = Middleware(OriginMiddleware, origins)
    return [named, guard] if settings.allowed_origins else [guard]


async def _http_error(request: Request, error: Exception) -> Response:
    """Starlette's own errors in the protocol's form; a browser gets a page for a wrong link."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        body = Rejected(Code.UNKNOWN_ACTION, "This path does not support that method.").body()
        return JSONResponse(body, 405, error.headers)
    if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
        return FileResponse(request.app.state.folder / "missing.html", 404)
    if error.status_code == 404:
        return error_response(Rejected(Code.NOT_FOUND, "There is nothing at this path."))
    return error_response(Rejected(Code.INVALID_MESSAGE, str(error.detail)))


async def _failure(request: Request, error: Exception) -> Response:
    HTTP_REQUESTS.add(label_value=str(ERRORS[UNAVAILABLE.code].http_status))
    return error_response(UNAVAILABLE)
