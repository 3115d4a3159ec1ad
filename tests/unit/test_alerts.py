"""The dashboard and the alerts query metrics that exist; each alert has its runbook section."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.instruments import Counter, Gauge, Histogram, Registry
from engine.metrics import COMMON, HOST, SWEEP, WARM
from gateway.metrics import GATEWAY
from scripts.generate_dashboard import dashboard
from storage.failures import Cause

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "operations" / "runbook.md").read_text()
FIRST_STEPS = "First steps"
SECTIONS = [
    (section.partition("\n")[0], section)
    for section in RUNBOOK.split("\n## ")[1:]
    if section.partition("\n")[0] != FIRST_STEPS
]
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
CASES = yaml.safe_load((ROOT / "tests/deploy/alerts.yaml").read_text())
SERIES = sorted(
    {
        name if name.startswith("probe_") else f"ray_restaurant_qr_{name}"
        for cases in CASES.values()
        for case in (*cases["fires"], *cases["silent"])
        for name in case["series"]
    }
)
LINES = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]
GROUPS = {"host": (HOST, COMMON), "gateway": (GATEWAY, SWEEP, COMMON, WARM)}
"""Labels that identify a process -> what such processes are."""
BLACKBOX_METRICS = {"probe_success", "probe_ssl_earliest_cert_expiry"}
_NAME = re.compile(r"\b(?:ray_restaurant_qr_(\w+)|(probe_\w+))(?:\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)(?:=|!=|=~|!~)\"")


def names(each: Counter | Gauge | Histogram) -> set[str]:
    """Names that Prometheus has of a metric, without their prefix."""
    if isinstance(each, Counter):
        return {f"{each.name}_total"}
    if isinstance(each, Gauge):
        return {each.name}
    return {f"{each.name}_{part}" for part in ("bucket", "count")}


def instruments_of(meters: Registry) -> list[Counter | Gauge | Histogram]:
    return [*meters.counters, *meters.gauges, *meters.histograms]


LABELS: dict[str, set[str]] = {name: {"job", "instance"} for name in BLACKBOX_METRICS}
"""Metric -> the labels that it can have."""
for process, groups in GROUPS.items():
    for meters in groups:
        for each in instruments_of(meters):
            own = {"le"} if isinstance(each, Histogram) else {each.label}
            for name in names(each):
                LABELS.setdefault(name, set()).update({process}, own)


@pytest.mark.parametrize("expression", [*LINES, *SERIES, *(rule["expr"] for rule in ALERTS)])
def test_each_alert_expression_uses_existing_metrics_and_labels(expression: str) -> None:
    asked = _NAME.findall(expression)
    assert asked
    for ours, foreign, selector in asked:
        assert ours + foreign in LABELS
        assert set(_LABEL.findall(selector)) <= LABELS[ours + foreign]
    assert expression.count("(") == expression.count(")")


def test_an_alert_compares_labels_with_existing_values() -> None:
    code = "".join(
        path.read_text()
        for folder in ("actors", "engine", "gateway", "storage", "restaurant_qr_wire")
        for path in (ROOT / folder).rglob("*.py")
    )  # fmt: skip
    compared = {
        value
        for rule in ALERTS
        for value in re.findall(r"[a-z]+(?:=|!=|=~)\"([^\"]*)\"", rule["expr"])
        if value not in ("restaurant-qr", "5..") and not re.fullmatch(r"[\d.]+", value)
    }
    assert compared
    missing = {each for value in compared for each in value.split("|") if f'"{each}"' not in code}
    assert not missing


def test_the_dashboard_shows_every_metric() -> None:
    shown = {name for line in LINES for name, _, _ in _NAME.findall(line)}
    for meters in (HOST, SWEEP, COMMON, WARM, GATEWAY):
        for each in instruments_of(meters):
            assert names(each) & shown, each.name


def test_every_cause_of_failed_store_calls_has_a_paging_alert() -> None:
    causes = {
        cause
        for rule in ALERTS
        for selector in re.findall(r'cause=~"([^"]*)"', rule["expr"])
        for cause in selector.split("|")
    }
    assert causes == {cause.value for cause in Cause}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_has_severity_page_or_ticket(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    assert {title for title, _ in SECTIONS if re.fullmatch(r"\w+", title)} == {
        rule["alert"] for rule in ALERTS
    }


@pytest.mark.parametrize(("title", "text"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_a_runbook_section_has_impact_cause_check_and_fix(title: str, text: str) -> None:
    parts = re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE)
    assert parts == ["Impact", "Likely cause", "Check", "Fix"]
