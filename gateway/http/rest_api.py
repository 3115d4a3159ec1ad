"""The HTTP API: turns requests into commands and replies into JSON."""

import asyncio
import logging
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.routing import Route

from domain.redaction import audience
from engine.messages import Read, View
from gateway.admission import Admission
from gateway.auth.policy import Record, may_administer_chain, may_read
from gateway.auth.principal import Principal
from gateway.auth.visibility import admit
from gateway.backend.directory import Directory
from gateway.backend.host_client import HostClient
from gateway.backend.id_allocation import IdAllocator
from gateway.http.conditional import json_response
from gateway.http.requests import INVALID_ID, Answer, ApiRequests, json
from gateway.http.routes import (
    COMMAND_ROUTES,
    DEFAULT_PAGE_SIZE,
    HISTORY_ROUTES,
    MAX_PAGE_SIZE,
    SNAPSHOT_ROUTES,
    CommandRoute,
    HistoryRoute,
    SnapshotRoute,
)
from gateway.parsing import parse_id
from protocol import commands as c
from protocol.codec import data_of
from protocol.errors import Code, Rejected
from protocol.ids import CHANNELS, Address, Channel, Kind
from protocol.values import format_money
from storage.store import Store

log = logging.getLogger(__name__)

MONEY_FIELDS = frozenset({"amount", "balance", "paid", "price", "refunded", "total", "unit_price"})
"""Fields of stored events that are amounts in minor units."""
MAX_CONCURRENT_READS = 20
"""Maximum number of restaurants that are read concurrently for a list."""


