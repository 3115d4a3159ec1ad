"""Verifies the signature of a token, and returns its claims.

A token is signed with the service's own secret or with a key of the chain's identity provider. Its
algorithm alone determines which of them, by `SIGNERS`, so that a public key is never used as a
secret. Headers that contain or point to a key (`jwk`, `jku`, `x5c`, `x5u`) are ignored.
"""

import math
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import jwt
from jwt.types import Options

from gateway.auth.jwks import INVALID_TOKEN, Jwks
from gateway.metrics import PREVIOUS_KEY
from gateway.settings import IdentityProvider
from protocol.errors import Code, Rejected


class Signer(Enum):
    SERVICE = "service"
    PROVIDER = "provider"


SIGNERS = {"HS256": Signer.SERVICE, "RS256": Signer.PROVIDER, "ES256": Signer.PROVIDER}

LEEWAY_S = 30
"""Tolerated offset, in seconds, between this clock and that of the machine that issued a token."""
MAX_TOKEN_CHARS = 8192
"""Maximum length of a token; a longer one is refused without being parsed."""
MAX_EXPIRY = 253402300799.0
"""The last second of the year 9999, the latest expiry of a token."""

INVALID = INVALID_TOKEN
EXPIRED = Rejected(Code.UNAUTHENTICATED, "The token has expired. Get a new one.")


_OWN_TOKEN_OPTIONS: Options = {
    "require": ["exp"],
    "verify_aud": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class VerifiedToken(NamedTuple):
    """Claims that are valid until `expires_at`, in epoch seconds, leeway included."""

    claims: Mapping[str, Any]
    expires_at: float
    signer: Signer


class TokenVerifier:
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
        """A number that changes whenever a key may have been withdrawn."""
        return 0 if self._keys is None else self._keys.version

    async def run(self) -> None:
        """Refresh the provider's keys until cancelled; return if there is no provider."""
        if self._keys is not None:
            await self._keys.run()

    async def verify(self, token: str) -> VerifiedToken | Rejected:
        """The verified claims of a token. UNAVAILABLE if the provider's keys are not known."""
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            return INVALID
        try:
            header = jwt.get_unverified_header(token)
            signer = SIGNERS.get(str(header.get("alg")))
            if signer is Signer.SERVICE:
                return self._verify_own(token)
            if signer is Signer.PROVIDER and self._provider is not None and self._keys is not None:
                key = await self._keys.key(str(header["alg"]), header.get("kid", ""))
                return (
                    key
                    if isinstance(key, Rejected)
                    else _verify_provider_token(self._provider, token, key)
                )
        except jwt.ExpiredSignatureError:
            return EXPIRED
        except jwt.PyJWTError:
            pass
        return INVALID

    def _verify_own(self, token: str) -> VerifiedToken | Rejected:
        """Verify one of the service's own tokens. `iss` and `aud` are optional, but must be the
        provider's."""
        claims = self._own_claims(token)
        provider = self._provider
        audience = claims.get("aud", [])
        audiences = audience if isinstance(audience, list) else [audience]
        if "aud" in claims and (provider is None or provider.audience not in audiences):
            return INVALID
        if "iss" in claims and provider is not None and claims["iss"] != provider.issuer:
            return INVALID
        verified = _verified(claims, 0, Signer.SERVICE)
        if isinstance(verified, VerifiedToken) and claims.get("nbf", 0) > time.time() + LEEWAY_S:
            return INVALID
        return verified

    def _own_claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of the service's keys signed. Raises PyJWTError.

        `iat` is not verified, because the token may come from a gateway whose clock is ahead.
        """
        for key in self._own_keys:
            try:
                claims = jwt.decode(token, key, algorithms=["HS256"], options=_OWN_TOKEN_OPTIONS)
            except jwt.InvalidSignatureError:
                continue
            if key != self._own_keys[0]:
                PREVIOUS_KEY.add(label_value="token")
            return claims
        raise jwt.InvalidSignatureError


def _keys_of(provider: IdentityProvider, clock: Callable[[], float]) -> Jwks:
    from gateway.auth.fetch import fetch

    return Jwks(lambda: fetch(provider.jwks_url), clock)


def _verify_provider_token(
    provider: IdentityProvider, token: str, key: jwt.PyJWK
) -> VerifiedToken | Rejected:
    claims = jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        audience=provider.audience,
        issuer=provider.issuer,
        leeway=LEEWAY_S,
        options={"require": ["exp", "iss", "aud"]},
    )
    return _verified(claims, LEEWAY_S, Signer.PROVIDER)


def _verified(claims: Mapping[str, Any], leeway: float, signer: Signer) -> VerifiedToken | Rejected:
    """The verified token, if its times are finite numbers. PyJWT also accepts `"1"` and `true`."""
    times = [claims[name] for name in ("exp", "nbf", "iat") if name in claims]
    if not all(type(time_) is int or _is_finite(time_) for time_ in times):
        return INVALID
    return VerifiedToken(claims, float(min(int(claims["exp"]) + leeway, MAX_EXPIRY)), signer)


def _is_finite(time_: Any) -> bool:
    return type(time_) is float and math.isfinite(time_)
