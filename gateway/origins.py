"""Which web pages may speak to the gateway from a browser, and what its own pages may do there.

A browser sends cookies, tokens and open doors along with any page's requests and sockets; `Origin`
says which page it was. Other clients send none.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.metrics import HTTP
from gateway.turned_away import TurnedAway
from protocol.errors import Code, Rejected
from protocol.frames import encode

_PAGES_MAY = {
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
    Code.FORBIDDEN, "This web page may not do that: add its origin to allowed_origins."
)
_OTHER_NAME = Rejected(
    Code.FORBIDDEN,
    "With auth=open the service is called localhost, or by a loopback address: use one of these, "
    "or set auth=required.",
)


REMEMBERED = 1000
"""Cached decisions."""
MAX_LETTERS = 600
"""Maximum length of origin and host together in the cache."""
ANY_PAGE = "*"
"""The allowed origin that matches every page."""

_AUTHORITY = r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?"
_HOST = re.compile(_AUTHORITY)
_ORIGIN = re.compile(rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>{_AUTHORITY})")

_TURNED_AWAY = TurnedAway("page", "web pages of other hosts were turned away")


class Origins:
    """`allowed` are origins such as `https://app.example`, or `*` for any page at all.

    `open_door`: pages of the machine itself are let in, on any port, and no other name of it is
    good: a page could make its own name lead here, and be taken for the gateway's.
    """

    def __init__(self, allowed: Collection[str], *, open_door: bool) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)
        self._open_door = open_door
        self._judged = lru_cache(REMEMBERED)(self._judge)

    def refusal(self, scope: Scope) -> Rejected | None:
        """None for a request of no page, of the gateway's own or a named one."""
        headers = Headers(scope=scope)
        origin, host = headers.get("origin"), headers.get("host", "")
        short = len(host) + len(origin or "") <= MAX_LETTERS
        refused = (self._judged if short else self._judge)(origin, host)
        if refused is not None:
            _TURNED_AWAY.one(refused.error)
        return refused

    def _judge(self, origin: str | None, host: str) -> Rejected | None:
        host = host.lower()
        if self._open_door and not _is_local(_HOST.fullmatch(host)):
            return _OTHER_NAME
        return None if self._may(origin, host) else _FOREIGN_PAGE

    def _may(self, origin: str | None, host: str) -> bool:
        if origin is None or ANY_PAGE in self._allowed:
            return True
        origin = origin.lower()
        if origin in self._allowed:
            return True
        page = _ORIGIN.fullmatch(origin)
        if page is None or page["scheme"] not in ("http", "https"):
            return False
        return page["authority"] == host or (self._open_door and _is_local(page))


def is_origin(text: str) -> bool:
    """Whether a text is an origin that a browser may send, such as `https://app.example`."""
    return _ORIGIN.fullmatch(text.rstrip("/").lower()) is not None


def _is_local(found: re.Match[str] | None) -> bool:
    """Whether a host or an origin names this machine itself; False if it has no name."""
    if found is None:
        return False
    name = found["name"].strip("[]")
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


class NamedPages:
    """Refuses requests of other pages before anything is done: a browser sends some of them
    without asking."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._origins.refusal(scope) if scope["type"] == "http" else None
        if refused is None:
            await self._app(scope, receive, send)
        else:
            HTTP.add(of="403")
            body = encode(refused.body())
            await Response(body, 403, media_type="application/json")(scope, receive, send)


class PageHeaders:
    """Adds to every HTTP answer what the pages may do: no script but the gateway's own, no
    other host, and no frame but of one of its pages in another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_PAGES_MAY)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
