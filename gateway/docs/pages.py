"""The OpenAPI and AsyncAPI documents, and a page for each: a template around a packaged viewer."""

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
"""By name: the installed distribution that has the file, its folder and its media type."""


def api_routes() -> list[Route]:
    """Below `/api`."""
    return [
        _route("/openapi.json", _OPENAPI),
        _route("/docs", _HTTP_PAGE),
        _route("/asyncapi", _CHANNELS_PAGE),
        *(_route(f"/viewer/{name}", _viewer_file(name)) for name in _VIEWERS),
    ]


def document_routes() -> list[Route]:
    """Beside `/api`."""
    return [_route("/asyncapi.json", _ASYNCAPI)]


def _route(path: str, document: ConstantDocument) -> Route:
    return Route(path, document.answer, methods=["GET"])


def _viewer_file(name: str) -> ConstantDocument:
    package, folder, media_type = _VIEWERS[name]

    def read() -> bytes:
        # Importing the package would import frameworks that are not used here.
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
