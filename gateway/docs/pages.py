"""The OpenAPI and AsyncAPI documents, and an HTML page for each with a packaged viewer."""

from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader
from starlette.routing import Route

from gateway.docs import asyncapi, openapi
from gateway.docs.constant_document import ConstantDocument

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True
)
_VIEWERS = {
    "swagger-ui-bundle.js": ("fastapi-offline", "fastapi_offline/static", "text/javascript"),
    "swagger-ui.css": ("fastapi-offline", "fastapi_offline/static", "text/css"),
    "asyncapi-viewer.iife.js": ("asyncapi-viewer", "asyncapi_viewer/static", "text/javascript"),
}
"""File name -> its installed distribution, its folder there, and its media type."""


def api_routes() -> list[Route]:
    """Routes below `/api`."""
    return [
        _route("/openapi.json", _OPENAPI),
        _route("/docs", _HTTP_PAGE),
        _route("/asyncapi", _CHANNELS_PAGE),
        *(_route(f"/viewer/{name}", _viewer_file(name)) for name in _VIEWERS),
    ]


def document_routes() -> list[Route]:
    """Routes at the root."""
    return [_route("/asyncapi.json", _ASYNCAPI)]


def _route(path: str, document: ConstantDocument) -> Route:
    return Route(path, document.answer, methods=["GET"])


def _viewer_file(name: str) -> ConstantDocument:
    package, folder, media_type = _VIEWERS[name]

    def read() -> bytes:
        # The file is located without an import, which would load unused frameworks.
        return Path(str(distribution(package).locate_file(f"{folder}/{name}"))).read_bytes()

    return ConstantDocument(read, media_type)


def _render(template: str, **values: Any) -> bytes:
    return _TEMPLATES.get_template(template).render(values).encode()


def _channels_page() -> bytes:
    return _render("channels.html", close_codes=asyncapi.document()["x-close-codes"])


_OPENAPI = ConstantDocument(lambda: orjson.dumps(openapi.document()), "application/json")
_ASYNCAPI = ConstantDocument(lambda: orjson.dumps(asyncapi.document()), "application/json")
_HTTP_PAGE = ConstantDocument(lambda: _render("http.html"), "text/html")
_CHANNELS_PAGE = ConstantDocument(_channels_page, "text/html")
