"""The OpenAPI document, made from the routes and the commands that parse their bodies."""

from functools import cache
from typing import Any

from gateway.docs import examples
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
_DECIDED_ELSEWHERE = {"action", "request_id"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    "description": "The same key from the same caller gets the first result and does nothing.",
}
_CALL_ID = {"type": "string", "pattern": c.CALL_ID}
_OBJECT = {"type": "object"}
_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_WHOLE = {"type": "integer"}


def _shape(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object with these required properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


_PAST = {"position": _WHOLE, "type": _TEXT, "at": _TIME, "by": _TEXT, "data": _OBJECT}
_EVENT = _shape(**_PAST, version=_WHOLE)
_AUDITED = _shape(**_PAST, outcome=_TEXT, role=_TEXT, **{"from": {"type": ["string", "null"]}})
_DEVICE_CLAIMS = _shape(
    role={"enum": ["waiter", "kitchen"]}, restaurant_id=_WHOLE, device_id=_WHOLE
)
_NUMBER_OR_NULL = {"type": ["integer", "null"]}
_TOKEN_ROW = _shape(
    token_id=_WHOLE,
    role={"enum": ["waiter", "kitchen", "manager", "admin"]},
    restaurant_id=_NUMBER_OR_NULL,
    waiter_id=_NUMBER_OR_NULL,
    label=_TEXT,
    issued_by=_TEXT,
    issued_at=_TIME,
    expires_at=_TIME,
)
_CODE = _shape(table_code=_TEXT, url=_TEXT)
_DEVICE_CODE = _shape(device_code=_TEXT, url=_TEXT)


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
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
    event, audited = schemas.named("Event", _EVENT), schemas.named("Audited", _AUDITED)
    for history_route in HISTORY_ROUTES:
        what, each = ("audit", audited) if history_route.is_audit else ("history", event)
        _path(paths, history_route.path)["get"] = _page_operation(
            history_route.summary, what, each, "before", "position"
        )
    _path(paths, "/restaurants")["get"] = _page_operation(
        "All restaurants", "restaurants", schemas.view(Channel.RESTAURANT), "after", "id"
    )
    _path(paths, "/tables/{id}/code")["get"] = _read_operation(
        "The code in the table's QR code", "code", _CODE
    )
    for picture, media in (("svg", "image/svg+xml"), ("png", "image/png")):
        _path(paths, f"/tables/{{id}}/qr.{picture}")["get"] = _read_operation(
            "The table's QR code", "picture", _TEXT, media
        )
    _path(paths, "/restaurants/{id}/qr-sheet")["get"] = _read_operation(
        "All tables' QR codes, to print", "sheet", _TEXT, "text/html"
    )
    one = "/restaurants/{id}/devices/{device_id}"
    _path(paths, f"{one}/code")["get"] = _read_operation(
        "The code that signs a device in", "code", _DEVICE_CODE
    )
    _path(paths, f"{one}/qr.svg")["get"] = _read_operation(
        "The same as a QR code", "picture", _TEXT, "image/svg+xml"
    )
    _path(paths, "/sessions/join")["post"] = _join(schemas)
    _path(paths, "/devices/sign-in")["post"] = _sign_in(schemas)
    row = schemas.named("RegisteredToken", _TOKEN_ROW)
    _path(paths, "/tokens")["get"] = _read_operation(
        "Registered tokens of the chain", "tokens", _shape(data={"type": "array", "items": row})
    )
    _path(paths, "/tokens")["post"] = _issue(row, schemas)
    _path(paths, "/tokens/{token_id}")["delete"] = _read_operation(
        "Revoke a token; its sockets close with 4401", "result", _shape(changed={"type": "boolean"})
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
    result = _shape(
        changed={"type": "boolean"},
        version=_WHOLE,
        data={"anyOf": [schemas.view(view), {"type": "null"}]},
    )
    status = "201" if creates else "200"
    return {
        "summary": route.summary,
        "parameters": [_KEY | {"required": route.command is c.Pay}]
        if route.method == "POST"
        else [],
        "requestBody": _body(route, schemas),
        "responses": {status: _answer("The result and what it is about.", result), **_errors()},
    }


def _body(route: CommandRoute, schemas: Schemas) -> dict[str, Any]:
    elsewhere = _DECIDED_ELSEWHERE | set(route.from_path)
    schema = schemas.body(route.command, elsewhere)
    example = {
        name: value for name, value in examples.SENT[route.command].items() if name not in elsewhere
    }
    named = schemas.named(route.command.__name__, schema)
    return {
        "required": bool(schema["required"]),
        "content": {"application/json": {"schema": named, "example": example}},
    }


def _join(schemas: Schemas) -> dict[str, Any]:
    route = CommandRoute(
        "POST", "/sessions/join", "A guest's token, for the code of a session or a table",
        Kind.SESSION, c.JoinSession, Channel.SESSION,
    )  # fmt: skip
    return _token_operation(
        route, "The token, and the session.", schemas.view(Channel.SESSION), schemas
    )


def _sign_in(schemas: Schemas) -> dict[str, Any]:
    route = CommandRoute("POST", "/devices/sign-in", "A staff device's token, for its code, once",
              Kind.RESTAURANT, c.SignInDevice, Channel.DEVICES)  # fmt: skip
    return _token_operation(route, "The token, and whose it is.", _DEVICE_CLAIMS, schemas)


def _token_operation(
    route: CommandRoute, answer: str, data: Schema, schemas: Schemas
) -> dict[str, Any]:
    """An operation for callers without a token, which returns one."""
    token = _shape(token=_TEXT, expires_at=_WHOLE, data=data)
    answers = {"200": _answer(answer, token), **_errors()}
    return {**_command_operation(route, schemas), "responses": answers, "security": [{}]}


def _issue(row: Schema, schemas: Schemas) -> dict[str, Any]:
    route = CommandRoute("POST", "/tokens", "Issue a token, for administrators of the chain",
              Kind.RESTAURANT, c.IssueToken, Channel.RESTAURANT)  # fmt: skip
    token = _shape(token=_TEXT, expires_at=_WHOLE, data=row)
    answer = _answer("The token, which is returned only once, and its row.", token)
    return {**_command_operation(route, schemas), "responses": {"201": answer, **_errors()}}


def _snapshot_operation(snapshot_route: SnapshotRoute, schemas: Schemas) -> dict[str, Any]:
    type_ = SNAPSHOTS[snapshot_route.view]
    shown = _read_operation(
        snapshot_route.summary,
        snapshot_route.view.value,
        schemas.message(snapshot_route.view, type_),
    )
    content = shown["responses"]["200"]["content"]["application/json"]
    content["example"] = examples.message(snapshot_route.view, type_)
    return shown


def _page_operation(summary: str, what: str, each: Schema, begins: str, at: str) -> dict[str, Any]:
    """A list that is read in pages."""
    asked = {
        "limit": f"{DEFAULT_PAGE_SIZE} where it is left out; {MAX_PAGE_SIZE} at most.",
        begins: f"Only what stands {begins} this `{at}`.",
    }
    parameters = [
        {"name": name, "in": "query", "description": about, "schema": {**_WHOLE, "minimum": 0}}
        for name, about in asked.items()
    ]
    shape = _shape(data={"type": "array", "items": each})
    return {**_read_operation(summary, what, shape), "parameters": parameters}


def _read_operation(
    summary: str, what: str, shape: Schema, media: str = "application/json"
) -> dict[str, Any]:
    answers = {"200": _answer(f"The {what}.", shape, media), **_errors()}
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
            "error": {"type": "string", "description": "One sentence that says what to do."},
            "code": {"enum": [code.value for code in ERRORS]},
            "details": {"type": "object"},
        },
    }
