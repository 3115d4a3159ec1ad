"""Settings in the environment, as `make run` reads them."""

import pytest

from scripts.preflight import PreflightError, settings_of_environment
from service_settings import Settings


def test_limits_can_be_set_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTAURANT_QR_LIMITS__BURST_MESSAGES", "500")
    assert settings_of_environment().limits.burst_messages == 500


@pytest.mark.parametrize("name", ["BURST", "LIMITS__NONE", "REDIS"])
def test_unknown_setting_is_named_in_the_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"RESTAURANT_QR_{name}", "1")
    with pytest.raises(PreflightError, match=f"RESTAURANT_QR_{name} is not a setting"):
        settings_of_environment()


@pytest.mark.parametrize("wrong", [{"auth_secret": "too-short-a-secret"}, {"port": 0}])
def test_a_settings_error_shows_no_secret(wrong: dict[str, object]) -> None:
    """Serve shows the error in the status of the deployment."""
    given = {"redis_url": "redis://:the-password@store:6379/0"} | wrong
    with pytest.raises(ValueError, match="Settings") as error:
        Settings.model_validate(given)
    assert "the-password" not in str(error.value)
    assert "too-short" not in str(error.value)


@pytest.mark.parametrize("name", ["TRUSTED_PROXIES", "ALLOWED_ORIGINS"])
def test_a_list_setting_that_is_not_json_is_refused_with_an_example(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"RESTAURANT_QR_{name}", "10.0.0.0/8")
    with pytest.raises(
        PreflightError, match=f"Cannot read RESTAURANT_QR_{name}: write a list as JSON"
    ):
        settings_of_environment()
