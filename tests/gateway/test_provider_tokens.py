"""The authenticator beside an identity provider: principals of its tokens, and refusals."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.auth.authenticator import Authenticator
from gateway.auth.client_address import LOCAL
from gateway.auth.token_verifier import LEEWAY_S
from protocol.caller import Role
from tests.gateway.conftest import empty_register
from tests.gateway.provider import (
    AUDIENCE,
    ISSUER,
    Provider,
    claims_with,
    ec_key,
    jwk,
    providing,
    rsa_key,
)
from tests.gateway.signed_tokens import SECRET, accepted, forged_token, refused, signed


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as provider:
        yield provider


@pytest.fixture
def authenticator(provider: Provider) -> Authenticator:
    """Authenticator of a chain with an identity provider, which also allows anonymous access."""
    return Authenticator(
        (SECRET,), empty_register(), allow_anonymous=True, provider=provider.settings
    )


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
async def test_a_token_of_the_provider_is_accepted(
    authenticator: Authenticator, provider: Provider, kid: str
) -> None:
    end = int(time.time()) + 1000
    principal = await accepted(
        authenticator, provider.token(kid, exp=end, aud=["another", AUDIENCE])
    )
    assert principal.role is Role.MANAGER
    assert principal.caller.subject == "manager:eve"
    assert principal.restaurant_id == 2
    assert principal.expires_at == end + LEEWAY_S


async def test_a_cached_token_is_not_verified_again(
    authenticator: Authenticator, provider: Provider
) -> None:
    token = provider.token()
    first = await accepted(authenticator, token)
    await provider.stop()
    assert await authenticator.principal(token, LOCAL) is first
    assert len(provider.requests) == 1


async def test_own_tokens_are_accepted_beside_those_of_the_provider(
    authenticator: Authenticator, provider: Provider
) -> None:
    await accepted(authenticator, signed(role="guest", session_id=7))
    await accepted(authenticator, signed(role="admin", iss=ISSUER, aud=AUDIENCE))
    await refused(authenticator, signed(role="admin", iss="https://evil.example"))
    await refused(authenticator, signed(role="admin", aud="another"))
    assert provider.requests == []


async def test_a_token_is_valid_if_the_clock_of_its_issuer_is_slightly_ahead(
    authenticator: Authenticator, provider: Provider
) -> None:
    now = int(time.time())
    late, early = now - LEEWAY_S // 2, now + LEEWAY_S // 2
    await accepted(authenticator, provider.token(exp=late))
    await accepted(authenticator, provider.token(iat=early, nbf=early))
    await accepted(authenticator, signed(role="admin", iat=early, nbf=early))
    await accepted(authenticator, signed(role="admin", iat=now + 3600))
    await refused(authenticator, signed(role="admin", exp=late))
    await refused(authenticator, signed(role="admin", nbf=now + 2 * LEEWAY_S))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": {AUDIENCE: True}},
        {"aud": None},
        {"exp": None},
        {"exp": int(time.time()) - 3600},
        {"exp": "soon"},
        {"exp": str(2**40)},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"role": None},
        {"role": "anonymous"},
        {"role": 1},
        {"restaurant_id": "2"},
        {"restaurant_id": -2},
        {"restaurant_id": None},
        {"sub": 1},
    ],
)
@pytest.mark.attack("tokens")
async def test_a_token_with_wrong_claims_is_refused(
    authenticator: Authenticator, provider: Provider, change: dict[str, Any]
) -> None:
    claims = claims_with({})
    claims |= change
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"kid": "rsa-1"}
    token = jwt.api_jws.encode(
        json.dumps(claims).encode(), provider.keys["rsa-1"], "RS256", headers=header
    )
    await refused(authenticator, token)


async def test_an_expired_token_is_refused_as_expired(
    authenticator: Authenticator, provider: Provider
) -> None:
    refusal = await refused(authenticator, provider.token(exp=1))
    assert "expired" in refusal.error


@pytest.mark.attack("tokens")
async def test_a_token_signed_with_another_key_is_refused(
    authenticator: Authenticator, provider: Provider
) -> None:
    await refused(authenticator, provider.token("rsa-1", key=rsa_key("a forger's")))
    await refused(authenticator, provider.token("ec-1", key=ec_key("a forger's")))


@pytest.mark.attack("tokens")
async def test_a_key_is_accepted_only_for_its_own_algorithm(
    authenticator: Authenticator, provider: Provider
) -> None:
    await refused(authenticator, provider.token("ec-1", key=rsa_key("rsa-1")))
    await refused(authenticator, provider.token("rsa-1", key=ec_key("ec-1")))
    for algorithm in ("RS512", "PS256"):
        token = jwt.encode(claims_with({}), rsa_key("rsa-1"), algorithm, headers={"kid": "rsa-1"})
        await refused(authenticator, token)


@pytest.mark.attack("tokens")
async def test_a_public_key_is_not_taken_for_a_secret(
    authenticator: Authenticator, provider: Provider
) -> None:
    await accepted(authenticator, provider.token())
    public = rsa_key("rsa-1").public_key()
    published = jwk("rsa-1", rsa_key("rsa-1"))
    for bytes_ in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(published).encode(),
        published["n"].encode(),
        b"",
    ):
        await refused(
            authenticator, forged_token({"alg": "HS256", "kid": "rsa-1"}, claims_with({}), bytes_)
        )


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
@pytest.mark.attack("tokens")
async def test_an_unsigned_token_is_refused(authenticator: Authenticator, algorithm: str) -> None:
    header = {"alg": algorithm, "kid": "rsa-1"}
    unsigned = forged_token(header, claims_with({}), b"").rpartition(".")[0] + "."
    await refused(authenticator, unsigned)


async def test_without_a_provider_its_tokens_are_refused(
    provider: Provider,
) -> None:
    own_authenticator = Authenticator((SECRET,), empty_register(), allow_anonymous=True)
    await refused(own_authenticator, provider.token())
    assert provider.requests == []


@pytest.mark.attack("tokens")
async def test_a_truncated_or_changed_token_is_refused(
    authenticator: Authenticator, provider: Provider
) -> None:
    token = provider.token()
    await accepted(authenticator, token)
    header, claims, signature = token.split(".")
    another = provider.token(role="admin").split(".")[1]
    for changed in (
        token[:-5],
        token[:-1],
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{header}.{another}.{signature}",
        f"{header}..{signature}",
        f"{token}.{signature}",
        f" {token}",
    ):
        await refused(authenticator, changed)


@pytest.mark.parametrize(
    "kid", ["../../../dev/null", "/etc/passwd", "rsa-1\0", "' OR 1=1", "http://evil.example/", ""]
)
@pytest.mark.attack("tokens")
async def test_a_key_id_cannot_make_the_gateway_fetch_or_read_anything_else(
    authenticator: Authenticator, provider: Provider, kid: str
) -> None:
    await refused(authenticator, provider.token(kid, key=rsa_key("rsa-1")))
    assert set(provider.requests) == {"/jwks"}


@pytest.mark.attack("tokens")
async def test_a_token_without_a_key_id_is_refused(authenticator: Authenticator) -> None:
    await refused(authenticator, jwt.encode(claims_with({}), rsa_key("rsa-1"), "RS256"))


@pytest.mark.attack("tokens")
async def test_keys_that_a_token_carries_or_links_are_ignored(
    authenticator: Authenticator, provider: Provider
) -> None:
    forged = rsa_key("a forger's")
    elsewhere = provider.settings.jwks_url.replace("/jwks", "/forged")
    brought = {"jku": elsewhere, "x5u": elsewhere, "jwk": jwk("rsa-1", forged), "x5c": ["MII="]}
    for kid in ("rsa-1", "forged"):
        token = jwt.encode(claims_with({}), forged, "RS256", headers={"kid": kid, **brought})
        await refused(authenticator, token)
    assert set(provider.requests) == {"/jwks"}
    good = jwt.encode(
        claims_with({}), rsa_key("rsa-1"), "RS256", headers={"kid": "rsa-1", **brought}
    )
    await accepted(authenticator, good)
