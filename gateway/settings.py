"""The settings of a gateway, which `serve_app.py` fills."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from annotated_types import Ge, Gt, Le

from protocol.commands import MAX_LINES
from protocol.limits import DEFAULT_LIMITS, MAX_DEPTH, MessageLimits
from restaurant_qr_wire.channels import MAX_FRAME_BYTES

Network = IPv4Network | IPv6Network
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

PositiveInt = Annotated[int, Gt(0)]
Seconds = Annotated[float, Gt(0)]


@dataclass(slots=True)
class Limits:
    """The limits of one gateway replica. A client over a limit gets an error; others are not
    affected. RELOADABLE_LIMITS can change at run time and then apply to sockets opened afterwards.
    """

    messages_per_s: Annotated[float, Gt(0)] = 100.0
    """Average rate of messages on a connection, and of HTTP requests."""
    burst_messages: PositiveInt = 200
    """Messages or requests in a burst."""
    messages_per_s_per_token: Annotated[float, Gt(0)] = 1000.0
    """Average rate on all connections of one token together; a burst may have twice as many."""
    max_in_flight: PositiveInt = 64
    """Unanswered commands of a connection at which the gateway pauses reading from it."""
    send_queue_frames: PositiveInt = 1000
    """Unsent frames of a connection."""
    send_queue_bytes: PositiveInt = 1024 * 1024
    """Unsent data of a connection."""
    max_message_bytes: Annotated[int, Gt(0), Le(MAX_FRAME_BYTES)] = MAX_FRAME_BYTES
    """Size of a WebSocket message."""
    max_body_bytes: PositiveInt = 1024 * 1024
    """Size of an HTTP body."""
    max_guest_body_bytes: PositiveInt = 64 * 1024
    """Size of an HTTP body from a guest or without a token."""
    max_menu_file_bytes: PositiveInt = 2 * 1024 * 1024
    """Size of a file of a menu that a manager imports."""
    body_timeout_s: Seconds = 10.0
    """Time for an HTTP body to arrive."""
    max_depth: Annotated[int, Ge(MAX_DEPTH)] = DEFAULT_LIMITS.max_depth
    """Nesting of JSON."""
    max_string_chars: PositiveInt = DEFAULT_LIMITS.max_text
    """Length of a string."""
    max_items: PositiveInt = MAX_LINES
    """Lines of an order."""
    ping_interval_s: Seconds = 20.0
    """Time between two pings of a client, and time for its answer."""
    max_connections: PositiveInt = 20_000
    """Sockets of a replica; staff may exceed this by 5 %."""
    max_connections_per_ip: PositiveInt = 1000
    """Sockets of one client address; staff are exempt."""
    max_connections_per_principal: PositiveInt = 1000
    """Sockets of one guest's party, member of staff or token."""
    max_subscribers: PositiveInt = 10_000
    """Sockets on one channel of one entity; staff are exempt."""

    @property
    def bounds(self) -> MessageLimits:
        """The limits of one message."""
        return MessageLimits(self.max_message_bytes, self.max_depth, self.max_string_chars)


RELOADABLE_LIMITS = frozenset(
    {
        "messages_per_s",
        "burst_messages",
        "max_in_flight",
        "send_queue_frames",
        "send_queue_bytes",
        "max_connections",
    }
)


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An external issuer of tokens: the URL of its keys, and the `iss` and `aud` of its tokens."""

    jwks_url: str
    issuer: str
    audience: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Signing keys of the service: `tokens` are the HS256 keys of tokens and of sign-in codes,
    `codes` the keys of printed table codes. The first of each signs, all are accepted."""

    tokens: tuple[str, ...] = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Settings of one gateway. `allowed_origins` are origins of other web pages that may use it;
    `X-Forwarded-For` is read only from `trusted_proxies`, which have no limit by address
    themselves. `public_url` is the service's public address, for QR codes. Photos
    are stored below `media_url`; without it there are none."""

    keys: Keys
    allow_anonymous: bool = True
    limits: Limits = field(default_factory=Limits)
    trusted_proxies: tuple[Network, ...] = LOOPBACK
    allowed_origins: frozenset[str] = frozenset()
    public_url: str | None = None
    media_url: str | None = None
    provider: IdentityProvider | None = None
