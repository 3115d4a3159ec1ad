"""Timers are disabled, because their calls would depend on the machine's speed."""

import pytest

from engine import entity_cache, streams
from gateway.backend import host_client

NEVER_S = 1e6


@pytest.fixture(autouse=True)
def no_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", NEVER_S)
    monkeypatch.setattr(host_client, "MAINTENANCE_PERIOD_S", NEVER_S)
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", NEVER_S)
