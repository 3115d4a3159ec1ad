"""Who is turned away at the door is counted, and told in the log now and then, without a word of
what they brought."""

import logging

import pytest

from gateway.addresses import LOCAL, ClientAddress, Locality
from gateway.identity import Identity
from gateway.metrics import TURNED_AWAY
from gateway.origins import Origins
from gateway.turned_away import EVERY_S, TurnedAway
from protocol.errors import Code, Rejected
from tests.gateway.conftest import SECRET, empty_register, token

CLIENT = ClientAddress(Locality.KNOWN, "203.0.113.7")
FORGED = token("guest", session_id=7, sub="a-guest")[:-5] + "xxxxx"


@pytest.fixture(autouse=True)
def counted_anew() -> None:
    TURNED_AWAY.take()


def test_many_at_once_are_one_line_and_the_next_says_how_many(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    away = TurnedAway("token", "tokens were refused", clock=lambda: now)
    for _ in range(100):
        away.one("It is expired.")
    now = EVERY_S
    away.one("It is forged.")
    lines = [(each.message, each.times, each.why) for each in caplog.records]  # type: ignore[attr-defined]
    assert lines == [
        ("tokens were refused", 1, "It is expired."), ("tokens were refused", 100, "It is forged."),
    ]  # fmt: skip
    assert TURNED_AWAY.take() == {"token": 101}


async def test_a_refused_token_is_counted_and_in_no_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.identity._TURNED_AWAY", TurnedAway("token", "refused"))
    identity = Identity((SECRET,), empty_register(), open_door=False)
    assert isinstance(await identity.principal(FORGED, CLIENT), Rejected)
    assert not isinstance(await identity.principal(token("admin"), LOCAL), Rejected)
    assert TURNED_AWAY.take() == {"token": 1}
    [line] = caplog.records
    assert line.levelno == logging.WARNING
    said = str(vars(line))
    assert FORGED not in said
    assert "203.0.113.7" not in said
    assert "a-guest" not in said


def test_a_page_of_another_host_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.origins._TURNED_AWAY", TurnedAway("page", "turned away"))
    origins = Origins((), open_door=False)
    headers = [(b"host", b"qr.example"), (b"origin", b"https://evil.example")]
    for _ in range(2):
        refused = origins.refusal({"type": "http", "headers": headers})
        assert refused is not None
        assert refused.code is Code.FORBIDDEN
    assert origins.refusal({"type": "http", "headers": headers[:1]}) is None
    assert TURNED_AWAY.take() == {"page": 2}
