"""Whose signature a token bears, and what it claims once that holds.

A token is signed with our own secret or with a key of the chain's identity provider. Which of the
two it is follows from its algorithm by `SIGNERS` alone, so that a public key is never taken for a
secret. Headers that bring or name a key (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
"""

import math
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import jwt
from jwt.types import Options

from gateway.jwks import UNKNOWN, Jwks
from gateway.metrics import PREVIOUS_KEY
from gateway.settings import IdentityProvider
from protocol.errors import Code, Rejected


class Signer(Enum):
    OURSELVES = "ourselves"
    PROVIDER = "provider"


SIGNERS = {"HS256": Signer.OURSELVES, "RS256": Signer.PROVIDER, "ES256": Signer.PROVIDER}

LEEWAY_S = 30
"""Tolerated offset, in seconds, between this clock and that of the machine that issued a token."""
LONGEST = 8192
"""Characters of a token; a longer one is refused unread."""
LATEST = 253402300799.0
"""The last second of the year 9999; a token that would outlive it ends then."""

INVALID = UNKNOWN
EXPIRED = Rejected(Code.UNAUTHENTICATED, "The token has expired. Get a new one.")


_OF_OUR_OWN: Options = {
    "require": ["exp"],
    "verify_aud": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class Signed(NamedTuple):
    """Claims that hold until `expires_at`, in epoch seconds, leeway included."""

    claims: Mapping[str, Any]
    expires_at: float
    signer: Signer


class Signatures:
    """Verifies tokens. `keys` are the service's own, any of which may have signed a token; `clock`
    counts the seconds between two requests to the provider."""

    def __init__(
        self,
        keys: tuple[str, ...],
        provider: IdentityProvider | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own_keys = keys
        self._provider = provider
        self._keys = _keys_of(provider, clock) if provider is not None else None

    @property
    def version(self) -> int:
        """Another number than before wherever a key may have gone."""
        return 0 if self._keys is None else self._keys.version

    async def run(self) -> None:
        """Keep the provider's keys fresh for ever; nothing to do where there is none."""
        if self._keys is not None:
            await self._keys.run()

    async def read(self, token: str) -> Signed | Rejected:
        """What a token claims. UNAVAILABLE where the provider's keys are not known."""
        if len(token) > LONGEST or not token.isascii():
            return INVALID
        try:
            header = jwt.get_unverified_header(token)
            signer = SIGNERS.get(str(header.get("alg")))
            if signer is Signer.OURSELVES:
                return self._our_own(token)
            if signer is Signer.PROVIDER and self._provider is not None and self._keys is not None:
                key = await self._keys.key(str(header["alg"]), header.get("kid", ""))
                return key if isinstance(key, Rejected) else _of(self._provider, token, key)
        except jwt.ExpiredSignatureError:
            return EXPIRED
        except jwt.PyJWTError:
            pass
        return INVALID

    def _our_own(self, token: str) -> Signed | Rejected:
        """Read one of our own tokens. `iss` and `aud` are optional, but must be the provider's."""
        claims = self._own_claims(token)
        provider = self._provider
        audience = claims.get("aud", [])
        audiences = audience if isinstance(audience, list) else [audience]
        if "aud" in claims and (provider is None or provider.audience not in audiences):
            return INVALID
        if "iss" in claims and provider is not None and claims["iss"] != provider.issuer:
            return INVALID
        signed = _signed(claims, 0, Signer.OURSELVES)
        if isinstance(signed, Signed) and claims.get("nbf", 0) > time.time() + LEEWAY_S:
            return INVALID
        return signed

    def _own_claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of our keys signed; raises PyJWTError for any other.

        `iat` is not verified, because the token may come from a gateway whose clock is ahead.
        """
        for key in self._own_keys:
            try:
                claims = jwt.decode(token, key, algorithms=["HS256"], options=_OF_OUR_OWN)
            except jwt.InvalidSignatureError:
                continue
            if key != self._own_keys[0]:
                PREVIOUS_KEY.add(of="token")
            return claims
        raise jwt.InvalidSignatureError


def _keys_of(provider: IdentityProvider, clock: Callable[[], float]) -> Jwks:
    from gateway.fetch import fetch

    return Jwks(lambda: fetch(provider.jwks_url), clock)


def _of(provider: IdentityProvider, token: str, key: jwt.PyJWK) -> Signed | Rejected:
    claims = jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        audience=provider.audience,
        issuer=provider.issuer,
        leeway=LEEWAY_S,
        options={"require": ["exp", "iss", "aud"]},
    )
    return _signed(claims, LEEWAY_S, Signer.PROVIDER)


def _signed(claims: Mapping[str, Any], leeway: float, signer: Signer) -> Signed | Rejected:
    """PyJWT takes `"1"` and `true` for times; they are numbers."""
    times = [claims[name] for name in ("exp", "nbf", "iat") if name in claims]
    if not all(type(time_) is int or _is_finite(time_) for time_ in times):
        return INVALID
    return Signed(claims, float(min(int(claims["exp"]) + leeway, LATEST)), signer)


def _is_finite(time_: Any) -> bool:
    return type(time_) is float and math.isfinite(time_)
