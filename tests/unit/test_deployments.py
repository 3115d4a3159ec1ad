"""Serve and the application know all that `deployments.yaml` says, and pass nothing over."""

from typing import Any

import pytest
import yaml
from ray.serve.config import AutoscalingConfig, HTTPOptions
from ray.serve.schema import DeploymentSchema, ServeApplicationSchema, ServeDeploySchema

from gateway.settings import Limits
from scripts.environment import ROOT
from serve_app import Auth, Gateway, Settings


@pytest.fixture(scope="module")
def described() -> Any:
    return yaml.safe_load((ROOT / "deployments.yaml").read_text())


@pytest.fixture(scope="module")
def application(described: Any) -> Any:
    (application,) = described["applications"]
    return application


def test_serve_takes_it(described: Any) -> None:
    ServeDeploySchema.model_validate(described)


def test_serve_knows_each_word(described: Any, application: Any) -> None:
    (gateway,) = application["deployments"]
    for words, model in (
        (described, ServeDeploySchema),
        (described["http_options"], HTTPOptions),
        (application, ServeApplicationSchema),
        (gateway, DeploymentSchema),
        (gateway["autoscaling_config"], AutoscalingConfig),
    ):
        assert words.keys() <= set(model.model_fields), model.__name__


def test_the_application_takes_its_settings(described: Any, application: Any) -> None:
    """And the door is closed where it listens."""
    settings = Settings(**application["args"])
    assert settings.auth is Auth.REQUIRED
    assert (settings.host, settings.port) == (
        described["http_options"]["host"],
        described["http_options"]["port"],
    )


def test_it_names_the_deployment_there_is(application: Any) -> None:
    deployment: Any = Gateway
    assert [each["name"] for each in application["deployments"]] == [deployment.name]


def test_the_gateway_refuses_before_handshakes_wait(application: Any) -> None:
    (gateway,) = application["deployments"]
    most = Limits().max_connections
    assert gateway["max_ongoing_requests"] >= most
    assert gateway["autoscaling_config"]["target_ongoing_requests"] < most


def test_nothing_secret_or_of_one_place_is_in_it(application: Any) -> None:
    assert not application["args"].keys() & {"redis_url", "auth_secret", "data_dir"}


@pytest.mark.parametrize("network", ["10.0.5.0/24", "126.0.0.0/7", "fd00::/8"])
def test_an_open_door_is_for_no_proxy_elsewhere(network: str) -> None:
    """Who comes from there unannounced would be taken for this machine."""
    proxies = ["127.0.0.0/8", network]
    with pytest.raises(ValueError, match="auth=required"):
        Settings.model_validate({"trusted_proxies": proxies})
    closed = Settings.model_validate({"trusted_proxies": proxies, "auth": "required"})
    assert len(closed.trusted_proxies) == 2
    assert Settings.model_validate({"trusted_proxies": ["127.0.0.1/32", "::1"]}).auth is Auth.OPEN
