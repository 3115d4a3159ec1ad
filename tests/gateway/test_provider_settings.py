"""Settings of the identity provider: all or none, and over HTTPS."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import IdentityProvider
from serve_app import provider_of
from service_settings import Settings

URL = "https://login.example/jwks"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JWKS_URL", "ISSUER", "AUDIENCE"):
        monkeypatch.delenv(f"RESTAURANT_QR_AUTH_{name}", raising=False)


@pytest.mark.parametrize(
    "url",
    [URL, "https://login.example:8443/a/b?c=d", "http://127.0.0.1:8080/jwks", "http://[::1]/jwks"],
)
def test_a_provider_needs_url_issuer_and_audience(url: str) -> None:
    settings = Settings(auth_jwks_url=url, auth_issuer="it", auth_audience="us")
    assert provider_of(settings) == IdentityProvider(url, "it", "us")
    assert provider_of(Settings()) is None


@pytest.mark.parametrize(
    "some",
    [
        {"auth_jwks_url": URL},
        {"auth_jwks_url": URL, "auth_issuer": "it"},
        {"auth_jwks_url": URL, "auth_audience": "us"},
        {"auth_jwks_url": URL, "auth_issuer": "", "auth_audience": "us"},
        {"auth_issuer": "it", "auth_audience": "us"},
        {"auth_audience": "us"},
    ],
)
def test_an_incomplete_provider_is_refused_with_the_missing_settings(some: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"AUTH_JWKS_URL.*ISSUER.*AUDIENCE"):
        Settings(**some)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/jwks",
        "http://10.0.0.1/jwks",
        "http://localhost.example/jwks",
        "http://127.0.0.1@login.example/jwks",
        "https://user:password@login.example/jwks",
        "https:///jwks",
        "https://login.example:port/jwks",
        "http://[::1/jwks",
        "file:///etc/passwd",
        "login.example/jwks",
    ],
)
def test_keys_come_over_https_unless_from_this_machine(url: str) -> None:
    with pytest.raises(ValidationError, match="https://"):
        Settings(auth_jwks_url=url, auth_issuer="it", auth_audience="us")
