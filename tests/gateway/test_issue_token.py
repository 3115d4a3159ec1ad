"""`make token`: a token that the gateway takes, or one sentence that says what is missing."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.addresses import LOCAL
from gateway.identity import Identity, Principal
from gateway.issuing import rows_of
from gateway.token_register import TokenRegister
from protocol.caller import Role
from scripts import issue_token
from serve_app import Settings, keys_of, secret_of
from storage.embedded import EmbeddedStore
from storage.store import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AUTH_SECRET", "TOKEN_KEYS"):
        monkeypatch.delenv(f"RESTAURANT_QR_{name}", raising=False)
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(tmp_path))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["issue_token", *arguments])
    issue_token.main()


async def test_issue_token_prints_a_registered_token_of_this_data_folder(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data_dir: Path,
    store: Store,
    valkey: EmbeddedStore,
) -> None:
    secret = secret_of(Settings(data_dir=data_dir))
    monkeypatch.setenv("RESTAURANT_QR_REDIS_URL", valkey.url)
    run(
        monkeypatch, "waiter", "--restaurant", "2", "--waiter", "10", "--hours", "0.5",
        "--label", "Ada",
    )  # fmt: skip
    token = capsys.readouterr().out.strip()
    identity = Identity((secret,), TokenRegister(store), open_door=False)
    principal = await identity.principal(token, LOCAL)
    assert isinstance(principal, Principal)
    [row] = await rows_of(store)
    assert (row["token_id"], row["label"]) == (principal.token_id, "Ada")
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
        ("admin --hours 25", "at most 24"),
        ("manager --restaurant 2 --hours 8785", "at most 8784"),
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


def test_without_a_running_store_no_token_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data_dir: Path
) -> None:
    secret_of(Settings(data_dir=data_dir))
    with pytest.raises(SystemExit, match="Start the application first"):
        run(monkeypatch, "admin")
    assert capsys.readouterr().out == ""


async def test_a_guests_token_is_not_registered(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, store: Store, valkey: EmbeddedStore
) -> None:
    settings = Settings(data_dir=data_dir, redis_url=valkey.url)
    token = issue_token.token_for(settings, Role.GUEST, session_id=7)
    identity = Identity(keys_of(settings).tokens, TokenRegister(store), open_door=False)
    principal = await identity.principal(token, LOCAL)
    assert isinstance(principal, Principal)
    assert (principal.session_id, principal.token_id) == (7, None)
    assert await rows_of(store) == []


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
        "LABEL=till",
    ]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    arguments = shown.partition("-m scripts.issue_token")[2].replace("\\\n", " ").split()
    expected = ["waiter", "--restaurant", "2", "--waiter", "10", "--hours", "1", "--label", "till"]
    assert [each.strip('"') for each in arguments] == expected
