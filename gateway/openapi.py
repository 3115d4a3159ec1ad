"""The OpenAPI document, made from the routes and the commands that parse their bodies."""

from functools import cache
from typing import Any

from gateway import examples
from gateway.parsing import MAX_ID
from gateway.routes import ACTS, LONGEST_PAGE, LOOKS, PAGE, RECORDS, Act, Look
from gateway.schemas import Schema, Schemas, reference
from protocol import commands as c
from protocol.errors import ERRORS
from protocol.ids import CHANNELS, Channel, Kind
from protocol.told import SNAPSHOTS

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
    """An object that has all of these, and may have more."""
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
    create = Act(
        "POST", "/restaurants", "Create a restaurant", Kind.RESTAURANT, c.CreateRestaurant,
        Channel.RESTAURANT, creates=Kind.RESTAURANT,
    )  # fmt: skip
    for act in (create, *ACTS):
        _path(paths, act.path)[act.method.lower()] = _act(act, schemas)
    for look in LOOKS:
        _path(paths, look.path)["get"] = _look(look, schemas)
    event, audited = schemas.named("Event", _EVENT), schemas.named("Audited", _AUDITED)
    for record in RECORDS:
        what, each = ("audit", audited) if record.is_audit else ("history", event)
        _path(paths, record.path)["get"] = _page(record.summary, what, each, "before", "position")
    _path(paths, "/restaurants")["get"] = _page(
        "All restaurants", "restaurants", schemas.view(Channel.RESTAURANT), "after", "id"
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
    row = schemas.named("RegisteredToken", _TOKEN_ROW)
    _path(paths, "/tokens")["get"] = _read(
        "Registered tokens of the chain", "tokens", _shape(data={"type": "array", "items": row})
    )
    _path(paths, "/tokens")["post"] = _issue(row, schemas)
    _path(paths, "/tokens/{token_id}")["delete"] = _read(
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


def _act(act: Act, schemas: Schemas) -> dict[str, Any]:
    view = act.view if act.creates is None else CHANNELS[act.creates][0]
    result = _shape(
        changed={"type": "boolean"},
        version=_WHOLE,
        data={"anyOf": [schemas.view(view), {"type": "null"}]},
    )
    status = "201" if act.creates else "200"
    return {
        "summary": act.summary,
        "parameters": [_KEY | {"required": act.command is c.Pay}] if act.method == "POST" else [],
        "requestBody": _body(act, schemas),
        "responses": {status: _answer("The result and what it is about.", result), **_errors()},
    }


def _body(act: Act, schemas: Schemas) -> dict[str, Any]:
    elsewhere = _DECIDED_ELSEWHERE | set(act.from_path)
    schema = schemas.body(act.command, elsewhere)
    example = {
        name: value for name, value in examples.SENT[act.command].items() if name not in elsewhere
    }
    named = schemas.named(act.command.__name__, schema)
    return {
        "required": bool(schema["required"]),
        "content": {"application/json": {"schema": named, "example": example}},
    }


def _join(schemas: Schemas) -> dict[str, Any]:
    act = Act("POST", "/sessions/join", "A guest's token, for the code of a session or a table",
              Kind.SESSION, c.JoinSession, Channel.SESSION)  # fmt: skip
    return _admit(act, "The token, and the session.", schemas.view(Channel.SESSION), schemas)


def _sign_in(schemas: Schemas) -> dict[str, Any]:
    act = Act("POST", "/devices/sign-in", "A staff device's token, for its code, once",
              Kind.RESTAURANT, c.SignInDevice, Channel.DEVICES)  # fmt: skip
    return _admit(act, "The token, and whose it is.", _DEVICE_CLAIMS, schemas)


def _admit(act: Act, answer: str, data: Schema, schemas: Schemas) -> dict[str, Any]:
    """No act on an entity, and for who has no token yet."""
    token = _shape(token=_TEXT, expires_at=_WHOLE, data=data)
    answers = {"200": _answer(answer, token), **_errors()}
    return {**_act(act, schemas), "responses": answers, "security": [{}]}


def _issue(row: Schema, schemas: Schemas) -> dict[str, Any]:
    act = Act("POST", "/tokens", "Issue a token, for administrators of the chain",
              Kind.RESTAURANT, c.IssueToken, Channel.RESTAURANT)  # fmt: skip
    token = _shape(token=_TEXT, expires_at=_WHOLE, data=row)
    answer = _answer("The token, which is returned only once, and its row.", token)
    return {**_act(act, schemas), "responses": {"201": answer, **_errors()}}


def _look(look: Look, schemas: Schemas) -> dict[str, Any]:
    type_ = SNAPSHOTS[look.view]
    shown = _read(look.summary, look.view.value, schemas.message(look.view, type_))
    content = shown["responses"]["200"]["content"]["application/json"]
    content["example"] = examples.message(look.view, type_)
    return shown


def _page(summary: str, what: str, each: Schema, begins: str, at: str) -> dict[str, Any]:
    """A list that is read a page at a time."""
    asked = {
        "limit": f"{PAGE} where it is left out; {LONGEST_PAGE} at most.",
        begins: f"Only what stands {begins} this `{at}`.",
    }
    parameters = [
        {"name": name, "in": "query", "description": about, "schema": {**_WHOLE, "minimum": 0}}
        for name, about in asked.items()
    ]
    shape = _shape(data={"type": "array", "items": each})
    return {**_read(summary, what, shape), "parameters": parameters}


def _read(
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
