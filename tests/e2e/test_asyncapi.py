"""The AsyncAPI document, as AsyncAPI's own parser reads it."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.docs.asyncapi import document

pytestmark = pytest.mark.e2e

PARSER = Path(__file__).with_name("asyncapi.mjs")
PATIENCE_S = 120


def findings(text: str) -> str:
    done = subprocess.run(
        ["node", PARSER],
        input=text,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return done.stdout


def test_the_parser_finds_nothing_wrong() -> None:
    assert findings(json.dumps(document())) == ""


def test_linter_reports_an_operation_without_its_message() -> None:
    broken: Any = copy.deepcopy(document())
    del broken["channels"]["table"]["messages"]["occupy"]
    assert "occupy" in findings(json.dumps(broken))
