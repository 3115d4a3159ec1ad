"""`GET /api/restaurants/{id}/menu/export` and `POST …/menu/import`, for managers."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.menu.state import MenuContent
from domain.menu.wrong_row import WrongRow
from domain.messages import ExportMenu
from engine.messages import Done, Submit
from gateway.admission import Admission
from gateway.auth.policy import Record, may_do
from gateway.auth.principal import Principal
from gateway.backend.host_client import HostClient
from gateway.http.menu_files.csv_format import read_csv, write_csv
from gateway.http.menu_files.json_format import MAX_VALUES, read_json, write_json
from gateway.http.menu_files.rows import MenuRows
from gateway.http.qr_codes import NO_STORE
from gateway.http.requests import INVALID_ID, Answer, ApiRequests, idempotency_key, json
from gateway.parsing import parse_id
from protocol import commands as c
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from protocol.limits import MessageLimits

CSV, JSON = "csv", "json"
_MEDIA = {CSV: "text/csv", JSON: "application/json"}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "format": (JSON, CSV),
    "decimal": ("point", "comma"),
    "dry_run": ("false", "true"),
    "replace": ("false", "true"),
}
"""The values of each parameter; the first is the default."""


class MenuFiles:
    """The routes of menu files. Files are read in a thread, one at a time."""

    def __init__(
        self, api: ApiRequests, admission: Admission, client: HostClient, limits: MessageLimits
    ) -> None:
        self._api = api
        self._admission = admission
        self._client = client
        self._limits = replace(limits, max_values=MAX_VALUES)
        self._reading = asyncio.Lock()

    def routes(self) -> list[Route]:
        route = self._api.route
        return [
            route("GET", "/restaurants/{id}/menu/export", self._export),
            route("POST", "/restaurants/{id}/menu/import", self._import),
        ]

    # --- export ----------------------------------------------------------------------------------

    async def _export(self, request: Request, principal: Principal) -> Answer:
        address = await self._api.resolve_readable(request, principal, Kind.MENU, Record.MENU_FILE)
        if isinstance(address, Rejected):
            return address
        chosen = _chosen(request, "format", "decimal")
        if isinstance(chosen, Rejected):
            return chosen
        message = Submit(address, ExportMenu(), principal.caller)
        reply = await self._client.send_until_created(message)
        if not isinstance(reply, Done):
            return reply if isinstance(reply, Rejected) else UNAVAILABLE
        content = msgspec.convert(reply.result["content"], MenuContent)
        write = write_json
        if chosen["format"] == CSV:
            write = partial(write_csv, decimal_comma=chosen["decimal"] == "comma")
        body = await asyncio.to_thread(write, content)
        name = f"menu-{address.restaurant}.{chosen['format']}"
        headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, headers=headers, media_type=_MEDIA[chosen["format"]])

    # --- import ----------------------------------------------------------------------------------

    async def _import(self, request: Request, principal: Principal) -> Answer:
        id_ = parse_id(request.path_params["id"])
        if id_ is None:
            return INVALID_ID
        address = await self._admission.resolve(principal, Kind.MENU, id_)
        if isinstance(address, Rejected):
            return address
        command = _command(request)
        if isinstance(command, Rejected):
            return command
        refused = may_do(principal, command)  # before the file is received
        if refused is not None:
            return self._admission.audit_denial(address, command, principal.caller, refused)
        data = await self._api.menu_file(request, principal)
        if isinstance(data, Rejected):
            return data
        try:
            rows = await self._read(request, data)
        except WrongRow as error:
            return _wrong([error.row])
        command = replace(
            command,
            items=tuple(rows.items),
            categories=tuple(rows.categories),
            option_groups=None if rows.option_groups is None else tuple(rows.option_groups),
            expected_version=command.expected_version
            if rows.expected_version is None
            else rows.expected_version,
        )
        return await self._submit(principal, address, command, rows.wrong)

    async def _read(self, request: Request, data: bytes) -> MenuRows:
        async with self._reading:
            if request.query_params.get("format", JSON) == CSV:
                return await asyncio.to_thread(read_csv, data)
            return await asyncio.to_thread(read_json, data, self._limits)

    async def _submit(
        self,
        principal: Principal,
        address: Address,
        command: c.ImportMenu,
        wrong: list[dict[str, Any]],
    ) -> Answer:
        """Import the rows if none is wrong. A dry run lists the ones that the menu refuses."""
        refused: Rejected | None = None
        if not wrong and not command.dry_run:
            done = await self._send(principal, address, command)
            if isinstance(done, Done):
                counts = done.result["counts"]
                return json({"changed": done.changed, "version": done.version, "data": counts})
            if "wrong_count" not in done.details:
                return done
            refused = done
        dry = replace(command, dry_run=True, request_id=None)  # its result is not kept
        done = await self._send(principal, address, dry)
        if isinstance(done, Rejected):
            return done
        report = {
            **done.result["counts"],
            "would_change": done.result["would_change"],
            "rows": done.result["rows"],
        }
        if wrong:  # what is not in the file could be in one of these rows
            report["rows"] = [row for row in report["rows"] if row["line"] is not None]
            report["deleted"] = 0
        wrong = sorted([*wrong, *done.result["wrong"]], key=lambda row: row["line"])
        if not command.dry_run:
            return _wrong(wrong) if wrong else refused or UNAVAILABLE
        return json({"changed": False, "version": done.version, "data": {**report, "wrong": wrong}})

    async def _send(
        self, principal: Principal, address: Address, command: c.ImportMenu
    ) -> Done | Rejected:
        reply = await self._admission.submit(principal, address, command)
        done = reply if isinstance(reply, Rejected) else await reply
        return done if isinstance(done, Done | Rejected) else UNAVAILABLE


def _chosen(request: Request, *names: str) -> dict[str, str] | Rejected:
    """The values of parameters."""
    chosen = {}
    for name in names:
        values = _CHOICES[name]
        chosen[name] = request.query_params.get(name, values[0])
        if chosen[name] not in values:
            return Rejected(
                Code.INVALID_MESSAGE, f"{name} must be {' or '.join(values)}.", {"field": name}
            )
    return chosen


def _command(request: Request) -> c.ImportMenu | Rejected:
    """The import that a request asks for, without the rows."""
    chosen = _chosen(request, "format", "dry_run", "replace")
    key = idempotency_key(request)
    if isinstance(chosen, Rejected):
        return chosen
    if isinstance(key, Rejected):
        return key
    text = request.query_params.get("expected_version")
    if text is not None and not (text.isascii() and text.isdigit() and len(text) <= 15):
        return Rejected(
            Code.INVALID_MESSAGE,
            "expected_version must be a whole number.",
            {"field": "expected_version"},
        )
    return c.ImportMenu(
        request_id=key,
        expected_version=None if text is None else int(text),
        replace=chosen["replace"] == "true",
        dry_run=chosen["dry_run"] == "true",
    )


def _wrong(rows: list[dict[str, Any]]) -> Rejected:
    lines = "one line is" if len(rows) == 1 else f"{len(rows)} lines are"
    first = rows[0]
    return Rejected(
        Code.INVALID_MESSAGE,
        f"Cannot import the file because {lines} wrong. Line {first['line']}: {first['error']}",
        {"wrong": rows},
    )
