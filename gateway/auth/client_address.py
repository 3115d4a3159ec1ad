"""The address of a client, as reported by the trusted proxies in front of the gateway.

A request is local only if that is certain. An address that cannot be parsed is unknown, never
local: the two have different rights and separate limits.
"""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from starlette.types import Scope

from gateway.metrics import FORWARDS_IGNORED
from gateway.rejection_log import RejectionLog
from gateway.settings import Network

MAX_HOPS = 8
"""Maximum length of a chain of proxies. With a longer one the address is unknown."""
MAX_HOP_CHARS = 80
"""Maximum length of a hop. A quoted IPv6 address with brackets, zone and port is shorter."""
MAX_CACHED_HOPS = 10_000
"""Parsed hops that are cached."""

_FORWARDED_FOR = b"x-forwarded-for"
_OTHER_FORWARDS = frozenset({b"forwarded", b"via", b"x-real-ip"})
"""Other headers that proxies add to forwarded requests. Their values are not read."""
_HOP = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<v4>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?")
"""An IPv4 or a bracketed IPv6 address, with or without a port."""

_UNTRUSTED_PEER = RejectionLog(
    "untrusted_peer",
    "X-Forwarded-For was ignored because its sender is not in trusted_proxies: if it is your "
    "proxy, add it; until then all of its clients share one address",
    FORWARDS_IGNORED,
)
_UNREADABLE = RejectionLog(
    "unreadable",
    "a trusted proxy reported no valid client address: its clients share the limits of unknown "
    "addresses; configure it to append the client's address to X-Forwarded-For",
    FORWARDS_IGNORED,
)


class Locality(Enum):
    """Whether a client's address is local, known or unknown."""

    LOCAL = "local"
    KNOWN = "known"
    UNKNOWN = "unknown"


class ClientAddress(NamedTuple):
    """The address that a request came from. `site` is the IPv4 address, or the /64 network of an
    IPv6 address; empty unless the address is known."""

    locality: Locality
    site: str = ""

    @property
    def is_local(self) -> bool:
        """Whether a trusted address sent the request itself, as a program on this machine does."""
        return self.locality is Locality.LOCAL

    @property
    def quota_key(self) -> str:
        """The key by which guesses are counted. Local and unknown addresses have one each."""
        return self.site or self.locality.value

    @property
    def allocation(self) -> str | None:
        """The /48 network, which one customer may own; None if the address is not IPv6."""
        if ":" not in self.site:
            return None
        return str(IPv6Network(self.site).supernet(new_prefix=48))

    @property
    def rate_limit_key(self) -> str | None:
        """The key of the limits by address; None for a local address, which has no such limit."""
        return None if self.is_local else self.quota_key


LOCAL = ClientAddress(Locality.LOCAL)
UNKNOWN = ClientAddress(Locality.UNKNOWN)


class _Hop(NamedTuple):
    """One address in the chain of proxies."""

    site: str
    is_trusted: bool


class ClientAddressResolver:
    """Reads `X-Forwarded-For` from its end, as far as trusted proxies wrote it."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)
        self._hop = lru_cache(MAX_CACHED_HOPS)(self._read)

    def resolve(self, scope: Scope) -> ClientAddress:
        """The address of the client that a request or a socket came from."""
        peer = scope.get("client")
        hop = self._hop(peer[0]) if peer else None
        if hop is None:
            return UNKNOWN
        if not hop.is_trusted:
            if any(name == _FORWARDED_FOR for name, _ in scope["headers"]):
                _UNTRUSTED_PEER.record("untrusted peer")
            return ClientAddress(Locality.KNOWN, hop.site)
        address = self._forwarded(scope)
        if address is UNKNOWN:
            _UNREADABLE.record("not an address")
        return address

    def _forwarded(self, scope: Scope) -> ClientAddress:
        """The address that the trusted peer of a request reports."""
        forwarded = _forwarded_for(scope)
        for text in reversed(forwarded[-MAX_HOPS:]):
            hop = self._hop(text) if len(text) <= MAX_HOP_CHARS else None
            if hop is None:
                return UNKNOWN
            if not hop.is_trusted:
                return ClientAddress(Locality.KNOWN, hop.site)
        if len(forwarded) > MAX_HOPS:
            return UNKNOWN
        if not forwarded and any(name in _OTHER_FORWARDS for name, _ in scope["headers"]):
            return UNKNOWN
        return LOCAL

    def _read(self, text: str) -> _Hop | None:
        """The site of a hop, and whether it is a trusted proxy; None if it is not an address."""
        address = _address_in(text)
        if address is None:
            return None
        return _Hop(_site(address), any(address in network for network in self._trusted))


def _forwarded_for(scope: Scope) -> list[str]:
    """The hops of all `X-Forwarded-For` headers, the nearest last."""
    values = [v.decode("latin-1") for name, v in scope["headers"] if name == _FORWARDED_FOR]
    return [hop.strip() for value in values for hop in value.split(",")]


def _address_in(text: str) -> IPv4Address | IPv6Address | None:
    """An address with or without brackets, quotes, port and zone; None if it is anything else."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    written = _HOP.fullmatch(text)
    if written is not None:
        if written["port"] is not None and int(written["port"]) > 65535:
            return None
        text = written["v6"] if written["v6"] is not None else written["v4"]
        if (written["v6"] is not None) != (":" in text):
            return None
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _site(address: IPv4Address | IPv6Address) -> str:
    if address.version == 4:
        return str(address)
    return str(IPv6Network((address, 64), strict=False))
