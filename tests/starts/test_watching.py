"""Metrics at Ray's endpoint for Prometheus, and spans of a command."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import redis
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from engine.metrics import HOST
from gateway.metrics import GATEWAY
from protocol.caller import Role
from scripts.environment import ROOT
from storage.embedded import EmbeddedStore
from tests.e2e.service import Service, commands, free_port, running_service
from tests.eventually import eventually

pytestmark = pytest.mark.e2e

TIMEOUT_S = 60
CONDITIONAL_GAUGES = {"queued_messages", "provider_keys", "provider_renewed_timestamp_seconds"}
"""Gauges that a service without a queue and an identity provider does not export."""
_LINE = re.compile(r"^ray_restaurant_qr_(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Span:
    """A span as the collector receives it."""

    name: str
    trace: bytes
    id: bytes
    parent: bytes
    attributes: dict[str, str]


@dataclass
class Collector:
    """Receives OTLP over HTTP, as OpenTelemetry's own collector does."""

    spans: list[Span] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    attributes = {each.key: each.value.string_value for each in span.attributes}
                    self.spans.append(
                        Span(
                            span.name,
                            span.trace_id,
                            span.span_id,
                            span.parent_span_id,
                            attributes,
                        )
                    )


@pytest.fixture(scope="module")
def collector() -> Iterator[tuple[Collector, str]]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory, collector: tuple[Collector, str]
) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector[1])
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "500")
        data_dir = Path(tmp_path_factory.mktemp("data"))
        with running_service(
            data_dir, PLACEMENT="shard", TRACE_SAMPLE_RATE="1", PORT=free_port()
        ) as service:
            yield service


async def test_a_command_is_traced_from_its_socket_to_the_others(
    watched: Service, collector: tuple[Collector, str]
) -> None:
    table, _ = await watched.free_table()
    spans = collector[0].spans
    async with (
        watched.socket(f"tables/{table}/", Role.MANAGER, restaurant_id=2) as one,
        watched.socket(f"tables/{table}/", Role.MANAGER, restaurant_id=2) as other,
    ):
        await other.next()  # the snapshot
        await one.request("occupy")
        await other.until("table_status")

    def find(name: str) -> Span | None:
        entity = f"table:{table}"
        root = next(
            (s for s in spans if s.name == "Occupy" and s.attributes["entity"] == entity), None
        )
        if root is None or name == "Occupy":
            return root
        under = (s for s in spans if (s.name, s.trace, s.parent) == (name, root.trace, root.id))
        return next(under, None)

    assert (await eventually(lambda: find("Occupy"), TIMEOUT_S)).parent == b""
    turn = await eventually(lambda: find("turn"), TIMEOUT_S)
    assert turn.attributes["host"].startswith("shard:")
    assert await eventually(lambda: find("delivery"), TIMEOUT_S)


async def exported(service: Service) -> list[tuple[str, dict[str, str], float]]:
    found = re.search(r"curl -s (http://\S+/metrics)", service.welcome)
    assert found is not None
    async with httpx.AsyncClient() as http:
        text = (await http.get(found[1])).text
    return [
        (name, dict(_LABEL.findall(labels)), float(value))
        for name, labels, value in _LINE.findall(text)
    ]


async def until_exported(service: Service, name: str, **labels: str) -> float:
    """Sum of a metric over all processes, once one of them reports it."""

    async def values() -> list[float]:
        return [
            value
            for each, its, value in await exported(service)
            if each == name and labels.items() <= its.items() and value
        ]

    found: list[float] = await eventually(values, TIMEOUT_S, period_s=0.5)
    return sum(found)


async def test_metrics_count_commands_errors_and_connections(watched: Service) -> None:
    table, _ = await watched.free_table()
    async with watched.socket(f"tables/{table}/", Role.MANAGER, restaurant_id=2) as socket:
        await socket.next()
        await socket.request("occupy")
        await socket.send("nonsense")
        assert await until_exported(watched, "connections", channel="table") == 1
        assert await until_exported(watched, "entities") >= 1
    assert await until_exported(watched, "websocket_errors_total", code="unknown_action") == 1
    assert await until_exported(watched, "commands_total", answer="done") >= 1
    for histogram in ("turn_seconds", "commit_seconds", "reply_seconds", "fan_out_seconds"):
        assert await until_exported(watched, f"{histogram}_count") >= 1
    gauges = {gauge.name for meters in (HOST, GATEWAY) for gauge in meters.gauges}

    async def exports_all_gauges() -> bool:
        names = {name for name, _, _ in await exported(watched)}
        return gauges - CONDITIONAL_GAUGES <= names

    await eventually(exports_all_gauges, TIMEOUT_S, period_s=0.5)


async def test_a_running_service_exports_the_labels_that_alerts_compare(watched: Service) -> None:
    """Prometheus compares label values as text: `2` is not `2.0`."""
    assert await until_exported(watched, "commit_seconds_bucket", le="0.5")
    assert await until_exported(watched, "fan_out_seconds_bucket", le="2.0")
    assert await until_exported(watched, "sweeps_total")
    metrics = await exported(watched)
    hosts = {
        metric: {labels["host"] for name, labels, _ in metrics if name == metric}
        for metric in ("entities", "hosts_expected")
    }
    assert hosts["hosts_expected"] == hosts["entities"] == {"shard:0", "shard:1"}


def test_the_shards_of_a_local_cluster_are_listed(watched: Service) -> None:
    [address] = {
        found[1]
        for command in commands(watched.data_dir)
        if (found := re.search(r"raylet .*--gcs-address=(\S+)", command))
    }
    listed = subprocess.run(
        [sys.executable, "-m", "restaurant_qr", "shards", "--json"],
        cwd=ROOT, env=os.environ | {"RAY_ADDRESS": address}, stdout=subprocess.PIPE, timeout=120,
        check=True,
    )  # fmt: skip
    assert [each["actor"] for each in json.loads(listed.stdout)["shards"]] == ["shard:0", "shard:1"]


async def test_a_hung_shard_stays_expected_and_stops_reporting(watched: Service) -> None:
    """`ShardMetricsAbsent` compares these: Ray drops the gauges of a process that hangs."""

    async def reporting(metric: str) -> set[str]:
        return {labels["host"] for name, labels, _ in await exported(watched) if name == metric}

    async def until_reporting(hosts: set[str]) -> None:
        async def is_reporting() -> bool:
            return await reporting("entities") == hosts

        await eventually(is_reporting, TIMEOUT_S, period_s=0.5)

    await until_reporting({"shard:0", "shard:1"})
    _, pid = (await watched.actors())["shard:1"]
    os.kill(pid, signal.SIGSTOP)
    try:
        await until_reporting({"shard:0"})
        assert await reporting("hosts_expected") == {"shard:0", "shard:1"}
    finally:
        os.kill(pid, signal.SIGCONT)
    await until_reporting({"shard:0", "shard:1"})


async def test_a_full_store_is_counted_and_makes_the_gateway_unready(watched: Service) -> None:
    async with httpx.AsyncClient(base_url=f"http://{watched.url}") as http:

        async def until_healthz(status: int) -> None:
            async def has_status() -> bool:
                return (await http.get("/healthz")).status_code == status

            await eventually(has_status, TIMEOUT_S, period_s=0.5)

        await until_healthz(200)
        with redis.Redis.from_url(EmbeddedStore(watched.data_dir).url) as client:
            client.config_set("maxmemory", 1)
            try:
                await until_healthz(503)
                assert await until_exported(watched, "store_failures_total", cause="out_of_memory")
            finally:
                client.config_set("maxmemory", 0)
        await until_healthz(200)
