"""Where a caller is: the address that the trusted proxies in front of the gateway have seen."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import Scope

Network = IPv4Network | IPv6Network

_FORWARDED = b"x-forwarded-for"
FORWARDS_READ = 8
"""Proxies behind one another that are looked at, from the nearest."""


class Addresses:
    """Reads `X-Forwarded-For` as far as it was written by trusted proxies, from its end."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)

    def of(self, scope: Scope) -> str | None:
        """The caller's address, of IPv6 the /64 that one site has all of; None where nobody but
        trusted proxies is known, as on the machine itself."""
        peer = scope.get("client")
        address = _normal(peer[0]) if peer else None
        if address is None or not self._is_trusted(address):
            return _site(address)
        for hop in reversed(_forwarded(scope)[-FORWARDS_READ:]):
            address = _normal(hop)
            if address is None:
                return None
            if not self._is_trusted(address):
                return _site(address)
        return None

    def _is_trusted(self, address: str) -> bool:
        parsed = ip_address(address)
        return any(parsed in network for network in self._trusted)


def _forwarded(scope: Scope) -> list[str]:
    """The hops of all such headers, the nearest last."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED]
    return [hop.strip() for value in values for hop in value.split(",")]


def _site(address: str | None) -> str | None:
    if address is None or ":" not in address:
        return address
    return str(IPv6Network((address, 64), strict=False))


def _normal(text: str) -> str | None:
    """One spelling an address; None where it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
