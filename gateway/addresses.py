"""Where a caller is: the address that the trusted proxies in front of the gateway have seen."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

Network = IPv4Network | IPv6Network

_FORWARDED = b"x-forwarded-for"
FORWARDS_READ = 8
"""Proxies behind one another that are looked at, from the nearest."""
REMEMBERED = 10_000
"""Hops that are not read anew."""


class Addresses:
    """Reads `X-Forwarded-For` as far as it was written by trusted proxies, from its end."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)
        self._hop = lru_cache(REMEMBERED)(self._read)

    def of(self, scope: Scope) -> str | None:
        """The caller's address, of IPv6 the /64 that one site has all of; None where nobody but
        trusted proxies is known, as on the machine itself."""
        peer = scope.get("client")
        if not peer:
            return None
        site, is_trusted = self._hop(peer[0])
        if not is_trusted:
            return site
        for hop in reversed(_forwarded(scope)[-FORWARDS_READ:]):
            site, is_trusted = self._hop(hop)
            if not is_trusted:
                return site
        return None

    def _read(self, hop: str) -> tuple[str | None, bool]:
        """Where a hop is, None where that is no address; and whether it is a trusted proxy."""
        try:
            parsed = ip_address(hop)
        except ValueError:
            return None, False
        address = getattr(parsed, "ipv4_mapped", None) or parsed
        return _site(address), any(address in network for network in self._trusted)


def _forwarded(scope: Scope) -> list[str]:
    """The hops of all such headers, the nearest last."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED]
    return [hop.strip() for value in values for hop in value.split(",")]


def _site(address: IPv4Address | IPv6Address) -> str:
    if address.version == 4:
        return str(address)
    return str(IPv6Network((address, 64), strict=False))
