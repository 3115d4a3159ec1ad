"""QR codes of tables, one by one or as a sheet to print."""

import asyncio
import io
from base64 import b64encode
from functools import partial
from html import escape

import segno
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from domain.codes import CodeValues, TableCode
from engine.messages import ReadCodes
from gateway.auth.codes import CodeSigner
from gateway.auth.policy import Record
from gateway.auth.principal import Principal
from gateway.http.requests import Answer, ApiRequests, json
from protocol.errors import Rejected
from protocol.ids import Kind

NO_STORE = {"Cache-Control": "no-store"}
_MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


class QrCodes:
    """`/api/tables/{id}/code`, `…/qr.svg`, `…/qr.png` and `/api/restaurants/{id}/qr-sheet`.

    The code is in the URL's fragment, which browsers do not send to servers. `public_url` is the
    service's public address; by default that of the request.
    """

    def __init__(self, codes: CodeSigner, api: ApiRequests, public_url: str | None) -> None:
        self._codes = codes
        self._api = api
        self._public_url = public_url

    def routes(self) -> list[Route]:
        route = self._api.route
        return [
            route("GET", "/tables/{id}/code", self._code),
            route("GET", "/tables/{id}/qr.svg", partial(self._image, "svg")),
            route("GET", "/tables/{id}/qr.png", partial(self._image, "png")),
            route("GET", "/restaurants/{id}/qr-sheet", self._sheet),
        ]

    async def _code(self, request: Request, principal: Principal) -> Answer:
        table = await self._table(request, principal)
        if isinstance(table, Rejected):
            return table
        code = self._codes.sign(table.table_id, table.version)
        return json({"table_code": code, "url": self._url(request, code)}, headers=NO_STORE)

    async def _image(self, kind: str, request: Request, principal: Principal) -> Answer:
        table = await self._table(request, principal)
        if isinstance(table, Rejected):
            return table
        image = await self._render(kind, request, table)
        return Response(image, media_type=_MEDIA[kind], headers=NO_STORE)

    async def _sheet(self, request: Request, principal: Principal) -> Answer:
        codes = await self._read_codes(Kind.RESTAURANT, request, principal)
        if isinstance(codes, Rejected):
            return codes
        cards = "".join([await self._card(request, table) for table in codes.tables])
        name = escape(codes.restaurant_name)
        page = (
            f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{name}</title>"
            f"<link rel='stylesheet' href='/sheet.css'><h1>{name}</h1><main>{cards}</main></html>"
        )
        return HTMLResponse(page, headers=NO_STORE)

    async def _card(self, request: Request, table: TableCode) -> str:
        image = b64encode(await self._render("svg", request, table)).decode()
        return (
            f"<figure><img alt='' src='data:image/svg+xml;base64,{image}'>"
            f"<figcaption>{escape(table.number)}"
            f"<small>{escape(table.zone)}</small></figcaption></figure>"
        )

    async def _table(self, request: Request, principal: Principal) -> TableCode | Rejected:
        codes = await self._read_codes(Kind.TABLE, request, principal)
        return codes if isinstance(codes, Rejected) else codes.tables[0]

    async def _read_codes(
        self, kind: Kind, request: Request, principal: Principal
    ) -> CodeValues | Rejected:
        address = await self._api.resolve_readable(request, principal, kind, Record.TABLE_CODE)
        if isinstance(address, Rejected):
            return address
        return await self._api.query(ReadCodes(address), CodeValues)

    async def _render(self, kind: str, request: Request, table: TableCode) -> bytes:
        code = self._codes.sign(table.table_id, table.version)
        return await render_qr(kind, self._url(request, code))

    def _url(self, request: Request, code: str) -> str:
        return page_url(request, self._public_url, f"guest/#join={code}")


async def render_qr(kind: str, text: str) -> bytes:
    """A QR code as an image of that kind. Drawn in a thread, because it takes milliseconds and a
    sheet has hundreds."""
    return await asyncio.to_thread(_draw, kind, text)


def _draw(kind: str, text: str) -> bytes:
    image = io.BytesIO()
    segno.make(text, error="m", micro=False).save(image, kind=kind, scale=8, border=4)
    return image.getvalue()


def page_url(request: Request, public_url: str | None, page: str) -> str:
    """The URL of one of the service's pages, with the code in its fragment."""
    base = public_url or str(request.base_url)
    return f"{base.rstrip('/').removesuffix('/api')}/{page}"
