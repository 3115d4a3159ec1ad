"""QR codes of tables: what is stuck on each of them, one by one or as a sheet to print."""

import asyncio
import io
from base64 import b64encode
from functools import partial
from html import escape
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.codes import Codes
from gateway.door import Answer, Door, json
from gateway.identity import Principal
from gateway.policy import may_see_codes
from gateway.requests import Requests
from protocol.errors import Rejected
from protocol.ids import Channel, Kind

NOT_KEPT = {"Cache-Control": "no-store"}
_MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


class QrCodes:
    """`/api/tables/{id}/code`, `…/qr.svg`, `…/qr.png` and `/api/restaurants/{id}/qr-sheet`.

    The code stands in the address's fragment, which no server and no log is told. `public_url` is
    where guests reach the service; without one, it is where the request came to.
    """

    def __init__(
        self, codes: Codes, door: Door, requests: Requests, public_url: str | None
    ) -> None:
        self._codes = codes
        self._door = door
        self._requests = requests
        self._public_url = public_url

    def routes(self) -> list[Route]:
        guard = self._door.guard
        return [
            Route("/tables/{id}/code", guard(self._code), methods=["GET"]),
            Route("/tables/{id}/qr.svg", guard(partial(self._image, "svg")), methods=["GET"]),
            Route("/tables/{id}/qr.png", guard(partial(self._image, "png")), methods=["GET"]),
            Route("/restaurants/{id}/qr-sheet", guard(self._sheet), methods=["GET"]),
        ]

    async def _code(self, request: Request, principal: Principal) -> Answer:
        table = await self._table(request, principal)
        if isinstance(table, Rejected):
            return table
        code = self._codes.code(table["table_id"], table["code_version"])
        return json({"table_code": code, "url": self._url(request, code)}, headers=NOT_KEPT)

    async def _image(self, kind: str, request: Request, principal: Principal) -> Answer:
        table = await self._table(request, principal)
        if isinstance(table, Rejected):
            return table
        image = await self._drawn(kind, request, table)
        return Response(image, media_type=_MEDIA[kind], headers=NOT_KEPT)

    async def _sheet(self, request: Request, principal: Principal) -> Answer:
        home = await self._data(Kind.RESTAURANT, Channel.RESTAURANT, request, principal)
        if isinstance(home, Rejected):
            return home
        tables = home["tables"]["list"]
        cards = "".join([await self._card(request, table) for table in tables])
        name = escape(home["name"])
        page = (
            f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{name}</title>"
            f"<link rel='stylesheet' href='/sheet.css'><h1>{name}</h1><main>{cards}</main></html>"
        )
        return HTMLResponse(page, headers=NOT_KEPT)

    async def _card(self, request: Request, table: dict[str, Any]) -> str:
        image = b64encode(await self._drawn("svg", request, table)).decode()
        return (
            f"<figure><img alt='' src='data:image/svg+xml;base64,{image}'>"
            f"<figcaption>{escape(str(table['table_number']))}"
            f"<small>{escape(str(table['zone']))}</small></figcaption></figure>"
        )

    async def _table(self, request: Request, principal: Principal) -> dict[str, Any] | Rejected:
        return await self._data(Kind.TABLE, Channel.TABLE, request, principal)

    async def _data(
        self, kind: Kind, channel: Channel, request: Request, principal: Principal
    ) -> dict[str, Any] | Rejected:
        address = await self._door.address(kind, request.path_params["id"], principal)
        if isinstance(address, Rejected):
            return address
        refused = may_see_codes(principal)
        if refused is not None:
            return self._requests.unseen("code", address, principal.caller, refused)
        return await self._door.look(address, channel)

    async def _drawn(self, kind: str, request: Request, table: dict[str, Any]) -> bytes:
        code = self._codes.code(table["table_id"], table["code_version"])
        return await drawn(kind, self._url(request, code))

    def _url(self, request: Request, code: str) -> str:
        return link(request, self._public_url, f"guest/#join={code}")


async def drawn(kind: str, text: str) -> bytes:
    """A QR code as an image of that kind. Meanwhile the event loop does other things: it takes
    milliseconds, and a sheet has hundreds."""
    return await asyncio.to_thread(_draw, kind, text)


def _draw(kind: str, text: str) -> bytes:
    image = io.BytesIO()
    segno.make(text, error="m", micro=False).save(image, kind=kind, scale=8, border=4)
    return image.getvalue()


def link(request: Request, public_url: str | None, page: str) -> str:
    """The address of one of our pages, with the code in its fragment."""
    base = public_url or str(request.base_url)
    return f"{base.rstrip('/').removesuffix('/api')}/{page}"
