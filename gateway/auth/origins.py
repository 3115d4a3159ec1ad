"""Checks which web pages use the gateway, and restricts its own pages with security headers.

Any page can make a browser on this machine send requests and open sockets; `Origin` names the page.
Other clients send no `Origin`.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.metrics import HTTP_REQUESTS
from gateway.rejection_log import RejectionLog
from protocol.codec import encode
from protocol.errors import Code, Rejected

_SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; media-src 'self'; "
        "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


_FOREIGN_PAGE = Rejected(
    Code.FORBIDDEN,
    "Cannot serve this web page because its origin is not in allowed_origins. Add it there.",
)
_FOREIGN_HOST = Rejected(
    Code.FORBIDDEN,
    "Cannot serve this host name with auth=open. Use localhost or a loopback address, or set "
    "auth=required.",
)


MAX_CACHED_DECISIONS = 1000
"""Maximum number of cached decisions."""
MAX_CACHED_CHARS = 600
"""Maximum length of origin and host together in the cache."""
ANY_PAGE = "*"
"""The allowed origin that matches every page."""

_AUTHORITY = r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?"
_HOST = re.compile(_AUTHORITY)
_ORIGIN = re.compile(rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>{_AUTHORITY})")

_REJECTED_PAGES = RejectionLog("page", "web pages of other hosts rejected")


class Origins:
    """`allowed` are origins such as `https://app.example`, or `*` for any page.

    With `allow_anonymous`, pages of this machine are allowed on any port, and `Host` must name this
    machine: a page could otherwise let its own domain resolve to this address (DNS rebinding).
    """

    def __init__(self, allowed: Collection[str], *, allow_anonymous: bool) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)
        self._allow_anonymous = allow_anonymous
        self._cached_check = lru_cache(MAX_CACHED_DECISIONS)(self._check)

    def check(self, scope: Scope) -> Rejected | None:
        """Why a request is rejected; None if it has no origin, an allowed one, or that of the
        gateway's own pages."""
        headers = Headers(scope=scope)
        origin, host = headers.get("origin"), headers.get("host", "")
        is_cacheable = len(host) + len(origin or "") <= MAX_CACHED_CHARS
        refused = (self._cached_check if is_cacheable else self._check)(origin, host)
        if refused is not None:
            _REJECTED_PAGES.record(refused.error)
        return refused

    def _check(self, origin: str | None, host: str) -> Rejected | None:
        host = host.lower()
        if self._allow_anonymous and not _is_local(_HOST.fullmatch(host)):
            return _FOREIGN_HOST
        return None if self._is_allowed(origin, host) else _FOREIGN_PAGE

    def _is_allowed(self, origin: str | None, host: str) -> bool:
        if origin is None or ANY_PAGE in self._allowed:
            return True
        origin = origin.lower()
        if origin in self._allowed:
            return True
        page = _ORIGIN.fullmatch(origin)
        if page is None or page["scheme"] not in ("http", "https"):
            return False
        return page["authority"] == host or (self._allow_anonymous and _is_local(page))


def is_origin(text: str) -> bool:
    """Whether a text is an origin that a browser may send, such as `https://app.example`."""
    return _ORIGIN.fullmatch(text.rstrip("/").lower()) is not None


def _is_local(found: re.Match[str] | None) -> bool:
    """Whether a host or an origin names this machine itself; False if there is none."""
    if found is None:
        return False
    name = found["name"].strip("[]")
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


class OriginMiddleware:
    """Rejects requests of other pages before they are handled, because a browser sends simple
    requests without a preflight."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._origins.check(scope) if scope["type"] == "http" else None
        if refused is None:
            await self._app(scope, receive, send)
        else:
            HTTP_REQUESTS.add(label_value="403")
            body = encode(refused.body())
            await Response(body, 403, media_type="application/json")(scope, receive, send)


class SecurityHeadersMiddleware:
    """Adds security headers to every HTTP response: only the gateway's own scripts, no other host,
    and frames only of its pages in each other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
