"""The sockets that a gateway listens on."""

import errno
import ipaddress
import socket
import sys

BACKLOG = 4096
USER_TIMEOUT_MS = 60_000
"""How long the kernel waits for a client to acknowledge sent data."""
LOOPBACK = ("127.0.0.1", "::1")
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class ListenError(OSError):
    """The port cannot be bound. The message says what to do."""


def listening_addresses(host: str) -> tuple[str, ...]:
    """The addresses of the setting `host`. Loopback is IPv4 and IPv6, because `localhost` may be
    either, and is added to any other single address for programs on this machine."""
    if host == "localhost":
        return LOOPBACK
    address = ipaddress.ip_address(host.strip("[]"))
    if address.is_loopback:
        return tuple(dict.fromkeys((str(address), *LOOPBACK)))
    if address.is_unspecified:
        return ("0.0.0.0", "::")  # noqa: S104  # as configured
    return (str(address), *LOOPBACK)


def bind_sockets(host: str, port: int, *, is_shared: bool) -> list[socket.socket]:
    """Sockets bound to all addresses of `host` that this machine has; `is_shared` with the other
    gateways of this machine. Raises ListenError."""
    bound: list[socket.socket] = []
    for address in listening_addresses(host):
        try:
            bound.append(_bind(address, port, is_shared=is_shared))
            port = bound[0].getsockname()[1]  # chosen by the system if it was 0
        except OSError as error:
            is_absent = error.errno in _ABSENT and ":" in address and bound
            if is_absent or (address in LOOPBACK and error.errno == errno.EADDRNOTAVAIL):
                continue  # a machine without IPv6
            for each in bound:
                each.close()
            raise ListenError(
                error.errno,
                f"Cannot listen on port {port} of {address} ({error.strerror}): stop the program "
                "that uses it, or set RESTAURANT_QR_PORT to a free port.",
            ) from error
    return bound


def is_free(host: str, port: int) -> bool:
    """Whether no program, such as another installation of this application, listens on the port of
    any of the host's addresses."""
    try:
        for each in bind_sockets(host, port, is_shared=False):
            each.close()
    except ListenError:
        return False
    return True


def _bind(address: str, port: int, *, is_shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if is_shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if sys.platform == "linux":
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        listening.setblocking(False)
        listening.bind((address, port))
    except OSError:
        listening.close()
        raise
    return listening
