"""The two documents as pages: what the service takes and tells, to read.

Each is written once, on the server: a page of text and a style, without scripts.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import orjson
from starlette.routing import Route

from gateway import asyncapi, openapi
from gateway.constant import ConstantDocument
from gateway.forms import fields, form
from gateway.markup import Html, example, joined, line, prose, tag


def api_routes() -> list[Route]:
    """Below `/api`."""
    return [
        Route("/openapi.json", _OPENAPI.answer, methods=["GET"]),
        Route("/docs", _HTTP_PAGE.answer, methods=["GET"]),
        Route("/asyncapi", _CHANNELS_PAGE.answer, methods=["GET"]),
    ]


def document_routes() -> list[Route]:
    """Beside `/api`."""
    return [Route("/asyncapi.json", _ASYNCAPI.answer, methods=["GET"])]


@cache
def channels_page() -> str:
    """The AsyncAPI document."""
    document = asyncapi.document()
    messages = document["components"]["messages"]
    sections = [_channel(name, each, document) for name, each in document["channels"].items()]
    answers = tag(
        "section",
        tag("h2", "Answers"),
        *(_message(messages[name], opened=True) for name in ("ack", "error")),
        id="answers",
    )
    names = {name: each["title"] for name, each in document["channels"].items()}
    more = {"answers": "Answers", "tokens": "Tokens", "closing": "Close codes", "forms": "Forms"}
    return _page(
        "Channels",
        "../asyncapi.json",
        prose(document["info"]["description"]),
        {**names, **more},
        (*sections, answers, _tokens(document), _closing(document), _forms(document)),
    )


@cache
def http_page() -> str:
    """The OpenAPI document."""
    document = openapi.document()
    groups: dict[str, list[Html]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                group = groups.setdefault(path.split("/")[1], [])
                group.append(_operation(method, path, operation, document))
    sections = (
        tag("section", tag("h2", name.capitalize()), *operations, id=name)
        for name, operations in sorted(groups.items())
    )
    names = {name: name.capitalize() for name in sorted(groups)}
    intro = prose(
        "JSON in and out, below `/api`. A token comes as `Authorization: Bearer`. An error is "
        "`error`, a sentence, and `code`, with the fitting status. Every `POST` takes an "
        "`Idempotency-Key`: the same key from the same caller gets the first result and does "
        "nothing."
    )
    return _page(
        "HTTP API",
        "openapi.json",
        intro,
        {**names, "forms": "Forms"},
        (*sections, _forms(document)),
    )


# --- channels ------------------------------------------------------------------------------------


def _channel(name: str, channel: dict[str, Any], document: dict[str, Any]) -> Html:
    messages, operations = document["components"]["messages"], document["operations"]
    of_it = [key for key in operations if key.startswith(f"{name}.")]
    sent = [key.partition(".")[2] for key in of_it if operations[key]["action"] == "send"]
    told = [
        reference["$ref"].rpartition("/")[2]
        for reference in operations[f"{name}.listen"]["messages"]
    ]
    return tag(
        "section",
        tag("h2", channel["title"]),
        tag("p", tag("code", channel["address"], class_="path")),
        prose(channel["description"]),
        tag("h3", "Send"),
        *(_message(messages[each]) for each in sent),
        tag("h3", "Receive"),
        *(_message(messages[each]) for each in told),
        id=name,
    )


def _message(message: dict[str, Any], *, opened: bool = False) -> Html:
    inside = (
        tag("summary", tag("code", message["name"])),
        fields(message["payload"]) or _named(message["payload"]),
        *(example(each["payload"]) for each in message["examples"]),
    )
    return tag("details", *inside, open="open" if opened else "")


def _named(payload: dict[str, Any]) -> Html:
    name = payload["$ref"].rpartition("/")[2]
    return tag("p", tag("a", name, href=f"#{name}"))


def _tokens(document: dict[str, Any]) -> Html:
    schemes = document["components"]["securitySchemes"].values()
    ways = (tag("li", line(each["description"])) for each in schemes)
    about = "A connection ends with its token. Without one it is anonymous, where that is allowed."
    return tag("section", tag("h2", "Tokens"), tag("ul", *ways), tag("p", about), id="tokens")


def _closing(document: dict[str, Any]) -> Html:
    rows = (
        tag("tr", tag("td", tag("code", code)), tag("td", each["meaning"]),
            tag("td", line(each["client"])))
        for code, each in document["x-close-codes"].items()
    )  # fmt: skip
    head = tag("tr", tag("th", "code"), tag("th", "why"), tag("th", "what the client does"))
    return tag("section", tag("h2", "Close codes"), tag("table", head, *rows), id="closing")


# --- HTTP ----------------------------------------------------------------------------------------


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> Html:
    name = tag("code", tag("b", method.upper()), f" /api{path}", class_="path")
    inside = [tag("summary", name, " ", tag("span", operation["summary"]))]
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]
        schema = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
        inside += [tag("h3", "Body"), fields(schema), example(body["example"])]
    good = next(each for code, each in operation["responses"].items() if code < "300")
    for media, content in good["content"].items():
        inside += [tag("h3", f"Answer, {media}"), fields(content["schema"])]
        if "example" in content:
            inside.append(example(content["example"]))
    return tag("details", *inside)


# --- both ----------------------------------------------------------------------------------------


def _forms(document: dict[str, Any]) -> Html:
    forms = (form(name, each) for name, each in document["components"]["schemas"].items())
    return tag("section", tag("h2", "Forms"), *forms, id="forms")


def _page(
    title: str, document: str, intro: Html, names: dict[str, str], sections: Iterable[Html]
) -> str:
    links = (tag("li", tag("a", text, href=f"#{name}")) for name, text in names.items())
    head = joined(
        (
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            tag("title", f"{title} · Restaurant QR"),
            Html('<link rel="icon" href="../icon.svg" type="image/svg+xml">'),
            Html('<link rel="stylesheet" href="../reference.css">'),
        )
    )
    other = [("Channels", "asyncapi"), ("HTTP API", "docs"), ("This page as JSON", document)]
    nav = tag(
        "nav",
        tag("ul", *(tag("li", tag("a", text, href=to)) for text, to in other if text != title)),
        tag("ul", *links),
    )
    body = tag("main", tag("h1", title), intro, *sections)
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', nav, body), lang='en')}\n"


_OPENAPI = ConstantDocument(lambda: orjson.dumps(openapi.document()), "application/json")
_ASYNCAPI = ConstantDocument(lambda: orjson.dumps(asyncapi.document()), "application/json")
_HTTP_PAGE = ConstantDocument(lambda: http_page().encode(), "text/html")
_CHANNELS_PAGE = ConstantDocument(lambda: channels_page().encode(), "text/html")