class RestApi:
    """The routes of commands, snapshots and history below `/api`."""

    def __init__(
        self,
        api: ApiRequests,
        admission: Admission,
        directory: Directory,
        ids: IdAllocator,
        client: HostClient,
        store: Store,
    ) -> None:
        self._api = api
        self._admission = admission
        self._directory = directory
        self._ids = ids
        self._client = client
        self._store = store

    def routes(self) -> list[Route]:
        """One route for each path and method."""
        route = self._api.route
        return [
            route("GET", "/restaurants", self._list_restaurants),
            route("POST", "/restaurants", self._create_restaurant),
            *(route(e.method, e.path, partial(self._run_command, e)) for e in COMMAND_ROUTES),
            *(route("GET", e.path, partial(self._get_snapshot, e)) for e in SNAPSHOT_ROUTES),
            *(route("GET", e.path, partial(self._get_history, e)) for e in HISTORY_ROUTES),
        ]

    # --- commands --------------------------------------------------------------------------------

    async def _run_command(
        self, route: CommandRoute, request: Request, principal: Principal
    ) -> Answer:
        params = request.path_params
        known: dict[str, Any] = {
            name: params[param] if name == "call_id" else parse_id(params[param])
            for name, param in route.from_path.items()
        }
        if None in known.values():
            return Rejected(Code.INVALID_MESSAGE, "The ids in the path must be positive integers.")
        target = params["id"] if "id" in params else params["call_id"].partition("-")[0]
        id_ = parse_id(target)
        if id_ is None:
            return INVALID_ID
        address = await self._admission.resolve(principal, route.to, id_)
        if isinstance(address, Rejected):
            return address
        command = await self._api.command(request, route.command, principal, **known)
        if isinstance(command, Rejected):
            return command
        is_redacted = audience(principal.role, route.view) is not None
        view = None if command.creates or is_redacted else route.view
        reply = await self._admission.submit(principal, address, command, view)
        separate = route.view if is_redacted else None
        return await self._respond(principal, command, address, reply, separate)

    async def _respond(
        self,
        principal: Principal,
        command: c.Command,
        to: Address,
        reply: asyncio.Future[Any] | Rejected,
        channel: Channel | None = None,
    ) -> Answer:
        """The response to a command: the snapshot of the entity that it created or changed.
        `channel` is set if the host must redact the snapshot for the caller: it is then read
        separately, because a host of an earlier release would return it whole with the result."""
        done = reply if isinstance(reply, Rejected) else await reply
        if isinstance(done, Rejected):
            return done
        frame: bytes | None = done.view
        status, headers, kind = 200, {}, command.creates
        if kind is not None:
            to = Address(kind, done.result[f"{kind.value}_id"], to.restaurant)
            channel = CHANNELS[kind][0]
            status, headers = 201, {"Location": f"/api/{kind.value}s/{to.id}"}
        if channel is not None:
            view = await self._api.read(principal, to, channel)
            if isinstance(view, Rejected):
                return view
            frame = view.frame
        data = None if frame is None else data_of(frame)
        body = {"changed": done.changed, "version": done.version, **done.result, "data": data}
        return json(body, status, headers)

    async def _create_restaurant(self, request: Request, principal: Principal) -> Answer:
        command = await self._api.command(request, c.CreateRestaurant, principal)
        if isinstance(command, Rejected):
            return command
        if not may_administer_chain(principal, c.CreateRestaurant):
            log.warning(
                "restaurant not created: caller is not an administrator of the chain",
                extra={"by": principal.caller.subject, "of_restaurant": principal.restaurant_id},
            )
            return Rejected(Code.FORBIDDEN, "Only administrators of the chain can create one.")
        address = await self._ids.new_restaurant(principal.caller, command.request_id)
        reply = await self._admission.dispatch(principal.caller, address, command)
        return await self._respond(principal, command, address, reply)

    # --- reads -----------------------------------------------------------------------------------

    async def _get_snapshot(
        self, snapshot_route: SnapshotRoute, request: Request, principal: Principal
    ) -> Answer:
        view = snapshot_route.view
        address = await self._api.resolve_readable(request, principal, snapshot_route.to, view)
        if isinstance(address, Rejected):
            return address
        reply = await self._api.read(principal, address, view)
        if isinstance(reply, Rejected):
            return reply
        return await json_response(request, reply.frame)

    async def _get_history(
        self, history_route: HistoryRoute, request: Request, principal: Principal
    ) -> Answer:
        what = Record.AUDIT if history_route.is_audit else Record.HISTORY
        address = await self._api.resolve_readable(request, principal, history_route.of, what)
        if isinstance(address, Rejected):
            return address
        page = _page(request, "before")
        if isinstance(page, Rejected):
            return page
        limit, before = page
        read = self._store.audit if history_route.is_audit else self._store.history
        found = await read(address, limit=limit, before=before)
        events = [{"position": at, **format_amounts(orjson.loads(raw))} for at, raw in found]
        return json({"data": events})

    async def _list_restaurants(self, request: Request, principal: Principal) -> Answer:
        page = _page(request, "after")
        if isinstance(page, Rejected):
            return page
        refused = may_read(principal, Channel.RESTAURANT)
        if refused is not None:
            return refused
        limit, after = page
        ids = [id_ for id_ in await self._restaurants_of(principal) if id_ > (after or 0)]
        semaphore = asyncio.Semaphore(MAX_CONCURRENT_READS)

        async def status(id_: int) -> Any:
            async with semaphore:
                read = Read(Address(Kind.RESTAURANT, id_, id_), Channel.RESTAURANT, principal.role)
                reply = await self._client.send(read)
            if not isinstance(reply, View):
                return reply
            return admit(principal, Channel.RESTAURANT, reply)

        replies = await asyncio.gather(*(status(id_) for id_ in ids[:limit]))
        return json({"data": [data_of(each.frame) for each in replies if isinstance(each, View)]})

    async def _restaurants_of(self, principal: Principal) -> list[int]:
        """The restaurants that a principal may see. Only callers of the whole chain need to read
        the whole directory."""
        own = principal.restaurant_id
        if own is None:
            return await self._store.restaurants()
        return [] if await self._directory.address(Kind.RESTAURANT, own) is None else [own]


def format_amounts(value: Any) -> Any:
    """Stored events with amounts formatted as on the wire."""
    if isinstance(value, dict):
        return {
            name: format_money(each)
            if name in MONEY_FIELDS and isinstance(each, int)
            else format_amounts(each)
            for name, each in value.items()
        }
    return [format_amounts(each) for each in value] if isinstance(value, list) else value


def _page(request: Request, position: str) -> tuple[int, int | None] | Rejected:
    """`limit`, and the position at which the page begins."""
    numbers = {}
    for name in ("limit", position):
        text = request.query_params.get(name)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) <= 15):
            return Rejected(Code.INVALID_MESSAGE, f"{name} must be a whole number.")
        numbers[name] = None if text is None else int(text)
    limit = numbers["limit"] or DEFAULT_PAGE_SIZE
    return min(limit, MAX_PAGE_SIZE), numbers[position]
