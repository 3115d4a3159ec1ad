"""JSON schemas of commands and messages, generated from their models."""

from collections.abc import Collection
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from protocol import commands as c
from protocol.codec import body_adapter
from protocol.ids import Channel
from restaurant_qr_wire.channels import MESSAGES, SNAPSHOTS

Schema = dict[str, Any]

_VERSIONED: Schema = {
    "type": "object",
    "required": ["version"],
    "properties": {"version": {"type": "integer"}},
}
_NOT_RESUMED: Schema = {
    "const": False,
    "description": "Present if the events since `since` are no longer stored.",
}
_SNAPSHOT: Schema = {
    **_VERSIONED,
    "properties": {**_VERSIONED["properties"], "resumed": _NOT_RESUMED},
}


class _Plain(GenerateJsonSchema):
    """Omits titles, which repeat names, and `discriminator`, which the two formats disagree on."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tagged_union_schema(self, schema: Any) -> Schema:
        union = super().tagged_union_schema(schema)
        union.pop("discriminator", None)  # an object in OpenAPI, a string in AsyncAPI
        return union


class Schemas:
    """The schemas of one document, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Schema] = {}

    def of(self, model: Any) -> Schema:
        """A reference to a model's schema; for a union, its alternatives."""
        schema = TypeAdapter(model).json_schema(
            ref_template="#/components/schemas/{model}", schema_generator=_Plain
        )
        name = schema.get("title")
        schema = self._register_definitions(schema)
        return schema if name is None else self.named(name, schema)

    def named(self, name: str, schema: Schema) -> Schema:
        self.by_name[name] = schema
        return reference(name)

    def action(self, action: str, command: type[c.Command]) -> Schema:
        """A command as it is sent over a WebSocket."""
        schema = self._command(command)
        schema["properties"]["action"] = {"const": action}
        schema["required"] = list(dict.fromkeys(("action", *schema.get("required", ()))))
        return schema

    def body(self, command: type[c.Command], without: Collection[str]) -> Schema:
        """A command as an HTTP body, without the fields that the path and headers set."""
        schema = self._command(command)
        for field in without:
            schema["properties"].pop(field, None)
        schema["required"] = [
            each for each in schema.get("required", ()) if each in schema["properties"]
        ]
        return schema

    def message(self, channel: Channel, type_: str) -> Schema:
        """A frame of a channel; `epoch` marks a snapshot."""
        is_snapshot = type_ == SNAPSHOTS[channel]
        parts = [self.of(MESSAGES[channel][type_]), _SNAPSHOT if is_snapshot else _VERSIONED]
        frame: Schema = {
            "type": "object",
            "required": ["type", "data", "seq"],
            "properties": {
                "type": {"const": type_},
                "data": {"allOf": parts},
                "seq": {"type": "integer", "minimum": 0},
            },
        }
        if is_snapshot:
            frame["properties"]["epoch"] = {"type": "string"}
        return frame

    def view(self, channel: Channel) -> Schema:
        """The data of a channel's snapshot."""
        return {"allOf": [self.of(MESSAGES[channel][SNAPSHOTS[channel]]), _VERSIONED]}

    def _command(self, command: type[c.Command]) -> Schema:
        """A command's own fields, then those that every command has."""
        schema = self._register_definitions(
            body_adapter(command).json_schema(
                ref_template="#/components/schemas/{model}", schema_generator=_Plain
            )
        )
        fields = schema["properties"]
        for common in ("request_id", "expected_version"):
            fields[common] = fields.pop(common)
        return schema

    def _register_definitions(self, schema: Schema) -> Schema:
        """Register the definitions that a schema refers to; return the schema without them."""
        self.by_name.update(schema.pop("$defs", {}))
        return schema


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
