"""Request handling for all HTTP routes: authentication, rate limits, bodies, lookups and errors."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from domain.access import Access
from engine.messages import CheckDevice, Query, Read, View
from gateway.admission import Admission
from gateway.auth.authenticator import bearer
from gateway.auth.client_address import ClientAddress, ClientAddressResolver
from gateway.auth.policy import Record
from gateway.auth.principal import Principal
from gateway.auth.revocation import SIGNED_OUT
from gateway.auth.visibility import admit
from gateway.backend.connectivity import PartitionDetector
from gateway.backend.host_client import HostClient
from gateway.http.body_reader import BodyReader
from gateway.limits import RATE_LIMITED, KeyedRateLimiter, TokenBucket, record_violation
from gateway.metrics import HTTP_REQUESTS
from gateway.parsing import parse_id
from gateway.settings import GatewaySettings
from protocol import commands as c
from protocol.codec import encode, parse_body
from protocol.errors import ERRORS, UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind
from storage.store import StoreUnavailable

MAX_KEY_CHARS = 64
MAX_UNAUTHENTICATED_BYTES = 4096
"""Maximum body of a caller without a token; it contains a code."""
INVALID_ID = Rejected(Code.INVALID_MESSAGE, "The id in the path must be a positive integer.")

T = TypeVar("T", bound=c.Command)
R = TypeVar("R")
Answer = Response | Rejected
AuthenticatedHandler = Callable[[Request, Principal], Awaitable[Answer]]


def error_response(rejected: Rejected) -> Response:
    """An error in its wire form, with its HTTP status."""
    rule = ERRORS[rejected.code]
    headers = {"Retry-After": "1"} if rule.retry else None
    return json(rejected.body(), rule.http_status, headers)


def json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(body), status, headers, media_type="application/json")


class ApiRequests:
    """The request handling that all routes of a gateway share."""

    def __init__(
        self,
        settings: GatewaySettings,
        admission: Admission,
        client: HostClient,
        partition: PartitionDetector,
    ) -> None:
        limits = settings.limits
        self._limits = limits
        self._bounds = limits.bounds

        def bucket() -> TokenBucket:
            return TokenBucket(limits.messages_per_s, limits.burst_messages)

        self.rate_limiter = KeyedRateLimiter(bucket, "requests")
        self._bucket = bucket
        self._bodies = BodyReader(limits, self.rate_limiter)
        self._bad_token_limiter = KeyedRateLimiter(bucket, "bad_tokens")
        self._client_addresses = ClientAddressResolver(settings.trusted_proxies)
        self._admission = admission
        self._client = client
        self._partition = partition

    def route(self, method: str, path: str, handler: AuthenticatedHandler) -> Route:
        """A route for callers with a valid token; each request counts against its limit."""
        return Route(path, partial(self._authenticate, handler), methods=[method])

    async def _authenticate(self, handler: AuthenticatedHandler, request: Request) -> Response:
        if self._partition.is_partitioned:
            return _error(UNAVAILABLE)
        token = bearer(request.headers.get("authorization"), (), request.query_params.get("token"))
        address = self.client_address(request)
        principal = await self._admission.principal(token, address)
        if isinstance(principal, Rejected):
            is_bad = principal.code is Code.UNAUTHENTICATED
            within = not is_bad or _is_within_rate(self._bad_token_limiter, address)
            return _error(principal if within else RATE_LIMITED)
        if not self._bodies.charge(principal.quota_key, 1):
            return _error(RATE_LIMITED)
        return await _response_of(self._handle_unless_signed_out(request, principal, handler))

    async def _handle_unless_signed_out(
        self, request: Request, principal: Principal, handler: AuthenticatedHandler
    ) -> Answer:
        """Handle a request, unless it comes from a staff device that was signed out."""
        if principal.device_id is not None and principal.restaurant_id is not None:
            home = Address(Kind.RESTAURANT, principal.restaurant_id, principal.restaurant_id)
            reply = await self.query(CheckDevice(home, principal.device_id), Access)
            if isinstance(reply, Rejected) and reply.code is not Code.NOT_FOUND:
                return reply
            if reply is not Access.GRANTED:
                return SIGNED_OUT
        return await handler(request, principal)

    def unauthenticated_route(
        self, path: str, command: type[T], handler: Callable[[Request, T], Awaitable[Answer]]
    ) -> Route:
        """A route for callers without a token, with this command in a short body. Requests are
        counted by address before the body is read, separately for each command, so that guests who
        join tables cannot keep staff from signing in."""
        rates = KeyedRateLimiter(self._bucket, "joins")

        async def answer(request: Request) -> Answer:
            body = await self._bodies.read(
                request, min(MAX_UNAUTHENTICATED_BYTES, self._limits.max_body_bytes)
            )
            parsed = body if isinstance(body, Rejected) else self._parsed(request, command, body)
            return parsed if isinstance(parsed, Rejected) else await handler(request, parsed)

        async def respond(request: Request) -> Response:
            if self._partition.is_partitioned:
                return _error(UNAVAILABLE)
            if not _is_within_rate(rates, self.client_address(request)):
                return _error(RATE_LIMITED)
            unready = await self._admission.ready()
            return await _response_of(answer(request)) if unready is None else _error(unready)

        return Route(path, respond, methods=["POST"])

    def client_address(self, request: Request) -> ClientAddress:
        """The address of the client that sent a request."""
        return self._client_addresses.resolve(request.scope)

    async def resolve_readable(
        self, request: Request, principal: Principal, kind: Kind, what: Channel | Record
    ) -> Address | Rejected:
        """The entity of a path's `{id}`, if the caller may read `what` of it."""
        id_ = parse_id(request.path_params["id"])
        if id_ is None:
            return INVALID_ID
        return await self._admission.resolve_readable(principal, kind, id_, what)

    async def query(self, query: Query, reply_type: type[R]) -> R | Rejected:
        """Send a query. Returns the reply, which must be of that type."""
        reply = await self._client.send_until_created(query)
        return reply if isinstance(reply, (reply_type, Rejected)) else UNAVAILABLE

    async def read(
        self, principal: Principal, address: Address, channel: Channel
    ) -> View | Rejected:
        """A channel's snapshot as the caller may see it."""
        reply = await self.query(Read(address, channel, principal.role), View)
        return reply if isinstance(reply, Rejected) else admit(principal, channel, reply)

    async def command(
        self, request: Request, command: type[T], principal: Principal, **known: Any
    ) -> T | Rejected:
        """The command in a request's body, path and `Idempotency-Key`. A large body counts as
        several requests."""
        limit = self._limits.max_body_bytes
        if not principal.caller.is_staff:
            limit = min(limit, self._limits.max_guest_body_bytes)
        body = await self._bodies.read(request, limit, principal.quota_key)
        return body if isinstance(body, Rejected) else self._parsed(request, command, body, **known)

    async def body(self, request: Request, limit: int) -> bytes | Rejected:
        """The body of a file's upload, which counts as one request whatever its size."""
        return await self._bodies.read(request, limit)

    async def menu_file(self, request: Request, principal: Principal) -> bytes | Rejected:
        """The file in a request's body."""
        return await self._bodies.read(
            request, self._limits.max_menu_file_bytes, principal.quota_key
        )

    def _parsed(
        self, request: Request, command: type[T], body: bytes, **known: Any
    ) -> T | Rejected:
        key = idempotency_key(request)
        if isinstance(key, Rejected):
            return key
        return record_violation(parse_body(command, body, self._bounds, request_id=key, **known))


def idempotency_key(request: Request) -> str | Rejected | None:
    """The `Idempotency-Key` of a request, if it has one."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MAX_KEY_CHARS:
        return Rejected(
            Code.INVALID_MESSAGE, f"Idempotency-Key must have at most {MAX_KEY_CHARS} characters."
        )
    return key


def _is_within_rate(rates: KeyedRateLimiter, address: ClientAddress) -> bool:
    """Count one request of an address; False if it is over its limit."""
    key = address.rate_limit_key
    return key is None or rates.take(key)


async def _response_of(answering: Awaitable[Answer]) -> Response:
    """The response of a handler; failures in the protocol's form."""
    try:
        answer = await answering
    except StoreUnavailable:
        answer = UNAVAILABLE
    except ClientDisconnect:
        answer = Response(status_code=499)
    if isinstance(answer, Rejected):
        return _error(answer)
    HTTP_REQUESTS.add(label_value=str(answer.status_code))
    return answer


def _error(rejected: Rejected) -> Response:
    HTTP_REQUESTS.add(label_value=str(ERRORS[rejected.code].http_status))
    return error_response(rejected)
