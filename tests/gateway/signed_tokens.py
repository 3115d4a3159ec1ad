"""Tokens with any claims, and the authenticator's answers to them."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt

from gateway.auth.authenticator import Authenticator
from gateway.auth.client_address import LOCAL
from gateway.auth.principal import Principal
from protocol.errors import Code, Rejected

SECRET = "a secret of the tests that is long enough"


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode({"exp": int(time.time()) + 60, **claims}, secret, algorithm)


def forged_token(header: Any, claims: Any, key: bytes) -> str:
    """A forged HS256 token with any header and any key."""
    parts = [
        json.dumps(part).encode() if not isinstance(part, bytes) else part
        for part in (header, claims)
    ]
    text = b".".join(_base64(part) for part in parts)
    return (text + b"." + _base64(hmac.digest(key, text, hashlib.sha256))).decode()


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


async def accepted(authenticator: Authenticator, token: str | None) -> Principal:
    principal = await authenticator.principal(token, LOCAL)
    assert isinstance(principal, Principal), principal
    return principal


async def refused(authenticator: Authenticator, token: str | None) -> Rejected:
    refusal = await authenticator.principal(token, LOCAL)
    assert isinstance(refusal, Rejected), refusal
    assert refusal.code is Code.UNAUTHENTICATED
    return refusal
