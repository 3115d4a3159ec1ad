"""Settings of signing keys: one secret, or lists of up to two for tokens and printed codes."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import Keys
from serve_app import keys_of
from service_settings import Settings

ONE, NEW, OLD, CODE = (
    f"{name} key of thirty-two characters" for name in ("one", "new", "old", "own")
)


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTH_SECRET", "TOKEN_KEYS", "CODE_KEYS"):
        monkeypatch.delenv(f"RESTAURANT_QR_{name}", raising=False)


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({"auth_secret": ONE}, Keys((ONE,), (ONE,))),
        ({"auth_secret": ONE, "token_keys": [NEW, ONE]}, Keys((NEW, ONE), (ONE,))),
        ({"auth_secret": ONE, "code_keys": [NEW, ONE]}, Keys((ONE,), (NEW, ONE))),
        ({"token_keys": [NEW, OLD], "code_keys": [CODE]}, Keys((NEW, OLD), (CODE,))),
    ],
    ids=["one secret for both", "tokens rotated", "codes rotated", "a list for each"],
)
def test_an_unset_key_list_defaults_to_the_auth_secret(
    settings: dict[str, Any], keys: Keys
) -> None:
    assert keys_of(Settings(**settings)) == keys


def test_key_lists_default_to_the_generated_secret(tmp_path: Path) -> None:
    keys = keys_of(Settings(data_dir=tmp_path))
    kept = (tmp_path / "auth_secret").read_text()
    assert keys == Keys((kept,), (kept,))


def test_keys_in_the_environment_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTAURANT_QR_TOKEN_KEYS", f"{NEW},{OLD}")
    monkeypatch.setenv("RESTAURANT_QR_CODE_KEYS", CODE)
    assert keys_of(Settings()) == Keys((NEW, OLD), (CODE,))


@pytest.mark.parametrize("name", ["token_keys", "code_keys"])
@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("", "32 characters"),
        ("short", "32 characters"),
        (f"{NEW},", "32 characters"),
        ([NEW, "short"], "32 characters"),
        ([NEW, NEW], "two different ones"),
        ([NEW, OLD, ONE], "two different ones"),
    ],
    ids=["empty", "short", "comma at the end", "second short", "twice the same", "three"],
)
def test_short_equal_or_too_many_keys_are_refused_without_showing_them(
    name: str, keys: Any, says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: keys})
    assert says in str(refused.value)
    assert name in str(refused.value)
    assert NEW not in str(refused.value)


def test_printed_settings_contain_no_key() -> None:
    settings = Settings.model_validate({"token_keys": [NEW, OLD], "code_keys": [CODE]})
    printed = repr(settings) + str(settings) + repr(keys_of(settings))
    assert not [key for key in (NEW, OLD, CODE) if key in printed]
