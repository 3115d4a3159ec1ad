"""Changes that make Serve build the application again."""

from typing import Any

import pytest
import yaml
from ray.serve._private.deploy_utils import get_app_code_version
from ray.serve.schema import ServeApplicationSchema

from scripts.environment import ROOT
from service_settings import Settings


def version(**args: Any) -> str:
    """The version by which Serve decides whether to build the application."""
    (described,) = yaml.safe_load((ROOT / "deployments.yaml").read_text())["applications"]
    described["args"] |= args
    return str(get_app_code_version(ServeApplicationSchema(**described)))


def test_a_new_revision_of_the_code_is_a_new_serve_application(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = version()
    monkeypatch.setenv("RESTAURANT_QR_AUTH_SECRET", "another secret that is long enough")
    assert version() == before, "the documentation asks for a revision only after changes of code"
    assert version(revision="2") != before
    assert Settings(revision="2").revision == "2"
