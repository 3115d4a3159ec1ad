"""The dashboard and the alerts ask for metrics that there are, and each alert has its page."""

import re
from pathlib import Path

import pytest
import yaml

from actors.meters import Counter, Gauge, Histogram, Meters
from actors.metrics import HOST, SWEEP
from gateway.metrics import GATEWAY
from scripts.dashboard import dashboard

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
LINES = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]
_NAME = re.compile(r"ray_restaurant_qr_(\w+)(?:\{([^}]*)\})?")


def names(meters: Meters) -> set[str]:
    """What Prometheus has of them, without what stands before each name."""
    return (
        {f"{each.name}_total" for each in meters.counters}
        | {each.name for each in meters.gauges}
        | {f"{each.name}_{part}" for each in meters.histograms for part in ("bucket", "count")}
    )


KNOWN = names(HOST) | names(SWEEP) | names(GATEWAY)


@pytest.mark.parametrize("expression", [*LINES, *(rule["expr"] for rule in ALERTS)])
def test_what_is_asked_for_is_counted(expression: str) -> None:
    asked = {name for name, _ in _NAME.findall(expression)}
    assert asked
    assert asked <= KNOWN
    assert expression.count("(") == expression.count(")")


def test_every_metric_is_shown() -> None:
    shown = {name for line in LINES for name, _ in _NAME.findall(line)}
    for meters in (HOST, SWEEP, GATEWAY):
        every: list[Counter | Gauge | Histogram]
        every = [*meters.counters, *meters.gauges, *meters.histograms]
        for each in every:
            assert {each.name, f"{each.name}_total", f"{each.name}_bucket"} & shown, each.name


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, object]) -> None:
    assert f"\n## {rule['alert']}\n" in RUNBOOK
    assert rule["labels"]["severity"] in ("page", "ticket")  # type: ignore[index]


def test_the_runbook_knows_no_other_alerts() -> None:
    headings = set(re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE))
    assert headings == {rule["alert"] for rule in ALERTS}
