"""Serves pages, styles and the client, which pages of other hosts may import.

`make pages` packages the folder `web/` into `build/pages/` (see `scripts/package_pages.mjs`). The
gateway serves that package if it was made from the `web/` beside it, and otherwise `web/` itself.
"""

import hashlib
import logging
import os
import re
from pathlib import Path, PurePath
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
WEB = _ROOT / "web"
PACKAGE = _ROOT / "build" / "pages"

MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types of served files. Other files, such as those of the npm package, are not served."""

IMMUTABLE = "public, max-age=31536000, immutable"

_HASH = re.compile(r"-[A-Z0-9]{8}(?=\.)")
_ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Encodings of packaged files, the smallest first."""


def served_folder(web: Path = WEB, package: Path = PACKAGE) -> Path:
    """The package if it was made from exactly these files of `web`, else `web`."""
    made_from = package / "sources"
    if not made_from.exists():
        return web
    if made_from.read_text() == digest_of(web):
        return package
    log.warning("packaged pages are outdated; serving the sources until `make pages` is run")
    return web


def digest_of(folder: Path) -> str:
    """A SHA-256 digest of the folder's files, their names included."""
    digest = hashlib.sha256()
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].read_bytes() + b"\0")
    return digest.hexdigest()


class Pages(StaticFiles):
    """Serves files of known types, compressed if the package has a compressed variant.

    Files below `assets/` have a content hash in their names and never change. Browsers revalidate
    all others by `ETag`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True)
        assets = (path.name for path in (folder / "assets").glob("*"))
        self._current = {_HASH.sub("", name): f"assets/{name}" for name in assets}

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a file. During an update, pages of the other release get this release's version of
        an asset."""
        full_path, found = super().lookup_path(path)
        if found is None and path.startswith("assets/"):
            current = self._current.get(_HASH.sub("", PurePath(path).name))
            full_path, found = super().lookup_path(current) if current else ("", None)
        if PurePath(full_path).suffix in MEDIA or os.path.isdir(full_path):
            return full_path, found
        return "", None

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The response for a path. Redirects to a folder's slash are relative, because only a proxy
        knows the public host name."""
        response = await super().get_response(path, scope)
        if isinstance(response, RedirectResponse):
            query = scope["query_string"].decode("latin-1")
            response.headers["location"] = f"{PurePath(path).name}/{query and '?' + query}"
        return response

    def file_response(
        self, full_path: Any, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        encoding = _encoding(str(full_path), scope)
        path = f"{full_path}{_ENCODINGS.get(encoding, '')}"
        stat = os.stat(path) if encoding else stat_result
        response = super().file_response(path, stat, scope, status_code)
        is_immutable = scope["path"].endswith(f"/assets/{PurePath(full_path).name}")
        response.headers["cache-control"] = IMMUTABLE if is_immutable else "no-cache"
        response.headers["vary"] = "Accept-Encoding"
        if response.status_code == 200:
            response.headers["content-type"] = MEDIA[PurePath(full_path).suffix]
            if encoding:
                response.headers["content-encoding"] = encoding
        return response


def accepted_encodings(headers: Headers) -> set[str]:
    """Content encodings that the client accepts."""
    accepted = set()
    for part in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if weight.strip("0.") or not weight:
            accepted.add(name)
    return accepted


def _encoding(full_path: str, scope: Scope) -> str:
    """The smallest encoding that the client accepts and the package has; empty if there is none."""
    accepted = accepted_encodings(Headers(scope=scope))
    for encoding, suffix in _ENCODINGS.items():
        if encoding in accepted and os.path.exists(full_path + suffix):
            return encoding
    return ""
