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
_IN_PLACE: Schema = {
    "const": False,
    "description": "It comes in place of the events that were asked for.",
}
_SNAPSHOT: Schema = {
    **_VERSIONED,
    "properties": {**_VERSIONED["properties"], "resumed": _IN_PLACE},
}


class _Plain(GenerateJsonSchema):
    """Without titles, which repeat the names, and with keywords that OpenAPI and AsyncAPI share."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tagged_union_schema(self, schema: Any) -> Schema:
        either = super().tagged_union_schema(schema)
        either.pop("discriminator", None)  # an object to the one, a string to the other
        return either


class Schemas:
    """The schemas of one document by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Schema] = {}

    def of(self, model: Any) -> Schema:
        """A reference to a model's schema; the alternatives if it is a union."""
        schema = TypeAdapter(model).json_schema(
            ref_template="#/components/schemas/{model}", schema_generator=_Plain
        )
        name = schema.get("title")
        return self._keep(schema) if name is None else self.named(name, self._keep(schema))

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
        """A command as an HTTP body, without the fields that path and headers decide."""
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
        """A command's own fields first; then those that every command may have."""
        schema = self._keep(
            body_adapter(command).json_schema(
                ref_template="#/components/schemas/{model}", schema_generator=_Plain
            )
        )
        fields = schema["properties"]
        for common in ("request_id", "expected_version"):
            fields[common] = fields.pop(common)
        return schema

    def _keep(self, schema: Schema) -> Schema:
        """Register the definitions that a schema consists of."""
        self.by_name.update(schema.pop("$defs", {}))
        return schema


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
