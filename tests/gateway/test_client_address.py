"""The client address behind proxies that report it, and with forged headers."""

import logging
from ipaddress import ip_network

import pytest

from gateway.auth.client_address import (
    LOCAL,
    MAX_HOPS,
    UNKNOWN,
    ClientAddress,
    ClientAddressResolver,
    Locality,
)
from gateway.limits import GUESS_BURST
from gateway.metrics import FORWARDS_IGNORED
from gateway.rejection_log import RejectionLog
from gateway.settings import GatewaySettings
from tests.attack_report import Attempts
from tests.gateway.conftest import KEYS, Gateway, Place
from tests.gateway.test_join_session import code_of, join

PROXIES = ClientAddressResolver(
    [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("::1/128")]
)
PROXY = "127.0.0.1"


def known(site: str) -> ClientAddress:
    return ClientAddress(Locality.KNOWN, site)


def resolve(peer: str | None, *forwarded: str, **other: str) -> ClientAddress:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in other.items()]
    return PROXIES.resolve({"client": None if peer is None else (peer, 4711), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param("203.0.113.7", (), known("203.0.113.7"), id="direct"),
        pytest.param("203.0.113.7", ("198.51.100.1",), known("203.0.113.7"), id="untrusted_peer"),
        pytest.param(PROXY, ("203.0.113.7",), known("203.0.113.7"), id="one_proxy"),
        pytest.param(PROXY, ("198.51.100.1, 203.0.113.7",), known("203.0.113.7"), id="forged_hop"),
        pytest.param(
            PROXY,
            ("198.51.100.1", "203.0.113.7, 10.1.2.3"),
            known("203.0.113.7"),
            id="two_headers_and_two_proxies",
        ),
        pytest.param("::ffff:127.0.0.1", ("2001:db8::7",), known("2001:db8::/64"), id="mapped"),
        pytest.param(PROXY, ("2001:DB8:0::a:7",), known("2001:db8::/64"), id="ipv6"),
        pytest.param("2001:db8:0:1::7", (), known("2001:db8:0:1::/64"), id="ipv6_direct"),
        pytest.param("fe80::7%eth0", (), known("fe80::/64"), id="ipv6_direct_with_zone"),
        pytest.param(PROXY, (), LOCAL, id="proxy_itself"),
        pytest.param(PROXY, ("10.1.2.3",), LOCAL, id="another_proxy_itself"),
        pytest.param("::1", ("127.0.0.1:4711",), LOCAL, id="loopback_with_port"),
    ],
)
def test_the_client_address_is_the_one_the_last_trusted_proxy_reports(
    peer: str, forwarded: tuple[str, ...], address: ClientAddress
) -> None:
    assert resolve(peer, *forwarded) == address


@pytest.mark.parametrize(
    ("hop", "site"),
    [
        pytest.param("203.0.113.7:51234", "203.0.113.7", id="ipv4_port"),
        pytest.param('"203.0.113.7:51234"', "203.0.113.7", id="quoted_ipv4_port"),
        pytest.param("[2001:db8::7]", "2001:db8::/64", id="ipv6_brackets"),
        pytest.param("[2001:db8::7]:51234", "2001:db8::/64", id="ipv6_brackets_port"),
        pytest.param('"[2001:db8::7]:51234"', "2001:db8::/64", id="quoted_ipv6_brackets_port"),
        pytest.param("fe80::7%eth0", "fe80::/64", id="ipv6_zone"),
        pytest.param("[fe80::7%eth0]:51234", "fe80::/64", id="ipv6_brackets_zone_port"),
        pytest.param("[::ffff:203.0.113.7]:51234", "203.0.113.7", id="mapped_port"),
        pytest.param("  203.0.113.7:51234\t", "203.0.113.7", id="spaces"),
    ],
)
def test_an_address_with_port_brackets_quotes_or_zone_is_parsed(hop: str, site: str) -> None:
    assert resolve(PROXY, hop) == known(site)
    assert resolve(PROXY, f"198.51.100.1, {hop}, 10.1.2.3:443") == known(site)


@pytest.mark.parametrize(
    "hop",
    [
        pytest.param("", id="empty"),
        pytest.param("unknown", id="rfc7239_unknown"),
        pytest.param("_hidden", id="rfc7239_obfuscated"),
        pytest.param("localhost", id="host_name"),
        pytest.param("for=203.0.113.7", id="forwarded_syntax"),
        pytest.param("203.0.113", id="three_octets"),
        pytest.param("203.0.113.007", id="leading_zeros"),
        pytest.param("203.0.113.7:", id="empty_port"),
        pytest.param("203.0.113.7:99999", id="port_out_of_range"),
        pytest.param("203.0.113.7:x", id="port_not_a_number"),
        pytest.param("127.0.0.1:x", id="loopback_with_bad_port"),
        pytest.param("[203.0.113.7]", id="ipv4_in_brackets"),
        pytest.param("[2001:db8::7", id="bracket_not_closed"),
        pytest.param("[2001:db8::7]x", id="text_after_bracket"),
        pytest.param("[[::1]]", id="nested_brackets"),
        pytest.param("[]", id="empty_brackets"),
        pytest.param('"', id="one_quote"),
        pytest.param('""', id="empty_quotes"),
        pytest.param("\xb2.0.113.7", id="superscript_digit"),
        pytest.param("1" * 5000, id="too_long"),
    ],
)
def test_an_unparsable_address_is_unknown_and_never_local(hop: str) -> None:
    assert resolve(PROXY, hop) is UNKNOWN
    assert resolve(PROXY, f"203.0.113.7, {hop}") is UNKNOWN
    assert resolve(PROXY, f"{hop}, 203.0.113.7") == known("203.0.113.7"), "not read so far"


