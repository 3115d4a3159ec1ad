"""The AsyncAPI document, checked by AsyncAPI's own parser."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.docs.asyncapi import document

pytestmark = pytest.mark.e2e

PARSER = Path(__file__).with_name("asyncapi.mjs")
TIMEOUT_S = 120


def findings(text: str) -> str:
    result = subprocess.run(
        ["node", PARSER],
        input=text,
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return result.stdout


def test_asyncapi_document_has_no_parser_findings() -> None:
    assert findings(json.dumps(document())) == ""


def test_parser_reports_an_operation_without_its_message() -> None:
    broken: Any = copy.deepcopy(document())
    del broken["channels"]["table"]["messages"]["occupy"]
    assert "occupy" in findings(json.dumps(broken))
