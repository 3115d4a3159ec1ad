"""The HTTP API: requests made into commands, replies made into JSON."""

import asyncio
import logging
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.messages import Done, Read, View
from gateway.door import Door, json
from gateway.identity import Principal
from gateway.links import Links
from gateway.parsing import parse_id
from gateway.policy import COMMANDS, READS, may_do, may_read, may_see_records
from gateway.prepare import Preparation
from gateway.requests import Requests
from gateway.routes import ACTS, LONGEST_PAGE, LOOKS, PAGE, RECORDS, Act, Look, Record
from gateway.shown import shown_once
from protocol import commands as c
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import CHANNELS, Address, Channel, Kind
from protocol.values import format_money
from storage.store import Store

log = logging.getLogger(__name__)

AMOUNTS = frozenset({"amount", "balance", "paid", "price", "refunded", "total", "unit_price"})
"""Fields of stored events that are minor units."""
AT_ONCE = 20
"""Restaurants asked at the same time for a list of them."""


class Http:
    """All of `/api`."""

    def __init__(
        self,
        door: Door,
        preparation: Preparation,
        links: Links,
        requests: Requests,
        store: Store,
    ) -> None:
        self._door = door
        self._preparation = preparation
        self._links = links
        self._requests = requests
        self._store = store

    def routes(self) -> list[Route]:
        """One route a path and method; unknown ones answer in the protocol's form."""
        routes = [
            Route("/restaurants", self._door.guard(self._list_restaurants), methods=["GET"]),
            Route("/restaurants", self._door.guard(self._create_restaurant), methods=["POST"]),
        ]
        for act in ACTS:
            routes.append(
                Route(act.path, self._door.guard(partial(self._act, act)), methods=[act.method])
            )
        for look in LOOKS:
            routes.append(
                Route(look.path, self._door.guard(partial(self._look, look)), methods=["GET"])
            )
        for record in RECORDS:
            handler = self._door.guard(partial(self._record, record))
            routes.append(Route(record.path, handler, methods=["GET"]))
        return routes

    # --- commands --------------------------------------------------------------------------------

    async def _act(self, act: Act, request: Request, principal: Principal) -> Response | Rejected:
        params = request.path_params
        known: dict[str, Any] = {
            name: params[param] if name == "call_id" else parse_id(params[param])
            for name, param in act.from_path.items()
        }
        if None in known.values():
            return Rejected(Code.INVALID_MESSAGE, "The ids in the path must be positive integers.")
        target = params["id"] if "id" in params else params["call_id"].partition("-")[0]
        address = await self._door.address(act.to, target, principal)
        if isinstance(address, Rejected):
            return address
        command = await self._door.command(request, act.command, principal, **known)
        if isinstance(command, Rejected):
            return command
        refused = may_do(principal, address, command)
        if refused is not None:
            self._requests.denied(address, command, principal.caller, refused.code)
            return refused
        supplies = await self._preparation.supplies(address, command)
        if isinstance(supplies, Rejected):
            return supplies
        done = await self._requests.submit(
            address, command, principal.caller, supplies, None if act.creates else act.view
        )
        if isinstance(done, Rejected):
            return done
        if act.creates is not None:
            return await self._created(act.creates, address, done)
        data = orjson.loads(done.view)["data"] if done.view is not None else None
        return json(_result(done, data))

    async def _created(self, kind: Kind, parent: Address, done: Done) -> Response | Rejected:
        created = Address(kind, done.result[f"{kind.value}_id"], parent.restaurant)
        reply = await self._links.when_it_exists(Read(created, CHANNELS[kind][0]))
        if not isinstance(reply, View):
            return reply if isinstance(reply, Rejected) else UNAVAILABLE
        place = {"Location": f"/api/{kind.value}s/{created.id}"}
        return json(_result(done, orjson.loads(reply.frame)["data"]), 201, place)

    async def _create_restaurant(
        self, request: Request, principal: Principal
    ) -> Response | Rejected:
        command = await self._door.command(request, c.CreateRestaurant, principal)
        if isinstance(command, Rejected):
            return command
        of_one = principal.restaurant_id is not None
        if of_one or c.CreateRestaurant not in COMMANDS[principal.role]:
            log.warning(
                "a restaurant was not created: its caller is no admin of the chain",
                extra={"by": principal.caller.subject, "of_restaurant": principal.restaurant_id},
            )
            return Rejected(Code.FORBIDDEN, "Restaurants are created by an admin of the chain.")
        address = await self._preparation.new_restaurant(principal.caller, command.request_id)
        done = await self._requests.submit(address, command, principal.caller)
        if isinstance(done, Rejected):
            return done
        return await self._created(Kind.RESTAURANT, address, done)

    # --- reads -----------------------------------------------------------------------------------

    async def _look(
        self, look: Look, request: Request, principal: Principal
    ) -> Response | Rejected:
        address = await self._door.address(look.to, request.path_params["id"], principal)
        if isinstance(address, Rejected):
            return address
        refused = may_read(principal, address, look.view)
        if refused is not None:
            return self._requests.unseen(look.view.value, address, principal.caller, refused)
        reply = await self._links.when_it_exists(Read(address, look.view))
        if isinstance(reply, View):
            shown = shown_once(principal, look.view, reply.frame)
            if isinstance(shown, Rejected):
                return shown
            return Response(shown, media_type="application/json")
        return reply if isinstance(reply, Rejected) else UNAVAILABLE

    async def _record(
        self, record: Record, request: Request, principal: Principal
    ) -> Response | Rejected:
        address = await self._door.address(record.of, request.path_params["id"], principal)
        if isinstance(address, Rejected):
            return address
        refused = may_see_records(principal, address)
        if refused is not None:
            what = "audit" if record.is_audit else "history"
            return self._requests.unseen(what, address, principal.caller, refused)
        page = _page(request, "before")
        if isinstance(page, Rejected):
            return page
        limit, before = page
        read = self._store.audit if record.is_audit else self._store.history
        found = await read(address, limit=limit, before=before)
        events = [{"position": at, **with_money(orjson.loads(raw))} for at, raw in found]
        return json({"data": events})

    async def _list_restaurants(
        self, request: Request, principal: Principal
    ) -> Response | Rejected:
        page = _page(request, "after")
        if isinstance(page, Rejected):
            return page
        if Channel.RESTAURANT not in READS[principal.role]:
            return Rejected(Code.FORBIDDEN, "This is for staff.")
        limit, after = page
        ids = [id_ for id_ in await self._restaurants_of(principal) if id_ > (after or 0)]
        room = asyncio.Semaphore(AT_ONCE)

        async def status(id_: int) -> Any:
            async with room:
                address = Address(Kind.RESTAURANT, id_, id_)
                return await self._links.send(Read(address, Channel.RESTAURANT))

        replies = await asyncio.gather(*(status(id_) for id_ in ids[:limit]))
        shown = [
            shown_once(principal, Channel.RESTAURANT, reply.frame)
            for reply in replies
            if isinstance(reply, View)
        ]
        data = [orjson.loads(frame)["data"] for frame in shown if isinstance(frame, bytes)]
        return json({"data": data})

    async def _restaurants_of(self, principal: Principal) -> list[int]:
        """The restaurants that a principal may see. Only callers of the whole chain need to read
        the whole directory."""
        own = principal.restaurant_id
        if own is None:
            return await self._store.restaurants()
        return [] if await self._preparation.address(Kind.RESTAURANT, own) is None else [own]


def with_money(value: Any) -> Any:
    """Stored events with their amounts as the wire has money."""
    if isinstance(value, dict):
        return {
            name: format_money(each)
            if name in AMOUNTS and isinstance(each, int)
            else with_money(each)
            for name, each in value.items()
        }
    return [with_money(each) for each in value] if isinstance(value, list) else value


def _result(done: Done, data: Any) -> dict[str, Any]:
    return {"changed": done.changed, "version": done.version, **done.result, "data": data}


def _page(request: Request, position: str) -> tuple[int, int | None] | Rejected:
    """`limit`, and the position that a page begins at."""
    numbers = {}
    for name in ("limit", position):
        text = request.query_params.get(name)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) <= 15):
            return Rejected(Code.INVALID_MESSAGE, f"{name} is a whole number.")
        numbers[name] = None if text is None else int(text)
    limit = numbers["limit"] or PAGE
    return min(limit, LONGEST_PAGE), numbers[position]
