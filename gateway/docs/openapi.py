"""The OpenAPI document, generated from the routes and the commands that parse their bodies."""

from functools import cache
from typing import Any

from gateway.docs import examples, menu_files
from gateway.docs.schemas import Schema, Schemas, reference
from gateway.http.routes import (
    COMMAND_ROUTES,
    DEFAULT_PAGE_SIZE,
    HISTORY_ROUTES,
    MAX_PAGE_SIZE,
    SNAPSHOT_ROUTES,
    CommandRoute,
    SnapshotRoute,
)
from gateway.parsing import MAX_ID
from protocol import commands as c
from protocol.errors import ERRORS
from protocol.ids import CHANNELS, Channel, Kind
from restaurant_qr_wire.channels import SNAPSHOTS

VERSION = "0.1.0"
_ERROR = reference("Error")
_NOT_IN_BODY = {"action", "request_id"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    "description": "A request with a key that the same caller has already used has no effect, and "
    "returns the first result.",
}
_CALL_ID = {"type": "string", "pattern": c.CALL_ID}
_OBJECT = {"type": "object"}
_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_INTEGER = {"type": "integer"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object with these required properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


_ENTRY_FIELDS = {"position": _INTEGER, "type": _TEXT, "at": _TIME, "by": _TEXT, "data": _OBJECT}
_EVENT = _object(**_ENTRY_FIELDS, version=_INTEGER)
_AUDIT_ENTRY = _object(
    **_ENTRY_FIELDS, outcome=_TEXT, role=_TEXT, **{"from": {"type": ["string", "null"]}}
)
_DEVICE_CLAIMS = _object(
    role={"enum": ["waiter", "kitchen"]}, restaurant_id=_INTEGER, device_id=_INTEGER
)
_NUMBER_OR_NULL = {"type": ["integer", "null"]}
_TOKEN_SCHEMA = _object(
    token_id=_INTEGER,
    role={"enum": ["waiter", "kitchen", "manager", "admin"]},
    restaurant_id=_NUMBER_OR_NULL,
    waiter_id=_NUMBER_OR_NULL,
    label=_TEXT,
    issued_by=_TEXT,
    issued_at=_TIME,
    expires_at=_TIME,
)
_CODE = _object(table_code=_TEXT, url=_TEXT)
_DEVICE_CODE = _object(device_code=_TEXT, url=_TEXT)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, Any] = {}
    schemas = Schemas()
    schemas.named("Error", _error_schema())
    create = CommandRoute(
        "POST", "/restaurants", "Create a restaurant", Kind.RESTAURANT, c.CreateRestaurant,
        Channel.RESTAURANT,
    )  # fmt: skip
    for route in (create, *COMMAND_ROUTES):
        _path(paths, route.path)[route.method.lower()] = _command_operation(route, schemas)
    for snapshot_route in SNAPSHOT_ROUTES:
        _path(paths, snapshot_route.path)["get"] = _snapshot_operation(snapshot_route, schemas)
    event, audited = schemas.named("Event", _EVENT), schemas.named("Audited", _AUDIT_ENTRY)
    for history_route in HISTORY_ROUTES:
        name, entry = ("audit log", audited) if history_route.is_audit else ("history", event)
        _path(paths, history_route.path)["get"] = _page_operation(
            history_route.summary, name, entry, "before", "position"
        )
    _path(paths, "/restaurants")["get"] = _page_operation(
        "All restaurants", "restaurants", schemas.view(Channel.RESTAURANT), "after", "id"
    )
    _path(paths, "/tables/{id}/code")["get"] = _read_operation(
        "The code in a table's QR code", "code", _CODE
    )
    for suffix, media in (("svg", "image/svg+xml"), ("png", "image/png")):
        _path(paths, f"/tables/{{id}}/qr.{suffix}")["get"] = _read_operation(
            "A table's QR code", "image", _TEXT, media
        )
    _path(paths, "/restaurants/{id}/qr-sheet")["get"] = _read_operation(
        "The QR codes of all tables, to print", "sheet", _TEXT, "text/html"
    )
    device = "/restaurants/{id}/devices/{device_id}"
    _path(paths, f"{device}/code")["get"] = _read_operation(
        "The code that a device signs in with", "code", _DEVICE_CODE
    )
    _path(paths, f"{device}/qr.svg")["get"] = _read_operation(
        "The sign-in link of a device as a QR code", "image", _TEXT, "image/svg+xml"
    )
    _path(paths, "/restaurants/{id}/menu/export")["get"] = menu_files.export_operation(_errors())
    _path(paths, "/restaurants/{id}/menu/import")["post"] = {
        **menu_files.import_operation(_errors()),
        "parameters": [_KEY, *menu_files.IMPORT_PARAMETERS],
    }
    _path(paths, "/sessions/join")["post"] = _join(schemas)
    _path(paths, "/devices/sign-in")["post"] = _sign_in(schemas)
    row = schemas.named("RegisteredToken", _TOKEN_SCHEMA)
    _path(paths, "/tokens")["get"] = _read_operation(
        "The registered tokens of the chain",
        "tokens",
        _object(data={"type": "array", "items": row}),
    )
    _path(paths, "/tokens")["post"] = _issue(row, schemas)
    _path(paths, "/tokens/{token_id}")["delete"] = _read_operation(
        "Revoke a token and close its WebSockets with 4401",
        "result",
        _object(changed={"type": "boolean"}),
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Restaurant QR", "version": VERSION},
        "servers": [{"url": "/api"}],
        "security": [{"bearer": []}, {}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.by_name.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _path(paths: dict[str, Any], path: str) -> dict[str, Any]:
    item: dict[str, Any] = paths.setdefault(path, {})
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    if names:
        item["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": _CALL_ID
                if name == "call_id"
                else {"type": "integer", "minimum": 1, "maximum": MAX_ID},
            }
            for name in names
        ]
    return item


def _command_operation(route: CommandRoute, schemas: Schemas) -> dict[str, Any]:
    creates = route.command.creates
    view = route.view if creates is None else CHANNELS[creates][0]
    result = _object(
        changed={"type": "boolean"},
        version=_INTEGER,
        data={"anyOf": [schemas.view(view), {"type": "null"}]},
    )
    status = "201" if creates else "200"
    return {
        "summary": route.summary,
        "parameters": [_KEY | {"required": route.command is c.Pay}]
        if route.method == "POST"
        else [],
        "requestBody": _body(route, schemas),
        "responses": {status: _answer("The result, and the new data.", result), **_errors()},
    }


def _body(route: CommandRoute, schemas: Schemas) -> dict[str, Any]:
    excluded = _NOT_IN_BODY | set(route.from_path)
    schema = schemas.body(route.command, excluded)
    example = {
        name: value
        for name, value in examples.COMMANDS[route.command].items()
        if name not in excluded
    }
    named = schemas.named(route.command.__name__, schema)
    return {
        "required": bool(schema["required"]),
        "content": {"application/json": {"schema": named, "example": example}},
    }


def _join(schemas: Schemas) -> dict[str, Any]:
    route = CommandRoute(
        "POST", "/sessions/join", "Join a session as a guest, by its code or its table's",
        Kind.SESSION, c.JoinSession, Channel.SESSION,
    )  # fmt: skip
    return _token_operation(
        route, "The guest's token, and the session.", schemas.view(Channel.SESSION), schemas
    )


def _sign_in(schemas: Schemas) -> dict[str, Any]:
    route = CommandRoute(
        "POST", "/devices/sign-in", "Sign in a staff device with its one-time code",
                  Kind.RESTAURANT, c.SignInDevice, Channel.DEVICES)  # fmt: skip
    return _token_operation(route, "The device's token and its claims.", _DEVICE_CLAIMS, schemas)


def _token_operation(
    route: CommandRoute, answer: str, data: Schema, schemas: Schemas
) -> dict[str, Any]:
    """An operation without authentication that returns a token."""
    token = _object(token=_TEXT, expires_at=_INTEGER, data=data)
    answers = {"200": _answer(answer, token), **_errors()}
    return {**_command_operation(route, schemas), "responses": answers, "security": [{}]}


def _issue(row: Schema, schemas: Schemas) -> dict[str, Any]:
    route = CommandRoute("POST", "/tokens", "Issue a token; for administrators of the chain",
              Kind.RESTAURANT, c.IssueToken, Channel.RESTAURANT)  # fmt: skip
    token = _object(token=_TEXT, expires_at=_INTEGER, data=row)
    answer = _answer("The token, which is not shown again, and its entry in the list.", token)
    return {**_command_operation(route, schemas), "responses": {"201": answer, **_errors()}}


def _snapshot_operation(snapshot_route: SnapshotRoute, schemas: Schemas) -> dict[str, Any]:
    type_ = SNAPSHOTS[snapshot_route.view]
    operation = _read_operation(
        snapshot_route.summary,
        snapshot_route.view.value,
        schemas.message(snapshot_route.view, type_),
    )
    content = operation["responses"]["200"]["content"]["application/json"]
    content["example"] = examples.message(snapshot_route.view, type_)
    return operation


def _page_operation(
    summary: str, name: str, item: Schema, cursor: str, field: str
) -> dict[str, Any]:
    """A paginated list; `cursor` is the query parameter that is compared with `field`."""
    queries = {
        "limit": f"Entries per page, at most {MAX_PAGE_SIZE}; {DEFAULT_PAGE_SIZE} by default.",
        cursor: f"Only entries {cursor} this `{field}`.",
    }
    parameters = [
        {"name": query, "in": "query", "description": about, "schema": {**_INTEGER, "minimum": 0}}
        for query, about in queries.items()
    ]
    shape = _object(data={"type": "array", "items": item})
    return {**_read_operation(summary, name, shape), "parameters": parameters}


def _read_operation(
    summary: str, name: str, shape: Schema, media: str = "application/json"
) -> dict[str, Any]:
    answers = {"200": _answer(f"The {name}.", shape, media), **_errors()}
    return {"summary": summary, "responses": answers}


def _answer(
    description: str, shape: dict[str, Any], media: str = "application/json"
) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": shape}}}


def _errors() -> dict[str, Any]:
    statuses: dict[int, list[str]] = {}
    for code, rule in ERRORS.items():
        statuses.setdefault(rule.http_status, []).append(code.value)
    return {
        str(status): {
            "description": ", ".join(codes),
            "content": {"application/json": {"schema": _ERROR}},
        }
        for status, codes in sorted(statuses.items())
    }


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error", "code"],
        "properties": {
            "error": {"type": "string", "description": "A sentence for people."},
            "code": {"enum": [code.value for code in ERRORS]},
            "details": {"type": "object"},
        },
    }
