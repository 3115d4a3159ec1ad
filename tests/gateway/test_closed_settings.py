"""Settings that would open a gateway to other machines are refused, with what to set instead."""

from typing import Any

import pytest
from pydantic import ValidationError

from service_settings import Auth, Settings


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTH", "ALLOWED_ORIGINS", "TRUSTED_PROXIES", "HOST"):
        monkeypatch.delenv(f"RESTAURANT_QR_{name}", raising=False)


def test_auth_open_refuses_allowed_origins_of_any_web_page() -> None:
    with pytest.raises(ValidationError, match=r"auth=required.*list the origins"):
        Settings(allowed_origins=frozenset({"*"}))
    with pytest.raises(ValidationError, match="auth=required"):
        Settings(allowed_origins=frozenset({"https://app.example", "*"}))


def test_any_web_page_is_allowed_if_tokens_are_required() -> None:
    settings = Settings(auth=Auth.REQUIRED, allowed_origins=frozenset({"*"}))
    assert settings.allowed_origins == {"*"}


@pytest.mark.parametrize(
    "origin",
    ["https://app.example", "https://app.example/", "http://localhost:3000", "http://[::1]:5173",
     "capacitor://localhost"],
)  # fmt: skip
def test_auth_open_accepts_a_valid_allowed_origin(origin: str) -> None:
    assert Settings(allowed_origins=frozenset({origin})).allowed_origins == {origin}


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("null", id="null"),
        pytest.param("app.example", id="no_scheme"),
        pytest.param("https://*.example", id="pattern"),
        pytest.param("https://app.example/menu", id="path"),
        pytest.param("https://user@app.example", id="user"),
        pytest.param("", id="empty"),
    ],
)
def test_an_allowed_origin_that_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="not an origin"):
        Settings(auth=Auth.REQUIRED, allowed_origins=frozenset({origin}))


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_trusted_proxies_that_cover_every_address_are_refused(network: str) -> None:
    wanted: dict[str, Any] = {"trusted_proxies": [network]}
    with pytest.raises(ValidationError, match="every address"):
        Settings(auth=Auth.REQUIRED, **wanted)
    with pytest.raises(ValidationError, match="auth=open"):
        Settings(**wanted)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "localhost.", "127.0.0.1.example"])
def test_auth_open_refuses_a_host_other_than_loopback(host: str) -> None:
    with pytest.raises(ValidationError, match="loopback only"):
        Settings(host=host)
