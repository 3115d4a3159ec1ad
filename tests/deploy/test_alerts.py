"""Each alert fires for its cause and not for a single failure: `alerts.yaml`, run by promtool."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
CASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("alerts.yaml").read_text())
ALERTS = {
    (rule["alert"], rule["labels"]["severity"]): rule
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
}
METRIC_PREFIX = "ray_restaurant_qr_"
LAST_MINUTE = 20


def each(kind: str, title: str) -> list[Any]:
    return [
        pytest.param(alert, case, id=f"{alert}: {case[title]}")
        for alert, cases in CASES.items()
        for case in cases[kind]
    ]


def promtool() -> str:
    """Path of promtool: beside Python, where `make` installs it, or on PATH."""
    own = Path(sys.executable).with_name("promtool")
    found = str(own) if own.exists() else shutil.which("promtool")
    assert found, "promtool is missing: scripts/promtool .venv/bin/promtool"
    return found


def run(*arguments: str) -> None:
    done = subprocess.run([promtool(), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def check(alert: str, case: dict[str, Any], tests: list[dict[str, Any]], folder: Path) -> None:
    """Evaluate the rules of one alert on the case's series."""
    rules = [rule for (name, _), rule in ALERTS.items() if name == alert]
    (folder / "rules.yaml").write_text(
        yaml.safe_dump({"groups": [{"name": alert, "rules": rules}]})
    )
    every = case.get("every", "15s")
    series = [
        {
            "series": name if name.startswith("probe_") else METRIC_PREFIX + name,
            "values": str(values),
        }
        for name, values in case["series"].items()
    ]
    group = {"interval": every, "input_series": series, "alert_rule_test": tests}
    (folder / "test.yaml").write_text(
        yaml.safe_dump(
            {"rule_files": ["rules.yaml"], "evaluation_interval": every, "tests": [group]}
        )
    )
    run("test", "rules", str(folder / "test.yaml"))


def expected(alert: str, severity: str, labels: dict[str, str]) -> dict[str, Any]:
    """The expected alert: its labels, and its summary with their values."""
    summary = ALERTS[alert, severity]["annotations"]["summary"]
    summary = re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels[found[1]], summary)
    return {
        "exp_labels": {"severity": severity, **labels},
        "exp_annotations": {"summary": summary},
    }


def test_prometheus_accepts_the_rules() -> None:
    run("check", "rules", str(RULES))


def test_prometheus_accepts_the_jobs_of_the_documentation(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "operations" / "monitor.md").read_text()
    jobs = [
        job
        for block in re.findall(r"^ *```yaml\n( *- job_name: .*?)^ *```", text, re.M | re.S)
        for job in yaml.safe_load(block)
    ]
    assert {job["job_name"] for job in jobs} == {"ray", "restaurant-qr"}
    for job in jobs:
        job.pop("kubernetes_sd_configs", None)  # Debian builds Prometheus without it
    config = tmp_path / "prometheus.yaml"
    config.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "scrape_configs": jobs}))
    run("check", "config", str(config))


@pytest.mark.parametrize(("alert", "case"), each("fires", "cause"))
def test_an_alert_fires_for_its_cause(alert: str, case: dict[str, Any], tmp_path: Path) -> None:
    fired = [expected(alert, each, case.get("labels", {})) for each in case["severity"]]
    test = {"eval_time": case["at"], "alertname": alert, "exp_alerts": fired}
    check(alert, case, [test], tmp_path)


@pytest.mark.parametrize(("alert", "case"), each("silent", "blip"))
def test_an_alert_does_not_fire_for_a_single_failure(
    alert: str, case: dict[str, Any], tmp_path: Path
) -> None:
    times = range(case.get("from", 1), case.get("until", LAST_MINUTE), case.get("step", 1))
    tests = [{"eval_time": f"{at}m", "alertname": alert, "exp_alerts": []} for at in times]
    check(alert, case, tests, tmp_path)


def test_each_alert_has_a_firing_case_and_a_silent_case() -> None:
    fired = {
        (alert, severity)
        for alert, cases in CASES.items()
        for case in cases["fires"]
        for severity in case["severity"]
    }
    assert fired == set(ALERTS)
    assert all(cases["silent"] for cases in CASES.values())
