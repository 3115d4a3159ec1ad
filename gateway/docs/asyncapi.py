"""The AsyncAPI document, generated from the channels, the commands and the message types.

It describes the client's side: a client sends actions and receives messages.
"""

from functools import cache
from typing import Any

from gateway.docs import examples
from gateway.docs.openapi import VERSION
from gateway.docs.schemas import Schemas
from gateway.parsing import MAX_ID
from protocol.codec import ACTIONS
from protocol.commands import Get
from protocol.errors import CLIENT_ACTIONS, ERRORS, CloseCode, Error
from protocol.ids import KIND_OF, Channel
from restaurant_qr_wire.channels import MAX_FRAME_BYTES, MESSAGES, PATHS, SNAPSHOTS
from restaurant_qr_wire.messages import Ack

_ABOUT = {
    Channel.ORDER: "Status and details of an order",
    Channel.ITEMS: "The items of an order",
    Channel.TABLE: "Status and occupancy of a table",
    Channel.SESSION: "A session at a table: its guests, orders and calls",
    Channel.WAITER: "Notifications for one waiter",
    Channel.RESTAURANT: "The tables, open orders and figures of a restaurant",
    Channel.NOTIFICATIONS: "Notifications for all of a restaurant's staff",
    Channel.MENU: "The menu of a restaurant",
    Channel.DEVICES: "The staff devices of a restaurant, for its managers",
}
_DESCRIPTION = f"""\
Every message is one JSON object in a text frame of at most {MAX_FRAME_BYTES} bytes.

The first message of a connection is a snapshot. It is followed by each event, once and in order;
`seq` increases by one with each event. To resume after a disconnect, connect with `since`, the
`seq` of the last event, and `epoch`, that of the last snapshot. The service sends the missed events
or, if it no longer has them, a snapshot with `"resumed": false`. Guests always get a snapshot on a
table's channel.

An action with a `request_id` is answered by an `ack` or an error with the same `request_id`. An
action that is sent again with the same `request_id` takes effect once. With `expected_version`, an
action fails if the entity has changed since that version.
"""
_CLOSES = {
    CloseCode.TOO_LARGE: "a message is too large",
    CloseCode.RESTART: "the server restarts",
    CloseCode.BAD_REQUEST: "a malformed path or query",
    CloseCode.UNAUTHENTICATED: "the token is missing, invalid or expired",
    CloseCode.FORBIDDEN: "the caller may not subscribe to this channel",
    CloseCode.NOT_FOUND: "the entity does not exist",
    CloseCode.TOO_SLOW: "the client reads too slowly",
    CloseCode.RATE_LIMITED: "too many messages or connections",
}
_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`Authorization: Bearer <token>` in the handshake.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "For browsers: the pair of subprotocols `bearer, <token>`.",
    },
    "query": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "For clients that support neither. The service does not log it.",
    },
}


@cache
def document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document."""
    schemas = Schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Restaurant QR",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"gateway": _server()},
        "channels": {channel.value: _channel(channel) for channel in Channel},
        "operations": _operations(),
        "components": {
            "messages": _messages(schemas),
            "schemas": dict(sorted(schemas.by_name.items())),
            "securitySchemes": _SECURITY,
        },
        "x-close-codes": {
            str(code.value): {"meaning": _CLOSES[code], "client": CLIENT_ACTIONS[code]}
            for code in CloseCode
        },
        "x-error-codes": {code.value: {"retry": rule.retry} for code, rule in ERRORS.items()},
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": "ws",
        "description": "The host that serves this document; `wss` behind TLS.",
        "variables": {"host": {"default": "localhost:9000"}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
    }


def _channel(channel: Channel) -> dict[str, Any]:
    names = (*ACTIONS[channel], *MESSAGES[channel], "ack", "error")
    kind = KIND_OF[channel].value
    return {
        "address": PATHS[channel],
        "title": _ABOUT[channel],
        "description": f"The first message is `{SNAPSHOTS[channel]}`, a snapshot.",
        "parameters": {
            "id": {"description": f"The id of the {kind}, an integer from 1 to {MAX_ID}."}
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"ws": {"method": "GET", "query": _query(), "bindingVersion": "0.1.0"}},
    }


def _query() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "since": {
                "type": "integer",
                "minimum": 0,
                "description": "The `seq` of the last received event.",
            },
            "epoch": {
                "type": "string",
                "minLength": 1,
                "maxLength": 64,
                "description": "The `epoch` of the last received snapshot.",
            },
            "token": {
                "type": "string",
                "description": "The token, if the client cannot set headers.",
            },
        },
    }


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for channel in Channel:
        operations[f"{channel.value}.listen"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{channel.value}"},
            "summary": f"{_ABOUT[channel]}: snapshot and events",
            "messages": _of(channel, *MESSAGES[channel]),
        }
        for action, command in ACTIONS[channel].items():
            snapshot = (SNAPSHOTS[channel],) if command is Get else ()
            operations[f"{channel.value}.{action}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{channel.value}"},
                "summary": _sentence(action),
                "messages": _of(channel, action),
                "reply": {
                    "channel": {"$ref": f"#/channels/{channel.value}"},
                    "messages": _of(channel, *snapshot, "ack", "error"),
                },
            }
    return operations


def _of(channel: Channel, *names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel.value}/messages/{name}"} for name in names]


def _messages(schemas: Schemas) -> dict[str, Any]:
    """All messages by name. A name means the same on each channel that has it."""
    messages: dict[str, Any] = {}
    for channel in Channel:
        for action, command in ACTIONS[channel].items():
            example = examples.action(action, command)
            messages[action] = _message(action, schemas.action(action, command), example)
        for type_ in MESSAGES[channel]:
            messages[type_] = _message(
                type_, schemas.message(channel, type_), examples.message(channel, type_)
            )
    messages["ack"] = _message("ack", schemas.of(Ack), examples.as_json(examples.ACK))
    messages["error"] = _message("error", schemas.of(Error), examples.REFUSAL)
    return messages


def _message(name: str, payload: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "payload": payload, "examples": [{"payload": example}]}


def _sentence(word: str) -> str:
    return word.replace("_", " ").capitalize()
