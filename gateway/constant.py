"""Documents that are the same for every request, such as the API's own description."""

from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response


class _Encoded(NamedTuple):
    body: bytes
    etag: str


class ConstantDocument:
    """Encodes a document at its first request, and serves it with an `ETag`."""

    def __init__(self, make: Callable[[], bytes], media_type: str) -> None:
        self._make = make
        self._media_type = media_type

    async def answer(self, request: Request) -> Response:
        """The document; 304 if the request names its `ETag`."""
        headers = {"ETag": self._encoded.etag, "Cache-Control": "no-cache"}
        if _names(request.headers.get("if-none-match", ""), self._encoded.etag):
            return Response(status_code=304, headers=headers)
        return Response(self._encoded.body, headers=headers, media_type=self._media_type)

    @cached_property
    def _encoded(self) -> _Encoded:
        body = self._make()
        return _Encoded(body, f'"{sha256(body).hexdigest()[:32]}"')


def _names(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
