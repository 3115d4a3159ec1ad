"""The OpenAPI document, made from the routes and the commands that parse their bodies."""

from functools import cache
from typing import Any

from gateway.routes import ACTS, LOOKS, RECORDS, Act
from protocol import commands as c
from protocol.errors import ERRORS
from protocol.frames import body_adapter
from protocol.ids import Channel, Kind

VERSION = "0.1.0"
_ERROR = {"$ref": "#/components/schemas/Error"}
_DECIDED_ELSEWHERE = {"action", "request_id"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    "description": "The same key from the same caller gets the first result and does nothing.",
}


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Error": _error_schema()}
    create = Act(
        "POST", "/restaurants", "Create a restaurant", Kind.RESTAURANT, c.CreateRestaurant,
        Channel.RESTAURANT, creates=Kind.RESTAURANT,
    )  # fmt: skip
    for act in (create, *ACTS):
        _path(paths, act.path)[act.method.lower()] = _act(act, schemas)
    for look in LOOKS:
        _path(paths, look.path)["get"] = _read(look.summary, look.view.value)
    for record in RECORDS:
        what = "audit" if record.is_audit else "history"
        _path(paths, record.path)["get"] = _read(record.summary, what)
    _path(paths, "/restaurants")["get"] = _read("All restaurants", "restaurants")
    _path(paths, "/tables/{id}/code")["get"] = _read("The code in the table's QR code", "code")
    for picture, media in (("svg", "image/svg+xml"), ("png", "image/png")):
        _path(paths, f"/tables/{{id}}/qr.{picture}")["get"] = _read(
            "The table's QR code", "picture", media
        )
    _path(paths, "/restaurants/{id}/qr-sheet")["get"] = _read(
        "All tables' QR codes, to print", "sheet", "text/html"
    )
    _path(paths, "/sessions/join")["post"] = _join(schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Restaurant QR", "version": VERSION},
        "servers": [{"url": "/api"}],
        "security": [{"bearer": []}, {}],
        "paths": paths,
        "components": {
            "schemas": schemas,
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
                "schema": {"type": "string"}
                if name == "call_id"
                else {"type": "integer", "minimum": 1},
            }
            for name in names
        ]
    return item


def _act(act: Act, schemas: dict[str, Any]) -> dict[str, Any]:
    name = act.command.__name__
    schema = body_adapter(act.command).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    for field in _DECIDED_ELSEWHERE | set(act.from_path):
        schema["properties"].pop(field, None)
    schema["required"] = [
        each for each in schema.get("required", []) if each in schema["properties"]
    ]
    schemas[name] = schema
    status = "201" if act.creates else "200"
    return {
        "summary": act.summary,
        "parameters": [_KEY | {"required": act.command is c.Pay}] if act.method == "POST" else [],
        "requestBody": {
            "required": bool(schema["required"]),
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
        },
        "responses": {status: _answer("The result and what it is about."), **_errors()},
    }


def _join(schemas: dict[str, Any]) -> dict[str, Any]:
    """No act on an entity, and for who has no token yet."""
    act = Act("POST", "/sessions/join", "A guest's token, for the code of a session or a table",
              Kind.SESSION, c.JoinSession, Channel.SESSION)  # fmt: skip
    return {**_act(act, schemas), "security": [{}]}


def _read(summary: str, what: str, media: str = "application/json") -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _answer(f"The {what}.", media), **_errors()}}


def _answer(description: str, media: str = "application/json") -> dict[str, Any]:
    shape = "object" if media == "application/json" else "string"
    return {"description": description, "content": {media: {"schema": {"type": shape}}}}


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
