"""Static documents, such as the API's description."""

import gzip
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from gateway.http.conditional import accepts_gzip, etag_of, revalidated


class _Encoded(NamedTuple):
    body: bytes
    etag: str
    encoding: dict[str, str]


class ConstantDocument:
    """Builds a document on its first request, and serves it with an `ETag`, plain or gzipped."""

    def __init__(self, make: Callable[[], bytes], media_type: str) -> None:
        self._make = make
        self._media_type = media_type

    async def answer(self, request: Request) -> Response:
        """Return the document; 304 if the request's `If-None-Match` matches its `ETag`."""
        document = self._compressed if accepts_gzip(request) else self._plain
        headers = {
            "ETag": document.etag,
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
        }
        unchanged = revalidated(request, document.etag, headers)
        if unchanged is not None:
            return unchanged
        headers |= document.encoding
        return Response(document.body, headers=headers, media_type=self._media_type)

    @cached_property
    def _plain(self) -> _Encoded:
        return _encoded(self._make(), {})

    @cached_property
    def _compressed(self) -> _Encoded:
        return _encoded(gzip.compress(self._plain.body, mtime=0), {"Content-Encoding": "gzip"})


def _encoded(body: bytes, encoding: dict[str, str]) -> _Encoded:
    return _Encoded(body, etag_of(body), encoding)
