"""Quotas of wrong codes per address, network and chain, and codes that are not affected."""

import asyncio
import logging
import time

import pytest

from gateway.auth.client_address import LOCAL, UNKNOWN, ClientAddress, Locality
from gateway.auth.codes import device_codes
from gateway.auth.guesses import OF_ADDRESS, OF_CHAIN, OF_NETWORK, Quota, SessionGuesses
from gateway.metrics import LIMIT_VIOLATIONS, WRONG_CODES
from gateway.rejection_log import RejectionLog
from storage.store import Store
from tests.attack_report import Attempts
from tests.gateway.conftest import KEYS, Gateway, Place
from tests.gateway.test_join_session import code_of, join, manager


def at(site: str) -> ClientAddress:
    return ClientAddress(Locality.KNOWN, site)


def site(number: int) -> ClientAddress:
    """One of the /64 networks of one /48."""
    return at(f"2001:db8:0:{number:x}::/64")


async def use_up(store: Store, quota: Quota, key: str) -> None:
    assert await store.consume_guess(key, quota.burst, every_s=quota.every_s, burst=quota.burst)


def count_excess(answers: list[bool], quota: Quota, began: float, attempts: Attempts) -> None:
    """Count attempts beyond a quota and what was earned since `began`."""
    most = quota.burst + 1 + int((time.monotonic() - began) / quota.every_s)
    for excess in range(len(answers) - most):
        attempts.refused(sum(answers) <= most, excess)


@pytest.mark.parametrize(
    ("who", "allocation"),
    [
        pytest.param(at("2001:db8:0:ffff::/64"), "2001:db8::/48", id="ipv6"),
        pytest.param(at("203.0.113.7"), None, id="ipv4"),
        pytest.param(LOCAL, None, id="local"),
        pytest.param(UNKNOWN, None, id="unknown"),
    ],
)
def test_an_ipv6_address_belongs_to_a_48_network(
    who: ClientAddress, allocation: str | None
) -> None:
    assert who.allocation == allocation


@pytest.mark.attack("codes")
async def test_one_address_is_refused_after_its_quota_of_wrong_codes(
    store: Store, attempts: Attempts
) -> None:
    guesses = SessionGuesses(store)
    answers = [await guesses.take(at("203.0.113.7")) for _ in range(OF_ADDRESS.burst + 5)]
    assert answers == [True] * OF_ADDRESS.burst + [False] * 5
    for answer in answers[OF_ADDRESS.burst :]:
        attempts.refused(not answer)
    assert await guesses.take(at("203.0.113.8"))


@pytest.mark.attack("codes")
async def test_all_addresses_of_a_48_network_share_its_quota_of_wrong_codes(
    store: Store, attempts: Attempts
) -> None:
    gateways = [SessionGuesses(store) for _ in range(3)]
    began = time.monotonic()
    answers = [
        await gateways[number % 3].take(site(number)) for number in range(OF_NETWORK.burst + 30)
    ]
    count_excess(answers, OF_NETWORK, began, attempts)
    assert answers[: OF_NETWORK.burst] == [True] * OF_NETWORK.burst
    assert await gateways[0].take(at("2001:db8:1::/64")), "another /48"


@pytest.mark.attack("codes")
async def test_many_addresses_share_the_quota_of_the_chain(
    store: Store, attempts: Attempts
) -> None:
    gateways = [SessionGuesses(store) for _ in range(2)]
    addresses = [at(f"198.51.{number // 250}.{number % 250}") for number in range(500)]
    began = time.monotonic()
    answers = await asyncio.gather(
        *(gateways[number % 2].take(who) for number, who in enumerate(addresses))
    )
    assert sum(answers) >= OF_CHAIN.burst
    count_excess(answers, OF_CHAIN, began, attempts)


async def test_a_correct_code_is_uncounted_for_address_network_and_chain(store: Store) -> None:
    guesses = SessionGuesses(store)
    for _ in range(OF_CHAIN.burst + 10):
        assert await guesses.take(site(1))
        await guesses.refund(site(1))


async def test_a_code_refused_for_the_chain_does_not_count_against_its_address(
    store: Store,
) -> None:
    guesses = SessionGuesses(store)
    await use_up(store, OF_CHAIN, "chain")
    for _ in range(2 * OF_ADDRESS.burst):
        await guesses.take(site(1))
    await store.consume_guess("chain", -OF_CHAIN.burst, every_s=OF_CHAIN.every_s, burst=300)
    answers = [await guesses.take(site(1)) for _ in range(OF_ADDRESS.burst)]
    assert sum(answers) >= OF_ADDRESS.burst - 5, "only attempts earned meanwhile are allowed"


@pytest.mark.attack("codes")
async def test_table_and_device_codes_work_while_session_codes_are_refused(
    gateway: Gateway,
    place: Place,
    store: Store,
    attempts: Attempts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fresh = RejectionLog(OF_CHAIN.limit, "session codes are refused", LIMIT_VIOLATIONS)
    monkeypatch.setattr("gateway.auth.guesses._CHAIN_REFUSAL_LOG", fresh)
    table_code = await code_of(gateway, place)
    session = (await join(gateway, table_code=table_code)).json()["data"]
    device = await gateway.post(
        f"/restaurants/{place.restaurant}/devices",
        {"role": "kitchen", "label": "Grill"},
        headers=manager(place),
    )
    await use_up(store, OF_CHAIN, "chain")
    LIMIT_VIOLATIONS.drain()
    for number in range(3):
        for code in ("ZZZZZZ", session["session_code"]):
            answer = await join(gateway, f"203.0.113.{number}", session_code=code)
            if answer.status_code != 429:  # one attempt is earned per second
                await use_up_again(store)
                continue
            attempts.refused(answer.json()["code"] == "rate_limited", answer.text)
    assert LIMIT_VIOLATIONS.drain().get(OF_CHAIN.limit, 0) >= 1
    assert [each.levelno for each in caplog.records if "refused" in each.message] == [
        logging.WARNING
    ]
    assert (await join(gateway, table_code=table_code)).status_code == 200
    code = device_codes(KEYS.tokens, str).sign(place.restaurant, device["device_id"])
    signing_in = gateway.http.build_request(
        "POST", "/api/devices/sign-in", json={"device_code": code}
    )
    del signing_in.headers["Authorization"]
    assert (await gateway.http.send(signing_in)).status_code == 200


async def use_up_again(store: Store) -> None:
    await store.consume_guess("chain", 1, every_s=OF_CHAIN.every_s, burst=OF_CHAIN.burst)


async def test_each_wrong_code_is_counted_by_kind(gateway: Gateway, place: Place) -> None:
    code = await code_of(gateway, place)
    session = (await join(gateway, table_code=code)).json()["data"]
    WRONG_CODES.drain()
    await join(gateway, session_code="ZZZZZZ")
    await join(gateway, session_code="ZZZZZY")
    await join(gateway, session_code=session["session_code"])
    await join(gateway, table_code=f"{place.table}.1.forged")
    await join(gateway, table_code=code)
    signing_in = {"device_code": "1.1.forged"}
    await gateway.http.post("/api/devices/sign-in", json=signing_in)
    assert WRONG_CODES.drain() == {"session": 2, "table": 1, "device": 1}
