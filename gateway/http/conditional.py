"""Responses with an `ETag`: 304 if the client has the body already, gzip if it accepts that."""

import asyncio
import gzip
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from gateway.http.pages import accepted_encodings

MIN_COMPRESSED_BYTES = 1400
"""Smaller bodies fit into one packet anyway."""
MAX_INLINE_BYTES = 32_000
"""Larger bodies are compressed in a thread."""


def etag_of(body: bytes) -> str:
    """The strong `ETag` of a body."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def accepts_gzip(request: Request) -> bool:
    return "gzip" in accepted_encodings(request.headers)


def revalidated(request: Request, etag: str, headers: dict[str, str]) -> Response | None:
    """The 304 response if the request names this `ETag`, else None."""
    named = request.headers.get("if-none-match", "")
    tags = [tag.strip().removeprefix("W/") for tag in named.split(",")]
    return Response(status_code=304, headers=headers) if etag in tags or tags == ["*"] else None


async def json_response(request: Request, body: bytes) -> Response:
    """A JSON response that the caller alone may keep, and revalidates each time."""
    is_compressed = len(body) >= MIN_COMPRESSED_BYTES and accepts_gzip(request)
    etag = etag_of(body)
    if is_compressed:
        etag = f'{etag[:-1]}-gzip"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Authorization",
    }
    unchanged = revalidated(request, etag, headers)
    if unchanged is not None:
        return unchanged
    if is_compressed:
        headers["Content-Encoding"] = "gzip"
        if len(body) > MAX_INLINE_BYTES:
            body = await asyncio.to_thread(gzip.compress, body, 1, mtime=0)
        else:
            body = gzip.compress(body, 1, mtime=0)
    return Response(body, headers=headers, media_type="application/json")
