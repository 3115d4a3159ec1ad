"""Writes `deploy/grafana/restaurant-qr.json`, to import or provision in Grafana.

`--check` only compares. `ROWS` defines the panels; rates use Grafana's `$__rate_interval`.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "restaurant-qr.json"
WIDTH, HEIGHT, ACROSS = 8, 8, 3
P = "ray_restaurant_qr_"


def rate(counter: str, by: str = "") -> str:
    """The rate of a counter, per second."""
    return f"sum{_by(by)} (rate({P}{counter}_total[$__rate_interval]))"


def gained(counter: str, by: str = "") -> str:
    """The increase of a counter over Grafana's rate interval."""
    return f"sum{_by(by)} (increase({P}{counter}_total[$__rate_interval]))"


def quantile(q: float, histogram: str) -> str:
    buckets = f"sum by (le) (rate({P}{histogram}_bucket[$__rate_interval]))"
    return f"histogram_quantile({q}, {buckets})"


def total(gauge: str, by: str = "") -> str:
    return f"sum{_by(by)} ({P}{gauge})"


def most(gauge: str, by: str) -> str:
    return f"max{_by(by)} ({P}{gauge})"


def age(timestamp: str, by: str = "") -> str:
    """Seconds since the oldest timestamp of a gauge."""
    return f"time() - min{_by(by)} ({P}{timestamp})"


def _by(label: str) -> str:
    return f" by ({label})" if label else ""


def _spread(histogram: str) -> dict[str, str]:
    return {"half within": quantile(0.5, histogram), "99 % within": quantile(0.99, histogram)}


