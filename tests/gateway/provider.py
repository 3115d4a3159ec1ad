"""An identity provider with real keys and a real HTTP server, which tests stop and misconfigure."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from gateway.settings import IdentityProvider

ISSUER = "https://login.example"
AUDIENCE = "restaurant-qr"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """RSA key of a name, the same at each call."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def jwk(kid: Any, key: Key, **more: Any) -> dict[str, Any]:
    """Public key as in a JWKS document."""
    public = (
        RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    )
    return {**public, "kid": kid, "use": "sig", **more}


class Provider:
    """Publishes `keys`, or sends `answer` if set; `requests` has the path of each request."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {"rsa-1": rsa_key("rsa-1"), "ec-1": ec_key("ec-1")}
        self.answer: web.Response | None = None
        self.requests: list[str] = []
        self.settings = IdentityProvider("", ISSUER, AUDIENCE)
        self._runner: web.ServerRunner | None = None
        self._port = 0

    async def start(self) -> None:
        """Listen, on the same port after a stop."""
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.settings = IdentityProvider(f"http://127.0.0.1:{self._port}/jwks", ISSUER, AUDIENCE)

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request.path)
        if self.answer is not None:
            return self.answer
        return web.json_response({"keys": [jwk(kid, key) for kid, key in self.keys.items()]})

    def token(self, kid: str = "rsa-1", *, key: Key | None = None, **claims: Any) -> str:
        """A manager's token, valid for a minute; a claim of None is left out."""
        key = key or self.keys[kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(claims_with(claims), key, algorithm, headers={"kid": kid})


def claims_with(changes: dict[str, Any]) -> dict[str, Any]:
    """Valid claims with changes; a claim of None is left out."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 60,
        "sub": "eve",
        "role": "manager",
        "restaurant_id": 2,
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


@asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    provider = Provider()
    await provider.start()
    yield provider
    await provider.stop()


class Clock:
    """A clock of seconds that a test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
