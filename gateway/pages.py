"""The files of `web/`: pages, styles, and the client that pages import without a build."""

import os
from pathlib import PurePath
from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""What is served, and as what; other files, such as those of the npm package, are not."""


class Pages(StaticFiles):
    """Files of known types. A browser asks each time whether its copy is current, by ETag."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        full_path, found = super().lookup_path(path)
        if PurePath(full_path).suffix in MEDIA or os.path.isdir(full_path):
            return full_path, found
        return "", None

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A folder's slash is added without a host: only a proxy knows how it is called outside."""
        response = await super().get_response(path, scope)
        if isinstance(response, RedirectResponse):
            query = scope["query_string"].decode("latin-1")
            response.headers["location"] = f"{PurePath(path).name}/{query and '?' + query}"
        return response

    def file_response(self, full_path: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(full_path, *args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        if response.status_code == 200:
            response.headers["content-type"] = MEDIA[PurePath(full_path).suffix]
        return response
