"""What an operator is shown: metrics where Prometheus reads Ray's, and the spans of a command."""

import asyncio
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import redis
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from actors.metrics import HOST
from gateway.metrics import GATEWAY
from protocol.caller import Role
from storage.embedded import EmbeddedStore
from tests.e2e.service import Service, free_port, started

pytestmark = pytest.mark.e2e

PATIENCE_S = 60
IF_THERE_IS_ONE = {"waiting", "provider_keys", "provider_renewed_timestamp_seconds"}
"""Gauges of what this service does not have: a queue, an identity provider."""
_LINE = re.compile(r"^ray_restaurant_qr_(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
T = TypeVar("T")


@dataclass
class Span:
    """What a collector is told of one."""

    name: str
    trace: bytes
    id: bytes
    parent: bytes
    attributes: dict[str, str]


@dataclass
class Collector:
    """Takes OTLP over HTTP, as OpenTelemetry's own collector does."""

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

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
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
        with started(data_dir, PLACEMENT="shard", TRACE_SHARE="1", PORT=free_port()) as service:
            yield service


async def eventually(find: Callable[[], T | None]) -> T:
    for _ in range(PATIENCE_S * 2):
        if found := find():
            return found
        await asyncio.sleep(0.5)
    raise AssertionError("it was never seen")


async def test_a_command_is_traced_from_its_socket_to_the_others(
    watched: Service, collector: tuple[Collector, str]
) -> None:
    table, _ = await watched.free_table()
    spans = collector[0].spans
    async with (
        watched.socket(f"tables/{table}/", Role.MANAGER, restaurant_id=2) as one,
        watched.socket(f"tables/{table}/", Role.MANAGER, restaurant_id=2) as other,
    ):
        await other.next()  # how it was
        await one.ask("occupy")
        await other.until("table_status")

    def of(name: str) -> Span | None:
        entity = f"table:{table}"
        root = next(
            (s for s in spans if s.name == "Occupy" and s.attributes["entity"] == entity), None
        )
        if root is None or name == "Occupy":
            return root
        under = (s for s in spans if (s.name, s.trace, s.parent) == (name, root.trace, root.id))
        return next(under, None)

    assert (await eventually(lambda: of("Occupy"))).parent == b""
    turn = await eventually(lambda: of("turn"))
    assert turn.attributes["host"].startswith("shard:")
    assert await eventually(lambda: of("delivery"))


async def seen(service: Service) -> list[tuple[str, dict[str, str], float]]:
    found = re.search(r"curl -s (http://\S+/metrics)", service.welcome)
    assert found is not None
    async with httpx.AsyncClient() as http:
        text = (await http.get(found[1])).text
    return [
        (name, dict(_LABEL.findall(labels)), float(value))
        for name, labels, value in _LINE.findall(text)
    ]


async def until_seen(service: Service, name: str, **labels: str) -> float:
    """The sum of a metric over all that report it, as soon as there is one."""
    for _ in range(PATIENCE_S):
        values = [
            value
            for each, its, value in await seen(service)
            if each == name and labels.items() <= its.items() and value
        ]
        if values:
            return sum(values)
        await asyncio.sleep(1)
    raise AssertionError(f"{name} {labels} was never shown")


async def test_what_happens_is_counted(watched: Service) -> None:
    table, _ = await watched.free_table()
    async with watched.socket(f"tables/{table}/", Role.MANAGER, restaurant_id=2) as socket:
        await socket.next()
        await socket.ask("occupy")
        await socket.send("nonsense")
        assert await until_seen(watched, "connections", channel="table") == 1
        assert await until_seen(watched, "entities") >= 1
    assert await until_seen(watched, "refused_total", code="unknown_action") == 1
    assert await until_seen(watched, "commands_total", answer="done") >= 1
    for histogram in ("turn_seconds", "commit_seconds", "batch_seconds", "fan_out_seconds"):
        assert await until_seen(watched, f"{histogram}_count") >= 1
    gauges = {gauge.name for meters in (HOST, GATEWAY) for gauge in meters.gauges}
    for _ in range(PATIENCE_S):
        missing = gauges - IF_THERE_IS_ONE - {name for name, _, _ in await seen(watched)}
        if not missing:
            break
        await asyncio.sleep(1)
    assert not missing


async def test_a_running_service_exports_the_labels_that_alerts_compare(watched: Service) -> None:
    """Prometheus compares texts: `2` is not `2.0`, and a shard has one name in all metrics."""
    assert await until_seen(watched, "commit_seconds_bucket", le="0.5")
    assert await until_seen(watched, "fan_out_seconds_bucket", le="2.0")
    assert await until_seen(watched, "sweeps_total")
    shown = await seen(watched)
    hosts = {
        metric: {labels["host"] for name, labels, _ in shown if name == metric}
        for metric in ("entities", "hosts_expected")
    }
    assert hosts["hosts_expected"] == hosts["entities"] == {"shard:0", "shard:1"}


async def test_a_hung_shard_stays_expected_and_stops_reporting(watched: Service) -> None:
    """What ShardSilent compares: Ray forgets the gauges of a process that does not set them."""

    async def reporting(metric: str) -> set[str]:
        return {labels["host"] for name, labels, _ in await seen(watched) if name == metric}

    async def until_reporting(hosts: set[str]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await reporting("entities") != hosts:
                await asyncio.sleep(1)

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
            async with asyncio.timeout(PATIENCE_S):
                while (await http.get("/healthz")).status_code != status:
                    await asyncio.sleep(0.5)

        await until_healthz(200)
        with redis.Redis.from_url(EmbeddedStore(watched.data_dir).url) as client:
            client.config_set("maxmemory", 1)
            try:
                await until_healthz(503)
                assert await until_seen(watched, "store_failures_total", cause="out_of_memory")
            finally:
                client.config_set("maxmemory", 0)
        await until_healthz(200)
