"""JSON schemas as people read them: a table of fields, each with what it may be."""

from typing import Any

from gateway.markup import Html, joined, line, tag
from gateway.parsing import MAX_ID
from gateway.schemas import Schema


def fields(schema: Schema) -> Html:
    """The fields of an object; of what is put together, those of each part."""
    known: dict[str, Schema] = schema.get("properties", {})
    needed = schema.get("required", ())
    rows = (
        tag(
            "tr",
            tag("td", tag("code", name), Html("" if name in needed else " <i>optional</i>")),
            tag("td", what(each)),
        )
        for name, each in known.items()
    )
    return tag("table", joined(rows)) if known else Html("")


def what(schema: Schema) -> Html:
    """What a value may be, in a line."""
    parts = [_kind(schema), *_limits(schema)]
    if "description" in schema:
        parts.append(line(schema["description"]))
    return Html(", ".join(parts))


def form(name: str, schema: Schema) -> Html:
    """A schema of its own, to be linked to."""
    about = line(" ".join(schema.get("description", "").split()))
    body = fields(schema) if "properties" in schema else tag("p", what(_bare(schema)))
    return tag("section", tag("h3", name), tag("p", about) if about else "", body, id=name)


def _bare(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "description"}


def _kind(schema: Schema) -> Html:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return tag("a", name, href=f"#{name}")
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        return Html(" · ".join(_value(each) for each in schema["enum"]))
    if "allOf" in schema:
        return Html(" with ".join(_kind(each) for each in schema["allOf"]))
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return Html(" or ".join(what(each) for each in schema[either]))
    if schema.get("type") == "array":
        return Html(f"list of {what(schema['items'])}")
    if "properties" in schema:
        return Html(", ".join(tag("code", name) for name in schema["properties"]))
    words: Any = schema.get("type", "any")
    return line(" or ".join(schema.get("format", word) for word in _list(words)))


def _list(words: Any) -> list[str]:
    return words if isinstance(words, list) else [words]


def _value(value: Any) -> Html:
    return tag("code", "true" if value is True else "false" if value is False else value)


def _limits(schema: Schema) -> list[Html]:
    said = [
        _range(schema.get("minLength"), schema.get("maxLength"), " characters"),
        _range(schema.get("minItems"), schema.get("maxItems"), " of them"),
        _range(schema.get("minimum"), schema.get("maximum"), ""),
        f"more than {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else "",
        f"like `{schema['pattern']}`" if "pattern" in schema else "",
    ]
    return [line(each) for each in said if each]


def _range(least: int | None, most: int | None, unit: str) -> str:
    if most == MAX_ID:  # whatever a JSON number can be
        most = None
    if least and most:
        return f"{least} to {most}{unit}"
    if most:
        return f"up to {most}{unit}"
    return f"from {least}{unit} on" if least else ""
