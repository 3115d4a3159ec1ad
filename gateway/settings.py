"""What a gateway is told when it is built; `serve_app.py` decides it."""

from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Annotated

from annotated_types import Ge, Gt, Le

from gateway.addresses import Network
from protocol.bounds import BOUNDS, DEEPEST, MAX_FRAME_BYTES, Bounds
from protocol.commands import MAX_LINES

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

Many = Annotated[int, Gt(0)]
Seconds = Annotated[float, Gt(0)]


@dataclass(slots=True)
class Limits:
    """What one gateway replica takes before it refuses. Whoever is over a limit is told so; nobody
    else is slowed.

    A client sends `messages_per_s` on average and `burst` at once, on a connection and as requests,
    and `messages_per_s_per_token` on all its connections together, twice as many at once;
    `max_in_flight` commands of a connection are under way at most, then it is not read. What waits
    to be sent to it is bounded by `max_unsent` frames and `max_unsent_bytes`. It is pinged `ping_s`
    apart, and has as long to answer.

    A message has at most `max_message_bytes`, an HTTP body `max_body_bytes` and `body_s` to arrive;
    `max_guest_body_bytes` if its sender is a guest or has no token. Objects and lists are nested
    `max_depth` deep, a text has `max_text` characters, an order `max_items` lines; the protocol's
    own bounds hold as well.

    A replica holds `max_connections` sockets: `connections_per_address`, `connections_per_token`,
    and on one channel of one entity `max_subscribers`. Those of LIVE_LIMITS may change while
    sockets are open, and hold for those that open then.
    """

    messages_per_s: Annotated[float, Gt(0)] = 100.0
    burst: Many = 200
    messages_per_s_per_token: Annotated[float, Gt(0)] = 1000.0
    max_in_flight: Many = 64
    max_unsent: Many = 1000
    max_unsent_bytes: Many = 1024 * 1024
    max_message_bytes: Annotated[int, Gt(0), Le(MAX_FRAME_BYTES)] = MAX_FRAME_BYTES
    max_body_bytes: Many = 1024 * 1024
    max_guest_body_bytes: Many = 64 * 1024
    body_s: Seconds = 10.0
    max_depth: Annotated[int, Ge(DEEPEST)] = BOUNDS.max_depth
    max_text: Many = BOUNDS.max_text
    max_items: Many = MAX_LINES
    ping_s: Seconds = 20.0
    max_connections: Many = 20_000
    connections_per_address: Many = 1000
    connections_per_token: Many = 1000
    max_subscribers: Many = 10_000

    @property
    def bounds(self) -> Bounds:
        """Of one message."""
        return Bounds(self.max_message_bytes, self.max_depth, self.max_text)


LIVE_LIMITS = frozenset(
    {
        "messages_per_s",
        "burst",
        "max_in_flight",
        "max_unsent",
        "max_unsent_bytes",
        "max_connections",
    }
)


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """Who else issues tokens: where its keys are, and the `iss` and `aud` of its tokens for us."""

    jwks_url: str
    issuer: str
    audience: str


@dataclass(frozen=True, slots=True)
class Keys:
    """What the service signs with: `tokens` are the HS256 keys of tokens and of sign-in codes,
    `codes` the keys of printed table codes. The first of each signs, all of each are accepted."""

    tokens: tuple[str, ...] = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """`allowed_origins` are web pages of other hosts that may use the gateway; `trusted_proxies`
    are believed about the address of a client, and have no limit by address themselves.
    `public_url` is where guests reach the service, for QR codes."""

    keys: Keys
    open_door: bool = True
    limits: Limits = field(default_factory=Limits)
    trusted_proxies: tuple[Network, ...] = LOOPBACK
    allowed_origins: frozenset[str] = frozenset()
    public_url: str | None = None
    provider: IdentityProvider | None = None
