"""Asks PyPI whether anything is known against the versions in the lock files: `make audit`.

Exits with 1 where something is, with 2 where not all could be asked about. It needs the network, so
neither the tests nor CI run it. pip-audit is put into an environment of its own, as uv is by
`scripts/lock`: it brings more packages than it has lines to run.
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
"""Has all that the other lock files have."""


def judge(report: Any) -> tuple[list[str], list[str]]:
    """What is known against packages, and which of them could not be asked about. pip-audit itself
    is content with those, even where they are all of them."""
    known, unchecked = [], []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unchecked.append(package["name"])
        for each in package.get("vulns", ()):
            mended = ", ".join(each["fix_versions"]) or "no version yet"
            known.append(
                f"{package['name']} {package['version']}: {each['id']}, mended by {mended}"
            )
    return known, unchecked


def ask() -> Any:
    """pip-audit's report; None where there is none."""
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        programs = Path(directory) / "bin"
        installed = subprocess.run([programs / "pip", "install", "--quiet", TOOL], check=False)
        if installed.returncode != 0:
            return None
        asked = subprocess.run(
            [
                programs / "pip-audit", "--require-hashes", "--disable-pip", "--format", "json",
                "--progress-spinner", "off", "--requirement", LOCKED,
            ],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    try:
        return json.loads(asked.stdout)
    except json.JSONDecodeError:
        return None


def main() -> int:
    report = ask()
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
