"""The identity provider's keys: fetched, cached, and refreshed while the gateway runs.

A token whose key is not known is always refused, even while the provider is unavailable.
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

REFRESH_INTERVAL_S = 300.0
RETRY_INTERVAL_S = 60.0
"""Time until the next attempt after a failed one."""
REFRESH_COOLDOWN_S = 10.0
"""Minimum time between two refreshes for unknown key ids, however many tokens name one."""
MAX_STALE_S = 24 * 3600.0
"""How long the last keys are used while the provider is unavailable."""
MIN_RSA_BITS = 2048

INVALID_TOKEN = Rejected(Code.UNAUTHENTICATED, "The token is not valid here.")
PROVIDER_UNAVAILABLE = Rejected(
    Code.UNAVAILABLE, "Tokens cannot be checked right now. Try again in a moment."
)

_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}


class Jwks:
    """The keys of one provider. `fetch` returns its JWKS document; `clock` counts seconds."""

    def __init__(
        self, fetch: Callable[[], Awaitable[bytes]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[tuple[str, str], PyJWK] = {}
        self._document = b""
        self._version = 0
        self._fetched_at = self._requested_at = float("-inf")
        self._is_reachable = False
        self._refreshing: asyncio.Task[None] | None = None
        PROVIDER_KEYS.set(0)
        PROVIDER_RENEWED_AT.set(time.time())

    @property
    def version(self) -> int:
        """A number that changes whenever a key may have been withdrawn."""
        self._drop_stale()
        return self._version

    async def key(self, algorithm: str, kid: str) -> PyJWK | Rejected:
        """The key with this id for this algorithm; an unknown id causes a refresh.

        Returns UNAVAILABLE if the provider's keys have not been fetched.
        """
        self._drop_stale()
        found = self._keys.get((algorithm, kid))
        if found is None and (
            self._refreshing or self._clock() - self._requested_at >= REFRESH_COOLDOWN_S
        ):
            await self.refresh()
            found = self._keys.get((algorithm, kid))
        if found is not None:
            return found
        return INVALID_TOKEN if self._keys and self._is_reachable else PROVIDER_UNAVAILABLE

    async def run(self) -> None:
        """Refresh now and periodically, until cancelled."""
        try:
            while True:
                await self.refresh()
                await asyncio.sleep(REFRESH_INTERVAL_S if self._is_reachable else RETRY_INTERVAL_S)
        finally:
            if self._refreshing is not None:
                self._refreshing.cancel()

    async def refresh(self) -> None:
        """Fetch the keys; concurrent callers share one request."""
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._fetch_keys())
        await asyncio.shield(self._refreshing)

    async def _fetch_keys(self) -> None:
        self._requested_at = self._clock()
        try:
            document = await self._fetch()
            keys = keys_in(document)
        except Exception as error:  # the keys in use stay
            self._is_reachable = False
            log.warning(
                "cannot refresh the identity provider's keys",
                extra={"why": str(error), "keys_in_use": len(self._keys)},
            )
        else:
            self._replace_keys(document, keys)
        finally:
            self._refreshing = None

    def _replace_keys(self, document: bytes, keys: dict[tuple[str, str], PyJWK]) -> None:
        self._is_reachable = True
        self._fetched_at = self._clock()
        if document != self._document:
            self._document, self._keys = document, keys
            self._version += 1
        PROVIDER_KEYS.set(len(keys))
        PROVIDER_RENEWED_AT.set(time.time())
        if not keys:
            log.error("identity provider has no usable key: its tokens are refused")

    def _drop_stale(self) -> None:
        if self._keys and self._clock() - self._fetched_at > MAX_STALE_S:
            self._document, self._keys = b"", {}
            PROVIDER_KEYS.set(0)
            self._version += 1
            log.error(
                "identity provider unavailable for too long: its tokens are refused",
                extra={"away_s": MAX_STALE_S},
            )


def keys_in(document: bytes) -> dict[tuple[str, str], PyJWK]:
    """The usable keys of a JWKS document, by algorithm and key id.

    Usable are public RSA keys of 2048 bits or more and EC keys on P-256 that have an id and are not
    meant for another use or algorithm. Raises ValueError if the document is not a JWKS document.
    """
    try:
        listed = orjson.loads(document)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        listed = None
    if not isinstance(listed, list):
        raise ValueError("the document is not a JWKS document")
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
    except Exception:  # one invalid key must not exclude the others
        return None
    if isinstance(key.key, RSAPublicKey):
        return key if key.key.key_size >= MIN_RSA_BITS else None
    on_p256 = isinstance(key.key, EllipticCurvePublicKey) and isinstance(key.key.curve, SECP256R1)
    return key if on_p256 else None