ROWS: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    "Guests and staff": [
        ("Open sockets", "short", {"{{channel}}": total("connections", "channel")}),
        ("Commands a second", "ops", {"{{answer}}": rate("commands", "answer")}),
        ("Commit to screen", "s", _spread("fan_out_seconds")),
        ("Errors a second", "ops", {"{{code}}": rate("websocket_errors", "code")}),
        ("Sockets closed a second", "ops", {"{{code}}": rate("websocket_closed", "code")}),
        (
            "Events and deliveries a second",
            "ops",
            {"events": rate("events"), "deliveries": rate("delivered")},
        ),
    ],
    "Hosts": [
        (
            "Turns and messages a second",
            "ops",
            {
                "turns": f"sum (rate({P}turn_seconds_count[$__rate_interval]))",
                "messages": rate("messages"),
            },
        ),
        ("A turn", "s", _spread("turn_seconds")),
        ("A commit", "s", _spread("commit_seconds")),
        ("Messages a turn", "short", _spread("turn_messages")),
        (
            "Queued messages",
            "short",
            {
                "{{host}}, in gateways": total("queued_messages", "host"),
                "{{host}}, in the host": total("mailbox_messages", "host"),
                "{{host}}, misplaced": total("misplaced", "host"),
            },
        ),
        ("Oldest message in the mailbox", "s", {"{{host}}": most("mailbox_age_seconds", "host")}),
        ("Entities in memory", "short", {"{{host}}": total("entities", "host")}),
    ],
    "Gateways": [
        (
            "Sockets",
            "short",
            {
                "{{gateway}}": total("connections", "gateway"),
                "at most": f"min({P}max_connections)",
            },
        ),
        (
            "Sockets accepted a second",
            "ops",
            {"{{gateway}}": rate("websocket_accepted", "gateway")},
        ),
        ("From a message to its reply", "s", _spread("reply_seconds")),
        ("Replies in one read", "short", _spread("replies_read")),
        (
            "Messages received a second",
            "ops",
            {"{{gateway}}": rate("websocket_messages", "gateway")},
        ),
        ("HTTP a second", "ops", {"{{status}}": rate("http_requests", "status")}),
    ],
    "Store": [
        ("Calls that failed", "short", {"{{cause}}": gained("store_failures", "cause")}),
        ("Memory used", "percentunit", {"memory": f"max({P}store_memory_used)"}),
        ("Replicas", "short", {"replicas": f"min({P}store_replicas)"}),
        ("The slowest replica is behind", "bytes", {"bytes": f"max({P}store_replica_lag_bytes)"}),
        ("Since the last backup", "s", {"backup": age("backup_timestamp_seconds")}),
        (
            "Clocks ahead of the store's",
            "s",
            {"{{gateway}}": total("clock_offset_seconds", "gateway")},
        ),
    ],
    "When something breaks": [
        ("Failed commits", "short", {"{{reason}}": gained("commit_failures", "reason")}),
        ("Subscriptions", "short", {"{{result}}": gained("subscriptions", "result")}),
        (
            "Limit violations, rejected clients",
            "short",
            {
                "{{limit}}": gained("limit_violations", "limit"),
                "{{reason}}": gained("rejected_clients", "reason"),
                "wrong {{kind}} codes": gained("wrong_codes", "kind"),
                "forwarded address ignored: {{reason}}": gained("forwards_ignored", "reason"),
                "signed by the second key: {{kind}}": gained("previous_key", "kind"),
            },
        ),
        (
            "Hosts lost, resubscriptions",
            "short",
            {"hosts lost": gained("hosts_lost"), "resubscriptions": gained("resubscriptions")},
        ),
        (
            "Effects on other hosts",
            "short",
            {
                "waiting": total("outbox"),
                "orphans activated": gained("orphans_activated"),
                "refused": gained("effects_refused"),
            },
        ),
        ("The oldest of them", "s", {"{{host}}": most("outbox_age_seconds", "host")}),
        (
            "Idle workers for new actors",
            "short",
            {"{{gateway}}": total("warm_workers", "gateway"), "failed": gained("warm_failures")},
        ),
        (
            "Never expected",
            "short",
            {
                "lost writes": gained("lost_writes"),
                "command handlers failed": gained("handler_errors"),
                "gateway handlers failed": gained("gateway_handler_errors"),
                "background jobs failed": gained("job_failures"),
                "unreadable state": gained("unreadable"),
            },
        ),
        ("Loaded again", "short", {"{{host}}": gained("evictions", "host")}),
        ("Subscribed topics", "short", {"{{host}}": total("subscribed_topics", "host")}),
        (
            "Shards",
            "short",
            {
                "expected": f"count(max by (host) ({P}hosts_expected))",
                "reporting": f'count({P}entities{{host=~"shard:.*"}})',
            },
        ),
        (
            "Partitioned gateways, sweeps a second",
            "short",
            {"partitioned": f"sum({P}partitioned)", "sweeps": rate("sweeps")},
        ),
        (
            "The identity provider's keys",
            "short",
            {
                "keys": f"min({P}provider_keys)",
                "minutes since renewed": f"({age('provider_renewed_timestamp_seconds')}) / 60",
            },
        ),
    ],
}


def dashboard() -> dict[str, Any]:
    return {
        "uid": "restaurant-qr",
        "title": "Restaurant QR",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]
        },
        "panels": list(_panels()),
    }


def _panels() -> Iterator[dict[str, Any]]:
    id_, y = 1, 0
    for title, panels in ROWS.items():
        yield {
            "id": id_,
            "type": "row",
            "title": title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": 24, "h": 1},
            "panels": [],
        }
        id_, y = id_ + 1, y + 1
        for number, (name, unit, lines) in enumerate(panels):
            row, column = divmod(number, ACROSS)
            position = {"x": column * WIDTH, "y": y + row * HEIGHT, "w": WIDTH, "h": HEIGHT}
            yield _panel(id_, name, unit, lines, position)
            id_ += 1
        y += HEIGHT * -(-len(panels) // ACROSS)


def _panel(
    id_: int, name: str, unit: str, lines: dict[str, str], position: dict[str, int]
) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${datasource}"}
    return {
        "id": id_,
        "type": "timeseries",
        "title": name,
        "datasource": source,
        "gridPos": position,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": source, "expr": expr, "legendFormat": legend}
            for n, (legend, expr) in enumerate(lines.items())
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; write nothing")
    written = json.dumps(dashboard(), indent=1) + "\n"
    if not parser.parse_args().check:
        PAGE.write_text(written)
    elif PAGE.read_text() != written:
        print(
            f"{PAGE.name} is out of date: run `make docs`.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
