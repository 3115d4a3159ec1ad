"""Exit code of `make audit` for reports on the locked packages."""

import re
from typing import Any

import pytest

from scripts import audit_packages
from scripts.environment import ROOT

GOOD = {"name": "redis", "version": "7.0.0", "vulns": []}
BAD = {
    "name": "aiohttp",
    "version": "3.0.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.0.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
UNKNOWN = {"name": "starlette", "skip_reason": "could not be audited"}


@pytest.mark.parametrize(
    ("packages", "exit_code", "said"),
    [
        ([GOOD], 0, "1 packages checked, 0 findings"),
        ([GOOD, BAD], 1, "aiohttp 3.0.0: PYSEC-1, fixed in 3.0.1"),
        ([BAD], 1, "PYSEC-2, fixed in no version yet"),
        ([UNKNOWN, BAD], 1, "not checked: starlette"),
        ([GOOD, UNKNOWN], 2, "not checked: starlette"),
        (None, 2, "not checked: PyPI did not answer"),
    ],
)
def test_audit_fails_unless_every_package_was_checked(
    packages: Any,
    exit_code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = None if packages is None else {"dependencies": packages}
    monkeypatch.setattr(audit_packages, "query", lambda: report)
    assert audit_packages.main() == exit_code
    assert said in capsys.readouterr().out


def test_audit_covers_all_locked_packages() -> None:
    def locked(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), re.MULTILINE))

    asked = locked(audit_packages.LOCKED)
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert locked(name) <= asked, name
