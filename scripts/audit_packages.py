"""Checks the locked packages for vulnerabilities known to PyPI: `make audit`.

Exits with 1 if there are any, with 2 if some packages could not be checked. It needs the network,
so neither the tests nor CI run it. pip-audit is installed into a temporary environment, because it
depends on many packages.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from scripts.environment import ROOT

TOOL = "pip-audit==2.10.1"
LOCKED = "requirements-load.txt"
"""The lock file that includes the packages of all others."""


def judge(report: Any) -> tuple[list[str], list[str]]:
    """The known vulnerabilities, and the packages that could not be checked.

    pip-audit itself succeeds even if it could not check any package.
    """
    known, unchecked = [], []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unchecked.append(package["name"])
        for each in package.get("vulns", ()):
            fixed = ", ".join(each["fix_versions"]) or "no version yet"
            known.append(f"{package['name']} {package['version']}: {each['id']}, fixed in {fixed}")
    return known, unchecked


def query() -> Any:
    """The report of pip-audit; None if it did not produce one."""
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        programs = Path(directory) / "bin"
        installed = subprocess.run([programs / "pip", "install", "--quiet", TOOL], check=False)
        if installed.returncode != 0:
            return None
        process = subprocess.run(
            [
                programs / "pip-audit", "--require-hashes", "--disable-pip", "--format", "json",
                "--progress-spinner", "off", "--requirement", LOCKED,
            ],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    try:
        return json.loads(process.stdout)
    except json.JSONDecodeError:
        return None


def main() -> int:
    report = query()
    if report is None:
        print("not checked: PyPI did not answer")
        return 2
    known, unchecked = judge(report)
    for each in known:
        print(each)
    if unchecked:
        print(f"not checked: {', '.join(unchecked)}")
    print(f"{len(report['dependencies']) - len(unchecked)} packages checked, {len(known)} findings")
    return 1 if known else 2 if unchecked else 0


if __name__ == "__main__":
    sys.exit(main())