@pytest.mark.parametrize(
    "peer", [pytest.param(None, id="no_peer"), pytest.param("a-socket", id="not_an_address")]
)
def test_a_peer_without_an_address_is_unknown(peer: str | None) -> None:
    assert resolve(peer) is UNKNOWN
    assert resolve(peer, "203.0.113.7") is UNKNOWN


@pytest.mark.parametrize("header", ["forwarded", "via", "x_real_ip"])
def test_a_forwarded_request_without_a_client_address_is_not_local(header: str) -> None:
    assert resolve(PROXY, **{header: "anything"}) is UNKNOWN
    assert resolve(PROXY, "203.0.113.7", **{header: "anything"}) == known("203.0.113.7")
    assert resolve(PROXY, PROXY, **{header: "anything"}) is LOCAL


def test_the_address_is_unknown_if_the_chain_of_proxies_is_too_long() -> None:
    assert resolve(PROXY, ", ".join(["10.0.0.1"] * MAX_HOPS)) is LOCAL
    assert resolve(PROXY, ", ".join(["10.0.0.1"] * (MAX_HOPS + 1))) is UNKNOWN
    assert resolve(PROXY, ", ".join(["10.0.0.1"] * 50_000)) is UNKNOWN


def test_local_known_and_unknown_addresses_have_separate_limits() -> None:
    assert LOCAL.rate_limit_key is None
    assert UNKNOWN.rate_limit_key is not None
    assert len({each.quota_key for each in (LOCAL, UNKNOWN, known("203.0.113.7"))}) == 3
    assert [each.is_local for each in (LOCAL, UNKNOWN, known("127.0.0.1"))] == [True, False, False]


@pytest.mark.parametrize(
    ("peer", "forwarded", "reason"),
    [
        pytest.param("203.0.113.7", "198.51.100.1", "untrusted_peer", id="peer_not_trusted"),
        pytest.param(PROXY, "nonsense", "unreadable", id="address_not_readable"),
    ],
)
def test_an_ignored_forwarded_address_is_counted_and_logged_once_a_minute(
    peer: str,
    forwarded: str,
    reason: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, cause in (("_UNTRUSTED_PEER", "untrusted_peer"), ("_UNREADABLE", "unreadable")):
        fresh = RejectionLog(cause, "ignored", FORWARDS_IGNORED)
        monkeypatch.setattr(f"gateway.auth.client_address.{name}", fresh)
    FORWARDS_IGNORED.drain()
    for _ in range(20):
        resolve(peer, forwarded)
    resolve(PROXY, "203.0.113.7")
    resolve("203.0.113.7")
    assert FORWARDS_IGNORED.drain() == {reason: 20}
    [line] = caplog.records
    assert line.levelno == logging.WARNING
    assert peer not in str(vars(line))


@pytest.mark.attack("addresses")
@pytest.mark.parametrize(
    "forwarded",
    [
        pytest.param("203.0.113.7:51234", id="ipv4_port"),
        pytest.param("[2001:db8::7]:51234", id="ipv6_port"),
        pytest.param("unknown", id="not_an_address"),
        pytest.param("", id="empty"),
    ],
)
async def test_auth_open_refuses_other_machines_in_every_spelling_of_their_address(
    gateway: Gateway, place: Place, forwarded: str, attempts: Attempts
) -> None:
    path, there = f"tables/{place.table}", {"X-Forwarded-For": forwarded}
    request = gateway.http.build_request("GET", f"/api/{path}", headers=there)
    del request.headers["Authorization"]
    response = await gateway.http.send(request)
    attempts.refused(response.status_code == 401, response.text)
    socket = await gateway.socket(f"{path}/", additional_headers=there)
    refused = (await socket.next())["code"]
    attempts.refused(refused == "unauthenticated", refused)


class TestRequiredAuthentication:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, allow_anonymous=False)

    @pytest.mark.attack("codes")
    async def test_wrong_codes_of_unknown_addresses_do_not_count_against_known_ones(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        table_code = await code_of(gateway, place)
        session = (await join(gateway, table_code=table_code)).json()["data"]
        for number in range(GUESS_BURST):
            response = await join(gateway, "unknown", session_code=f"ZZZ{number:03}")
            attempts.refused(response.status_code == 404, response.text)
        slowed = await join(gateway, "unknown", session_code=session["session_code"])
        attempts.refused(slowed.status_code == 429, slowed.text)
        for where in ("203.0.113.7:51234", "[2001:db8::7]:51234", "203.0.113.8"):
            joined = await join(gateway, where, session_code=session["session_code"])
            assert joined.status_code == 200, where
        for where in ("unknown", "203.0.113.7:51234"):
            scanned = await join(gateway, where, table_code=table_code)
            assert scanned.status_code == 200, "table codes are not guesses"

    @pytest.mark.attack("codes")
    async def test_wrong_codes_limit_one_phone_if_the_proxy_reports_ports(
        self, gateway: Gateway, place: Place, attempts: Attempts
    ) -> None:
        table_code = await code_of(gateway, place)
        session = (await join(gateway, table_code=table_code)).json()["data"]
        for number in range(GUESS_BURST + 1):
            response = await join(
                gateway, f"203.0.113.66:{40000 + number}", session_code=f"ZZZ{number:03}"
            )
            attempts.refused(response.status_code == (404, 429)[number == GUESS_BURST], number)
        other = await join(gateway, "203.0.113.67:40000", session_code=session["session_code"])
        assert other.status_code == 200
