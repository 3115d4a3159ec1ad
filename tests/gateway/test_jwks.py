"""The identity provider's keys: accepted kinds, refresh and expiry."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trustme
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from gateway.auth import fetch, jwks
from gateway.auth.authenticator import Authenticator
from gateway.auth.client_address import LOCAL
from gateway.auth.jwks import MAX_STALE_S, REFRESH_COOLDOWN_S, keys_in
from gateway.auth.principal import Principal
from gateway.settings import GatewaySettings
from protocol.errors import Code, Rejected
from tests.eventually import eventually
from tests.gateway.conftest import KEYS, SECRET, Gateway, Place, empty_register, token
from tests.gateway.provider import Clock, Provider, ec_key, jwk, providing, rsa_key


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as provider:
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(provider: Provider, clock: Clock) -> Authenticator:
    return Authenticator(
        (SECRET,), empty_register(), allow_anonymous=True, provider=provider.settings, clock=clock
    )


async def answer(authenticator: Authenticator, token: str) -> Code | None:
    """Error code of a token, None if it is valid."""
    principal = await authenticator.principal(token, LOCAL)
    return principal.code if isinstance(principal, Rejected) else None


# --- accepted keys -------------------------------------------------------------------------------


def document(*listed: Any) -> bytes:
    return json.dumps({"keys": listed}).encode()


def test_signature_keys_are_accepted() -> None:
    bare = {name: value for name, value in jwk("c", ec_key("c")).items() if name != "use"}
    keys = keys_in(document(jwk("a", rsa_key("a"), alg="RS256"), jwk("b", ec_key("b")), bare))
    assert set(keys) == {("RS256", "a"), ("ES256", "b"), ("ES256", "c")}


@pytest.mark.parametrize(
    "unusable",
    [
        jwk("bad", rsa_key("short", 1024)),
        jwk("bad", ec_key("p384", ec.SECP384R1())),
        jwk("bad", rsa_key("a"), use="enc"),
        jwk("bad", rsa_key("a"), use=None),
        jwk("bad", rsa_key("a"), alg="HS256"),
        jwk("bad", rsa_key("a"), alg="PS256"),
        jwk("bad", rsa_key("a"), alg=["RS256"]),
        jwk("bad", ec_key("b"), alg="RS256"),
        jwk("bad", ec_key("b"), x="AAAA"),
        jwk("bad", rsa_key("a"), n=7),
        jwk(None, rsa_key("a")),
        jwk(7, rsa_key("a")),
        jwk("", rsa_key("a")),
        {**RSAAlgorithm.to_jwk(rsa_key("a"), as_dict=True), "kid": "bad", "use": "sig"},
        {
            **OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True),
            "kid": "bad",
        },
        {"kty": "oct", "k": "c2VjcmV0", "kid": "bad", "use": "sig"},
        {"kty": ["RSA"], "kid": "bad"},
        {},
        "RSA",
        None,
    ],
)
def test_an_unusable_key_is_skipped_and_the_others_are_kept(unusable: Any) -> None:
    keys = keys_in(document(unusable, jwk("valid", rsa_key("a"))))
    assert set(keys) == {("RS256", "valid")}


@pytest.mark.parametrize(
    "body", [b"", b"no", b"[]", b"{}", b'{"keys": {}}', b"[" * 100_000, b"\xff"]
)
def test_an_invalid_document_differs_from_one_without_keys(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a JWKS document"):
        keys_in(body)
    assert keys_in(b'{"keys": []}') == {}


# --- rotation ------------------------------------------------------------------------------------


async def test_the_first_token_that_names_a_new_key_fetches_it(
    authenticator: Authenticator, provider: Provider, clock: Clock
) -> None:
    assert await answer(authenticator, provider.token("rsa-1")) is None
    provider.keys["rsa-2"] = rsa_key("rsa-2")
    clock.advance(REFRESH_COOLDOWN_S)
    assert await answer(authenticator, provider.token("rsa-2")) is None
    assert await answer(authenticator, provider.token("rsa-1")) is None
    assert len(provider.requests) == 2


async def test_a_token_of_a_withdrawn_key_is_refused_even_if_it_was_accepted_before(
    authenticator: Authenticator, provider: Provider, clock: Clock
) -> None:
    old, valid = provider.token("rsa-1"), provider.token("ec-1")
    assert await answer(authenticator, old) is None
    del provider.keys["rsa-1"]
    assert await answer(authenticator, old) is None
    clock.advance(REFRESH_COOLDOWN_S)
    assert (
        await answer(authenticator, provider.token("unknown", key=rsa_key("a")))
        is Code.UNAUTHENTICATED
    )
    assert await answer(authenticator, old) is Code.UNAUTHENTICATED
    assert await answer(authenticator, valid) is None


async def test_keys_are_refreshed_periodically(
    authenticator: Authenticator,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(jwks, "REFRESH_INTERVAL_S", 0.001)
    monkeypatch.setattr(jwks, "RETRY_INTERVAL_S", 0.001)
    old = provider.token("rsa-1")
    running = asyncio.create_task(authenticator.run())
    await eventually(lambda: provider.requests)
    assert await answer(authenticator, old) is None
    await provider.stop()
    await eventually(lambda: caplog.records)
    del provider.keys["rsa-1"]
    await provider.start()

    async def is_refused() -> bool:
        return await answer(authenticator, old) is not None

    await eventually(is_refused)
    running.cancel()


# --- how often the provider is queried -----------------------------------------------------------


async def test_many_unknown_keys_cause_one_refresh_per_cooldown(
    authenticator: Authenticator, provider: Provider, clock: Clock
) -> None:
    forged = [provider.token(f"unknown-{n}", key=rsa_key("a forger's")) for n in range(50)]
    for period in range(1, 4):
        answers = await asyncio.gather(*(answer(authenticator, each) for each in forged))
        assert set(answers) == {Code.UNAUTHENTICATED}
        assert len(provider.requests) == period
        clock.advance(REFRESH_COOLDOWN_S - 0.1)
        assert await answer(authenticator, forged[0]) is Code.UNAUTHENTICATED
        assert len(provider.requests) == period
        clock.advance(0.1)
    assert await answer(authenticator, provider.token()) is None


async def test_concurrent_first_tokens_share_one_request(
    authenticator: Authenticator, provider: Provider
) -> None:
    tokens = [provider.token(sub=f"person-{n}") for n in range(20)]
    assert set(await asyncio.gather(*(answer(authenticator, each) for each in tokens))) == {None}
    assert len(provider.requests) == 1


async def test_a_cancelled_waiter_does_not_cancel_the_others(
    authenticator: Authenticator, provider: Provider
) -> None:
    first = asyncio.create_task(authenticator.principal(provider.token(), LOCAL))
    await asyncio.sleep(0)
    second = asyncio.create_task(authenticator.principal(provider.token(), LOCAL))
    await asyncio.sleep(0)
    first.cancel()
    assert isinstance(await second, Principal)
    assert len(provider.requests) == 1


# --- an unavailable provider ---------------------------------------------------------------------


async def test_tokens_are_refused_while_the_provider_has_never_answered(
    authenticator: Authenticator, provider: Provider, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await provider.stop()
    secret = provider.token()
    with caplog.at_level(logging.WARNING):
        assert await answer(authenticator, secret) is Code.UNAVAILABLE
        assert await answer(authenticator, secret) is Code.UNAVAILABLE
    [line] = caplog.records
    assert line.__dict__["keys_in_use"] == 0
    assert "connect" in line.__dict__["why"].lower()
    assert not any(part in str(line.__dict__) for part in secret.split("."))

    assert await answer(authenticator, token("admin")) is None
    await provider.start()
    clock.advance(REFRESH_COOLDOWN_S)
    assert await answer(authenticator, secret) is None


async def test_the_last_keys_are_used_for_a_day(
    authenticator: Authenticator, provider: Provider, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    known = provider.token()
    assert await answer(authenticator, known) is None
    await provider.stop()
    clock.advance(MAX_STALE_S)
    assert await answer(authenticator, known) is None
    assert await answer(authenticator, provider.token(sub="another")) is None
    # it may be forged or signed with a new key
    assert await answer(authenticator, provider.token("new", key=rsa_key("a"))) is Code.UNAVAILABLE
    clock.advance(1)
    assert await answer(authenticator, known) is Code.UNAVAILABLE
    assert await answer(authenticator, token("admin")) is None
    assert any(line.levelno == logging.ERROR for line in caplog.records)
    clock.advance(REFRESH_COOLDOWN_S)
    await provider.start()
    assert await answer(authenticator, known) is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: web.json_response({"keys": []}, status=500),
        lambda: web.json_response({"keys": []}, status=404),
        lambda: web.json_response({"keys": []}, status=203),
        lambda: web.Response(status=204),
        lambda: web.Response(text="<html>"),
        lambda: web.Response(body=b"{" * 200_000),
        lambda: web.json_response({}),
        lambda: web.json_response({"keys": "none"}),
        lambda: web.json_response({"keys": [], "more": "x" * fetch.MAX_BYTES}),
    ],
)
async def test_an_invalid_response_keeps_the_last_keys(
    authenticator: Authenticator, provider: Provider, clock: Clock, wrong: Any
) -> None:
    known = provider.token()
    assert await answer(authenticator, known) is None
    clock.advance(REFRESH_COOLDOWN_S)
    provider.answer = wrong()
    assert await answer(authenticator, provider.token("x", key=rsa_key("a"))) is Code.UNAVAILABLE
    assert len(provider.requests) == 2
    assert await answer(authenticator, known) is None


async def test_tokens_are_refused_once_the_provider_withdraws_all_keys(
    authenticator: Authenticator, provider: Provider, clock: Clock
) -> None:
    known = provider.token()
    assert await answer(authenticator, known) is None
    clock.advance(REFRESH_COOLDOWN_S)
    provider.answer = web.json_response({"keys": []})
    assert await answer(authenticator, provider.token("x", key=rsa_key("a"))) is Code.UNAVAILABLE
    assert await answer(authenticator, known) is Code.UNAVAILABLE


async def test_redirects_are_not_followed(authenticator: Authenticator, provider: Provider) -> None:
    async with providing() as elsewhere:
        provider.answer = web.Response(
            status=302, headers={"Location": elsewhere.settings.jwks_url}
        )
        assert await answer(authenticator, provider.token()) is Code.UNAVAILABLE
        assert provider.requests == ["/jwks"]
        assert elsewhere.requests == []


async def test_a_request_to_a_silent_provider_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(fetch, "TIMEOUT_S", 0.05)
    async with await asyncio.start_server(silence, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(fetch.FetchFailed, match=r"within 0\.05 s"):
            await fetch.fetch(f"http://127.0.0.1:{port}/jwks")


async def test_a_provider_with_an_untrusted_certificate_is_refused() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(tls)
    async with await asyncio.start_server(close, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(fetch.FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await fetch.fetch(f"https://localhost:{port}/jwks")


# --- at the gateway ------------------------------------------------------------------------------


@pytest.fixture
def settings(provider: Provider) -> GatewaySettings:
    return GatewaySettings(KEYS, provider=provider.settings)


async def test_the_gateway_accepts_tokens_of_the_provider(
    gateway: Gateway, place: Place, provider: Provider
) -> None:
    valid = provider.token("ec-1", restaurant_id=place.restaurant)
    socket = await gateway.socket(f"restaurants/{place.restaurant}/", valid)
    assert (await socket.next())["type"] == "restaurant_status"
    reply = await gateway.http.get(
        f"/api/tables/{place.table}", headers={"Authorization": f"Bearer {valid}"}
    )
    assert reply.status_code == 200


async def test_the_gateway_fetches_the_keys_at_its_start(
    gateway: Gateway, provider: Provider
) -> None:
    await eventually(lambda: provider.requests)


class TestUnavailableProvider:
    """A gateway whose provider does not answer."""

    @pytest.fixture
    async def settings(self, provider: Provider) -> GatewaySettings:
        await provider.stop()
        return GatewaySettings(KEYS, provider=provider.settings)

    async def test_clients_get_unavailable_and_close_code_1012(
        self, gateway: Gateway, place: Place, provider: Provider
    ) -> None:
        unknown = provider.token(restaurant_id=place.restaurant)
        socket = await gateway.socket(f"tables/{place.table}/", unknown)
        assert (await socket.next())["code"] == "unavailable"
        assert await socket.closed() == 1012
        reply = await gateway.http.get(
            f"/api/tables/{place.table}", headers={"Authorization": f"Bearer {unknown}"}
        )
        assert reply.status_code == 503
        assert reply.json()["code"] == "unavailable"
        ours = token("manager", restaurant_id=place.restaurant)
        assert (await (await gateway.socket(f"tables/{place.table}/", ours)).next())["seq"] == 0
