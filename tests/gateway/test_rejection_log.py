"""Rejected clients are counted and logged at intervals, without their address or token."""

import logging

import pytest

from gateway.auth.authenticator import Authenticator
from gateway.auth.client_address import LOCAL, ClientAddress, Locality
from gateway.auth.origins import Origins
from gateway.metrics import REJECTED_CLIENTS
from gateway.rejection_log import LOG_INTERVAL_S, RejectionLog
from protocol.errors import Code, Rejected
from tests.gateway.conftest import SECRET, empty_register, token

CLIENT = ClientAddress(Locality.KNOWN, "203.0.113.7")
FORGED = token("guest", session_id=7, sub="a-guest")[:-5] + "xxxxx"


@pytest.fixture(autouse=True)
def reset_counter() -> None:
    REJECTED_CLIENTS.drain()


def test_repeated_rejections_are_one_log_line_with_their_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    rejections = RejectionLog("token", "tokens were refused", clock=lambda: now)
    for _ in range(100):
        rejections.record("It is expired.")
    now = LOG_INTERVAL_S
    rejections.record("It is forged.")
    lines = [(each.message, each.times, each.why) for each in caplog.records]  # type: ignore[attr-defined]
    assert lines == [
        ("tokens were refused", 1, "It is expired."), ("tokens were refused", 100, "It is forged."),
    ]  # fmt: skip
    assert REJECTED_CLIENTS.drain() == {"token": 101}


async def test_a_rejected_token_is_counted_and_not_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "gateway.auth.authenticator._REJECTED_TOKENS", RejectionLog("token", "refused")
    )
    identity = Authenticator((SECRET,), empty_register(), allow_anonymous=False)
    assert isinstance(await identity.principal(FORGED, CLIENT), Rejected)
    assert not isinstance(await identity.principal(token("admin"), LOCAL), Rejected)
    assert REJECTED_CLIENTS.drain() == {"token": 1}
    [line] = caplog.records
    assert line.levelno == logging.WARNING
    logged = str(vars(line))
    assert FORGED not in logged
    assert "203.0.113.7" not in logged
    assert "a-guest" not in logged


def test_a_rejected_origin_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.auth.origins._REJECTED_PAGES", RejectionLog("page", "rejected"))
    origins = Origins((), allow_anonymous=False)
    headers = [(b"host", b"qr.example"), (b"origin", b"https://evil.example")]
    for _ in range(2):
        refused = origins.check({"type": "http", "headers": headers})
        assert refused is not None
        assert refused.code is Code.FORBIDDEN
    assert origins.check({"type": "http", "headers": headers[:1]}) is None
    assert REJECTED_CLIENTS.drain() == {"page": 2}
