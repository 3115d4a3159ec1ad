"""What an operator is shown: the application's own metrics, where Prometheus reads Ray's."""

import asyncio
import re

import httpx
import pytest

from actors.metrics import HOST
from actors.placement import Mode
from gateway.metrics import GATEWAY
from protocol.caller import Role
from tests.e2e.service import Service

pytestmark = pytest.mark.e2e

PATIENCE_S = 90
_LINE = re.compile(r"^ray_restaurant_qr_(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


async def seen(service: Service) -> list[tuple[str, dict[str, str], float]]:
    found = re.search(r"curl (http://\S+/metrics)", service.welcome)
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


async def test_what_happens_is_counted(service: Service, placement: Mode) -> None:
    if placement is not Mode.SHARD:
        pytest.skip("the same code counts in all of them")
    table, _ = await service.free_table()
    async with service.socket(f"tables/{table}/", Role.MANAGER, restaurant_id=2) as socket:
        await socket.next()
        await socket.ask("occupy")
        await socket.send("nonsense")
        assert await until_seen(service, "connections", channel="table") >= 1
        assert await until_seen(service, "entities") >= 1
    assert await until_seen(service, "refused_total", code="unknown_action") >= 1
    assert await until_seen(service, "commands_total", answer="done") >= 1
    for histogram in ("turn_seconds", "commit_seconds", "batch_seconds", "fan_out_seconds"):
        assert await until_seen(service, f"{histogram}_count") >= 1
    shown = {name for name, _, _ in await seen(service)}
    declared = HOST, GATEWAY
    for meters in declared:
        assert {gauge.name for gauge in meters.gauges} <= shown
