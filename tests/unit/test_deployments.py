"""Serve and the application accept every field of `deployments.yaml`."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import DeploymentSchema, ServeApplicationSchema, ServeDeploySchema

from gateway.settings import Limits
from scripts.environment import ROOT
from serve_app import Gateway
from service_settings import Auth, Settings


@pytest.fixture(scope="module")
def file() -> Any:
    return yaml.safe_load((ROOT / "deployments.yaml").read_text())


@pytest.fixture(scope="module")
def application(file: Any) -> Any:
    (application,) = file["applications"]
    return application


def test_serve_accepts_the_deployment_config(file: Any) -> None:
    ServeDeploySchema.model_validate(file)


def test_deployment_config_has_only_fields_of_serves_schemas(file: Any, application: Any) -> None:
    (gateway,) = application["deployments"]
    for words, model in (
        (file, ServeDeploySchema),
        (application, ServeApplicationSchema),
        (gateway, DeploymentSchema),
        (gateway["autoscaling_config"], AutoscalingConfig),
    ):
        assert words.keys() <= set(model.model_fields), model.__name__


def test_gateways_listen_on_all_addresses_and_require_a_token(file: Any, application: Any) -> None:
    settings = Settings(**application["args"])
    assert settings.auth is Auth.REQUIRED
    assert (settings.host, settings.port) == ("0.0.0.0", 9000)
    assert file["proxy_location"] == "Disabled"


def test_deployment_config_names_the_existing_deployment(application: Any) -> None:
    deployment: Any = Gateway
    assert [each["name"] for each in application["deployments"]] == [deployment.name]


def test_autoscaling_adds_gateways_before_they_are_full(application: Any) -> None:
    (gateway,) = application["deployments"]
    scaling = AutoscalingConfig(**gateway["autoscaling_config"])
    assert (scaling.target_ongoing_requests or 0) < Limits().max_connections
    module, _, name = gateway["autoscaling_config"]["policy"]["policy_function"].partition(":")
    policy = getattr(import_module(module), name)
    reported = {"connections": {"one": 4000.0, "another": 7000.0}}
    context = SimpleNamespace(config=scaling, aggregated_metrics=reported)
    assert policy(context) == (3, {})
    context.aggregated_metrics = None
    assert policy(context) == (1, {})


def test_deployment_config_has_no_secrets_or_addresses(application: Any) -> None:
    assert not application["args"].keys() & {"redis_url", "auth_secret", "data_dir"}


@pytest.mark.parametrize("network", ["10.0.5.0/24", "126.0.0.0/7", "fd00::/8"])
def test_anonymous_access_rejects_proxies_on_other_machines(network: str) -> None:
    """A client behind such a proxy would count as one of this machine."""
    proxies = ["127.0.0.0/8", network]
    with pytest.raises(ValueError, match="auth=required"):
        Settings.model_validate({"trusted_proxies": proxies})
    closed = Settings.model_validate({"trusted_proxies": proxies, "auth": "required"})
    assert len(closed.trusted_proxies) == 2
    assert Settings.model_validate({"trusted_proxies": ["127.0.0.1/32", "::1"]}).auth is Auth.OPEN
