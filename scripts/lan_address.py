"""The address at which devices of the local network reach this machine. Sends nothing."""

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterator

from scripts.preflight import PreflightError

EXTERNAL_ADDRESS = ("192.0.2.1", 9)
"""A documentation address (RFC 5737), which the default route leads to."""
VIRTUAL = ("br-", "docker", "veth", "virbr")
"""Name prefixes of virtual interfaces, which only programs on this machine can reach."""
_SIOCGIFADDR = 0x8915


def lan_address(wanted: str | None = None) -> str:
    """`wanted`, or the IPv4 address with which this machine reaches other networks.

    Without a default route, it is the first interface's address, virtual interfaces last. Raises
    PreflightError.
    """
    if wanted is not None:
        if not (_is_reachable(wanted) and _is_of_this_machine(wanted)):
            raise PreflightError(
                f"PHONE={wanted} is not an IPv4 address of this machine that a phone could reach: "
                "set it to one, such as PHONE=192.168.1.20, or to 1 to detect one."
            )
        return wanted
    found = next(filter(_is_reachable, _candidates()), None)
    if found is None:
        raise PreflightError(
            "This machine has no address that a phone could reach: connect it to the phone's "
            "network, or set PHONE to an address of it, such as PHONE=192.168.1.20."
        )
    return found


def _candidates() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(EXTERNAL_ADDRESS)  # for UDP, this only selects a route and an address
            yield probe.getsockname()[0]
        except OSError:
            pass
        names = [name for _, name in socket.if_nameindex()]
        for name in sorted(names, key=lambda each: each.startswith(VIRTUAL)):
            try:  # Linux only; other systems use the default route
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()))
            except OSError:
                continue
            yield socket.inet_ntoa(answer[20:24])


def _is_reachable(address: str) -> bool:
    try:
        ip = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return not (ip.is_loopback or ip.is_unspecified or ip.is_multicast)


def _is_of_this_machine(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
