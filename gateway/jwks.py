"""The identity provider's keys: fetched, kept, and renewed while the gateway runs.

Nothing here opens a door: without a key there is a refusal, whatever the provider does.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK

from gateway.metrics import PROVIDER_KEYS, PROVIDER_RENEWED_AT
from protocol.errors import Code, Rejected

log = logging.getLogger(__name__)

RENEWED_S = 300.0
RETRIED_S = 60.0
"""How soon the provider is asked again when it did not answer."""
APART_S = 10.0
"""Between two questions because of unknown keys, however many tokens name some."""
KEPT_S = 24 * 3600.0
"""How long the last keys are good while the provider is away."""
LEAST_RSA_BITS = 2048

UNKNOWN = Rejected(Code.UNAUTHENTICATED, "The token is not valid here.")
AWAY = Rejected(Code.UNAVAILABLE, "Tokens cannot be checked right now. Try again in a moment.")

_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}


class Jwks:
    """The keys of one provider. `fetch` brings its JWKS document; `clock` counts seconds."""

    def __init__(
        self, fetch: Callable[[], Awaitable[bytes]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[tuple[str, str], PyJWK] = {}
        self._document = b""
        self._version = 0
        self._fetched_at = self._asked_at = float("-inf")
        self._answered = False
        self._asking: asyncio.Task[None] | None = None
        PROVIDER_KEYS.set(0)
        PROVIDER_RENEWED_AT.set(time.time())

    @property
    def version(self) -> int:
        """Another number than before wherever a key may have gone."""
        self._drop_old()
        return self._version

    async def key(self, algorithm: str, kid: str) -> PyJWK | Rejected:
        """The key of this id for this algorithm; an unknown one may be the provider's newest.

        Refuses with UNAVAILABLE where the provider has not said what its keys are.
        """
        self._drop_old()
        found = self._keys.get((algorithm, kid))
        if found is None and (self._asking or self._clock() - self._asked_at >= APART_S):
            await self.renew()
            found = self._keys.get((algorithm, kid))
        if found is not None:
            return found
        return UNKNOWN if self._keys and self._answered else AWAY

    async def run(self) -> None:
        """Renew for ever, beginning at once."""
        try:
            while True:
                await self.renew()
                await asyncio.sleep(RENEWED_S if self._answered else RETRIED_S)
        finally:
            if self._asking is not None:
                self._asking.cancel()

    async def renew(self) -> None:
        """Ask the provider; who comes while it is being asked waits for the same answer."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        await asyncio.shield(self._asking)

    async def _ask(self) -> None:
        self._asked_at = self._clock()
        try:
            document = await self._fetch()
            keys = keys_in(document)
        except Exception as error:  # whatever the provider sent, the keys in use stay
            self._answered = False
            log.warning(
                "the identity provider's keys could not be renewed",
                extra={"why": str(error), "keys_in_use": len(self._keys)},
            )
        else:
            self._take(document, keys)
        finally:
            self._asking = None

    def _take(self, document: bytes, keys: dict[tuple[str, str], PyJWK]) -> None:
        self._answered = True
        self._fetched_at = self._clock()
        if document != self._document:
            self._document, self._keys = document, keys
            self._version += 1
        PROVIDER_KEYS.set(len(keys))
        PROVIDER_RENEWED_AT.set(time.time())
        if not keys:
            log.error("the identity provider has no key that can be used: its tokens are refused")

    def _drop_old(self) -> None:
        if self._keys and self._clock() - self._fetched_at > KEPT_S:
            self._document, self._keys = b"", {}
            PROVIDER_KEYS.set(0)
            self._version += 1
            log.error(
                "the identity provider was away for too long: its tokens are refused",
                extra={"away_s": KEPT_S},
            )


def keys_in(document: bytes) -> dict[tuple[str, str], PyJWK]:
    """The usable keys of a JWKS document, by algorithm and key id.

    Left out is what is no public RSA key of 2048 bits or more nor one on P-256, what has no id,
    and what is meant for another use or algorithm. Raises ValueError at what is no JWKS document.
    """
    try:
        listed = orjson.loads(document)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        listed = None
    if not isinstance(listed, list):
        raise ValueError("what it sent is no JWKS document")
    keys: dict[tuple[str, str], PyJWK] = {}
    for jwk in listed:
        key = _usable(jwk) if isinstance(jwk, dict) else None
        if key is not None:
            keys[key.algorithm_name, str(key.key_id)] = key
    return keys


def _usable(jwk: dict[str, Any]) -> PyJWK | None:
    algorithm = _ALGORITHMS.get(str(jwk.get("kty")))
    kid = jwk.get("kid")
    if algorithm is None or not isinstance(kid, str) or not kid:
        return None
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm:
        return None
    try:
        key = PyJWK(jwk, algorithm)
    except Exception:  # one key that is none must not take the others with it
        return None
    if isinstance(key.key, RSAPublicKey):
        return key if key.key.key_size >= LEAST_RSA_BITS else None
    on_p256 = isinstance(key.key, EllipticCurvePublicKey) and isinstance(key.key.curve, SECP256R1)
    return key if on_p256 else None
