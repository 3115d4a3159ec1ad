"""The systemd units of plain machines: valid, and with the documented ports."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.environment import ROOT

MACHINES = ROOT / "deploy" / "machines"
UNITS = sorted(MACHINES.glob("*.service"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd reads the units")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_the_units(unit: Path) -> None:
    result = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert unit.name not in result.stderr  # systemd ignores none of its settings


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd reads the units")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_rates_the_exposure_of_the_units_as_acceptable(unit: Path) -> None:
    weighed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert weighed.returncode == 0, weighed.stdout + weighed.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_units_export_metrics_on_a_fixed_port(unit: Path) -> None:
    assert re.search(r"^ExecStart=.* --metrics-export-port=8080 ", unit.read_text(), re.M)
