"""Whose connection it is, behind proxies that say so and clients that lie."""

from ipaddress import ip_network

import pytest

from gateway.addresses import Addresses

PROXIES = Addresses([ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("::1/128")])


def seen(peer: str | None, *forwarded: str) -> str | None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return PROXIES.of({"client": None if peer is None else (peer, 4711), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),  # nobody trusted says so
        ("127.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("127.0.0.1", ("198.51.100.1, 203.0.113.7",), "203.0.113.7"),  # the first is made up
        ("127.0.0.1", ("198.51.100.1", "203.0.113.7, 10.1.2.3"), "203.0.113.7"),
        ("::ffff:127.0.0.1", ("2001:db8::7",), "2001:db8::/64"),
        ("127.0.0.1", ("2001:DB8:0::a:7",), "2001:db8::/64"),
        ("2001:db8:0:1::7", (), "2001:db8:0:1::/64"),
        ("127.0.0.1", (), None),
        ("127.0.0.1", ("10.1.2.3",), None),
        ("127.0.0.1", ("nonsense",), None),
        ("127.0.0.1", ("203.0.113.7, nonsense",), None),
        (None, ("203.0.113.7",), None),
    ],
)
def test_an_address_is_what_the_last_trusted_proxy_saw(
    peer: str | None, forwarded: tuple[str, ...], address: str | None
) -> None:
    assert seen(peer, *forwarded) == address


def test_a_long_list_is_read_from_its_end_and_not_far() -> None:
    assert seen("127.0.0.1", ", ".join(["10.0.0.1"] * 50_000)) is None
