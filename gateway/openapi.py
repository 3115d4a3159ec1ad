"""The OpenAPI document, made from the routes and the commands that parse their bodies."""

from functools import cache
from typing import Any

from gateway.parsing import MAX_ID
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
_CALL_ID = {"type": "string", "pattern": c.CALL_ID}
_OBJECT = {"type": "object"}
_LIST = {"type": "array", "items": _OBJECT}
_TEXT = {"type": "string"}


def _shape(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these, and may have more."""
    return {"type": "object", "required": list(properties), "properties": properties}


_SNAPSHOT = _shape(type=_TEXT, data=_OBJECT, seq={"type": "integer"}, epoch=_TEXT)
_RESULT = _shape(
    changed={"type": "boolean"}, version={"type": "integer"}, data={"type": ["object", "null"]}
)
_TOKEN = _shape(token=_TEXT, expires_at={"type": "integer"}, data=_OBJECT)
_CODE = _shape(table_code=_TEXT, url=_TEXT)
_DEVICE_CODE = _shape(device_code=_TEXT, url=_TEXT)


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
        _path(paths, record.path)["get"] = _read(record.summary, what, _shape(data=_LIST))
    _path(paths, "/restaurants")["get"] = _read(
        "All restaurants", "restaurants", _shape(data=_LIST)
    )
    _path(paths, "/tables/{id}/code")["get"] = _read(
        "The code in the table's QR code", "code", _CODE
    )
    for picture, media in (("svg", "image/svg+xml"), ("png", "image/png")):
        _path(paths, f"/tables/{{id}}/qr.{picture}")["get"] = _read(
            "The table's QR code", "picture", _TEXT, media
        )
    _path(paths, "/restaurants/{id}/qr-sheet")["get"] = _read(
        "All tables' QR codes, to print", "sheet", _TEXT, "text/html"
    )
    one = "/restaurants/{id}/devices/{device_id}"
    _path(paths, f"{one}/code")["get"] = _read(
        "The code that signs a device in", "code", _DEVICE_CODE
    )
    _path(paths, f"{one}/qr.svg")["get"] = _read(
        "The same as a QR code", "picture", _TEXT, "image/svg+xml"
    )
    _path(paths, "/sessions/join")["post"] = _join(schemas)
    _path(paths, "/devices/sign-in")["post"] = _sign_in(schemas)
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
                "schema": _CALL_ID
                if name == "call_id"
                else {"type": "integer", "minimum": 1, "maximum": MAX_ID},
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
        "responses": {status: _answer("The result and what it is about.", _RESULT), **_errors()},
    }


def _join(schemas: dict[str, Any]) -> dict[str, Any]:
    """No act on an entity, and for who has no token yet."""
    act = Act("POST", "/sessions/join", "A guest's token, for the code of a session or a table",
              Kind.SESSION, c.JoinSession, Channel.SESSION)  # fmt: skip
    joined = {"200": _answer("The token, and the session.", _TOKEN), **_errors()}
    return {**_act(act, schemas), "responses": joined, "security": [{}]}


def _sign_in(schemas: dict[str, Any]) -> dict[str, Any]:
    """As above, for a device of the staff."""
    act = Act("POST", "/devices/sign-in", "A staff device's token, for its code, once",
              Kind.RESTAURANT, c.SignInDevice, Channel.DEVICES)  # fmt: skip
    signed_in = {"200": _answer("The token, and whose it is.", _TOKEN), **_errors()}
    return {**_act(act, schemas), "responses": signed_in, "security": [{}]}


def _read(
    summary: str,
    what: str,
    shape: dict[str, Any] = _SNAPSHOT,
    media: str = "application/json",
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
