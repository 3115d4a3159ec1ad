"""`make token`: a token that the gateway takes, or one sentence that says what is missing."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.addresses import LOCAL
from gateway.identity import Identity, Principal
from protocol.caller import Role
from scripts import issue_token
from serve_app import Settings, secret_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RESTAURANT_QR_AUTH_SECRET", raising=False)
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(tmp_path))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["issue_token", *arguments])
    issue_token.main()


async def test_what_is_printed_is_a_token_of_this_data_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data_dir: Path
) -> None:
    secret = secret_of(Settings(data_dir=data_dir))
    run(monkeypatch, "waiter", "--restaurant", "2", "--waiter", "10", "--hours", "0.5")
    token = capsys.readouterr().out.strip()
    principal = await Identity((secret,), open_door=False).principal(token, LOCAL)
    assert isinstance(principal, Principal)
    assert (principal.role, principal.restaurant_id, principal.waiter_id) == (Role.WAITER, 2, 10)
    assert principal.expires_at is not None
    assert abs(principal.expires_at - time.time() - 1800) < 60


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "ROLE is one of guest, waiter, kitchen, manager, admin"),
        ("king", "ROLE is one of"),
        ("anonymous", "ROLE is one of"),
        ("manager", "RESTAURANT="),
        ("waiter --restaurant 2", "WAITER="),
        ("guest --restaurant 2", "SESSION="),
        ("manager --restaurant 0", "1 or more"),
        ("admin --hours 0", "HOURS"),
        ("admin --hours nan", "HOURS"),
        ("admin --hours inf", "HOURS"),
        ("admin", "start the application first"),
    ],
)
def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data_dir: Path,
    arguments: str,
    says: str,
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, *arguments.split())
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.out == ""
    assert list(data_dir.iterdir()) == []


def test_make_hands_its_variables_on() -> None:
    command = [
        "make",
        "-n",
        "--no-print-directory",
        "token",
        "ROLE=waiter",
        "RESTAURANT=2",
        "WAITER=10",
        "HOURS=1",
    ]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    arguments = shown.partition("-m scripts.issue_token")[2].replace("\\\n", " ").split()
    expected = ["waiter", "--restaurant", "2", "--waiter", "10", "--hours", "1"]
    assert [each.strip('"') for each in arguments] == expected
