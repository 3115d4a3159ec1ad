"""What all HTTP requests have in common: who calls, what they name, the body, and how it fails."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from actors.messages import Read, View
from gateway.addresses import Addresses, ClientAddress
from gateway.identity import Identity, Principal, bearer
from gateway.isolation import Isolation
from gateway.limits import Rates, TokenBucket, counted, weight
from gateway.links import Links
from gateway.metrics import HTTP, LIMITED
from gateway.parsing import parse_id
from gateway.reach import Reach
from gateway.settings import GatewaySettings
from gateway.watches import SIGNED_OUT
from protocol import commands as c
from protocol.bounds import too_large
from protocol.errors import ERRORS, UNAVAILABLE, Code, Rejected
from protocol.frames import encode, parse_body
from protocol.ids import CHANNELS, Address, Channel, Kind
from storage.store import StoreUnavailable

LONGEST_KEY = 64
MAX_PUBLIC_BYTES = 4096
"""What a body may have of who has no token yet: there is a code in it."""
TOO_MANY = Rejected(Code.RATE_LIMITED, "Too many requests. Wait a moment and send it again.")

T = TypeVar("T", bound=c.Command)
Answer = Response | Rejected
Handler = Callable[[Request], Awaitable[Response]]


def refusal(rejected: Rejected) -> Response:
    """An error in its wire form, with the status that fits."""
    rule = ERRORS[rejected.code]
    headers = {"Retry-After": "1"} if rule.retry else None
    return json(rejected.body(), rule.http_status, headers)


def json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(body), status, headers, media_type="application/json")


class Door:
    """One for all routes of a gateway."""

    def __init__(
        self,
        settings: GatewaySettings,
        identity: Identity,
        reach: Reach,
        links: Links,
        isolation: Isolation,
    ) -> None:
        limits = settings.limits
        self._limits = limits
        self._bounds = limits.bounds

        def bucket() -> TokenBucket:
            return TokenBucket(limits.messages_per_s, limits.burst)

        self.rates = Rates(bucket, "requests")
        self._bucket = bucket
        self._bad_tokens = Rates(bucket, "bad tokens")
        self._addresses = Addresses(settings.trusted_proxies)
        self._identity = identity
        self._reach = reach
        self._links = links
        self._isolation = isolation

    def guard(self, handler: Callable[[Request, Principal], Awaitable[Answer]]) -> Handler:
        """Only for who says truly who they are."""

        async def guarded(request: Request) -> Response:
            if self._isolation.is_cut_off:
                return _refused(UNAVAILABLE)
            token = bearer(
                request.headers.get("authorization"), (), request.query_params.get("token")
            )
            address = self._addresses.of(request.scope)
            principal = await self._identity.principal(token, address)
            if isinstance(principal, Rejected):
                is_bad = principal.code is Code.UNAUTHENTICATED
                within = not is_bad or _within(self._bad_tokens, address)
                return _refused(principal if within else TOO_MANY)
            if principal.holder is not None and not self.rates.take(principal.holder):
                return _refused(TOO_MANY)
            return await _answered(self._signed_in(request, principal.at(address), handler))

        return guarded

    async def _signed_in(
        self,
        request: Request,
        principal: Principal,
        handler: Callable[[Request, Principal], Awaitable[Answer]],
    ) -> Answer:
        """Not for a staff device that was signed out."""
        if principal.device_id is not None and principal.restaurant_id is not None:
            home = Address(Kind.RESTAURANT, principal.restaurant_id, principal.restaurant_id)
            data = await self.look(home, Channel.DEVICES)
            if isinstance(data, Rejected):
                return SIGNED_OUT if data.code is Code.NOT_FOUND else data
            if all(each["device_id"] != principal.device_id for each in data["devices"]):
                return SIGNED_OUT
        return await handler(request, principal)

    def public(
        self, command: type[T], handler: Callable[[Request, T], Awaitable[Answer]]
    ) -> Handler:
        """Admit every caller, with this command in a short body. Requests are counted by address
        before the body is read, separately for each command, so that guests who join tables do not
        keep the staff from signing in."""
        rates = Rates(self._bucket, "joins")

        async def answered(request: Request) -> Response:
            if self._isolation.is_cut_off:
                return _refused(UNAVAILABLE)
            if not _within(rates, self._addresses.of(request.scope)):
                return _refused(TOO_MANY)
            unready = await self._identity.ready()
            if unready is not None:
                return _refused(unready)
            return await _answered(self._wished(request, command, handler))

        return answered

    async def _wished(
        self,
        request: Request,
        command: type[T],
        handler: Callable[[Request, T], Awaitable[Answer]],
    ) -> Answer:
        most = min(MAX_PUBLIC_BYTES, self._limits.max_body_bytes)
        body = await self._body(request, most)
        wish = body if isinstance(body, Rejected) else self._parsed(request, command, body, {})
        return wish if isinstance(wish, Rejected) else await handler(request, wish)

    def client_address(self, request: Request) -> ClientAddress:
        """The address of the client that sent a request."""
        return self._addresses.of(request.scope)

    async def address(self, kind: Kind, text: str, principal: Principal) -> Address | Rejected:
        """The entity that a path names, where the caller may know of it."""
        id_ = parse_id(text)
        if id_ is None:
            return Rejected(Code.INVALID_MESSAGE, "The id in the path must be a positive integer.")
        return await self._reach.find(principal, kind, id_)

    async def look(
        self, address: Address, channel: Channel | None = None
    ) -> dict[str, Any] | Rejected:
        """The data of a channel's snapshot, by default that of the entity's own channel."""
        wanted = channel or CHANNELS[address.kind][0]
        reply = await self._links.when_it_exists(Read(address, wanted))
        if isinstance(reply, View):
            data: dict[str, Any] = orjson.loads(reply.frame)["data"]
            return data
        return reply if isinstance(reply, Rejected) else UNAVAILABLE

    async def command(
        self, request: Request, command: type[T], principal: Principal, **known: Any
    ) -> T | Rejected:
        """The command in a request's body, path and `Idempotency-Key`. A large body counts as
        several requests."""
        limit = self._limits.max_body_bytes
        if not principal.caller.is_staff:
            limit = min(limit, self._limits.max_guest_body_bytes)
        body = await self._body(request, limit, principal.holder)
        return body if isinstance(body, Rejected) else self._parsed(request, command, body, known)

    def _parsed(
        self, request: Request, command: type[T], body: bytes, known: dict[str, Any]
    ) -> T | Rejected:
        key = request.headers.get("idempotency-key")
        if key is not None and not 0 < len(key) <= LONGEST_KEY:
            return Rejected(
                Code.INVALID_MESSAGE, f"Idempotency-Key has at most {LONGEST_KEY} characters."
            )
        return counted(parse_body(command, body, self._bounds, request_id=key, **known))

    async def _body(
        self, request: Request, limit: int, holder: str | None = None
    ) -> bytes | Rejected:
        """The body of a request. Its holder is charged for the declared length before the body
        is read; a body without a declared length is charged as it arrives."""
        declared, body = _content_length(request), bytearray()
        if declared > limit:
            return counted(too_large(limit, "body"))
        charged = weight(declared)
        if not self._charge(holder, charged - 1):  # the request itself was charged for
            return TOO_MANY
        seconds = self._limits.body_s
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limit:
                        return counted(too_large(limit, "body"))
                    more = weight(len(body)) - charged
                    if more > 0:
                        charged += more
                        if not self._charge(holder, more):
                            return TOO_MANY
        except TimeoutError:
            LIMITED.add(of="body time")
            return Rejected(Code.INVALID_MESSAGE, f"The body did not arrive within {seconds:g} s.")
        return bytes(body)

    def _charge(self, holder: str | None, count: int) -> bool:
        return holder is None or self.rates.take(holder, count)


def _content_length(request: Request) -> int:
    """The length that a request declares for its body; 0 if it declares none."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _within(rates: Rates, address: ClientAddress) -> bool:
    """Count one request of an address; False if it is over its limit."""
    key = address.limited_as
    return key is None or rates.take(key)


async def _answered(answering: Awaitable[Answer]) -> Response:
    """Every failure in the protocol's form."""
    try:
        answer = await answering
    except StoreUnavailable:
        answer = UNAVAILABLE
    except ClientDisconnect:
        answer = Response(status_code=499)
    if isinstance(answer, Rejected):
        return _refused(answer)
    HTTP.add(of=str(answer.status_code))
    return answer


def _refused(rejected: Rejected) -> Response:
    HTTP.add(of=str(ERRORS[rejected.code].http_status))
    return refusal(rejected)
