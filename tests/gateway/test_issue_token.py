"""`make token` prints a token that the gateway accepts, or one sentence about the error."""

import asyncio
import json
import subprocess
import time
from pathlib import Path

import pytest

from gateway.auth.authenticator import Authenticator
from gateway.auth.client_address import LOCAL
from gateway.auth.issuance import list_rows
from gateway.auth.principal import Principal
from gateway.auth.token_register import TokenRegister
from protocol.caller import Role
from restaurant_qr.exits import Exit
from scripts import issue_token
from serve_app import keys_of, secret_of
from service_settings import Settings
from storage.embedded import EmbeddedStore
from storage.store import Store
from tests.command_line import restaurant_qr

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AUTH_SECRET", "TOKEN_KEYS"):
        monkeypatch.delenv(f"RESTAURANT_QR_{name}", raising=False)
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(tmp_path))
    return tmp_path


async def test_issue_token_prints_a_registered_token_of_this_data_folder(
    monkeypatch: pytest.MonkeyPatch,
    data_dir: Path,
    store: Store,
    valkey: EmbeddedStore,
) -> None:
    secret = secret_of(Settings(data_dir=data_dir))
    monkeypatch.setenv("RESTAURANT_QR_REDIS_URL", valkey.url)
    named = ["--restaurant", "2", "--waiter", "10", "--hours", "0.5", "--label", "Ada"]
    result = await asyncio.to_thread(restaurant_qr, "token", "waiter", *named, "--json")
    printed = json.loads(result.stdout)
    token = printed.pop("token")
    expires_at = printed.pop("expires_at")
    assert printed == {"role": "waiter", "restaurant_id": 2, "waiter_id": 10, "session_id": None}
    identity = Authenticator((secret,), TokenRegister(store), allow_anonymous=False)
    principal = await identity.principal(token, LOCAL)
    assert isinstance(principal, Principal)
    [row] = await list_rows(store)
    assert (row["token_id"], row["label"]) == (principal.token_id, "Ada")
    assert (principal.role, principal.restaurant_id, principal.waiter_id) == (Role.WAITER, 2, 10)
    assert principal.expires_at == expires_at
    assert isinstance(expires_at, int)
    assert abs(expires_at - time.time() - 1800) < 60


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("", "Missing argument 'role'"),
        ("king", "'guest', 'waiter', 'kitchen', 'manager', 'admin'"),
        ("anonymous", "is not one of"),
        ("manager", "RESTAURANT="),
        ("waiter --restaurant 2", "WAITER="),
        ("guest --restaurant 2", "SESSION="),
        ("manager --restaurant 0", "greater than or equal to 1"),
        ("admin --hours 0", "HOURS"),
        ("admin --hours nan", "HOURS"),
        ("admin --hours inf", "HOURS"),
        ("admin --hours 25", "at most 24"),
        ("manager --restaurant 2 --hours 8785", "at most 8784"),
        ("admin", "start the application first"),
    ],
)
def test_a_missing_argument_is_named(data_dir: Path, arguments: str, error: str) -> None:
    result = restaurant_qr("token", *arguments.split())
    assert result.exit_code in (Exit.USAGE, Exit.CANNOT)
    assert error in result.stderr
    assert result.stdout == ""
    assert list(data_dir.iterdir()) == []


def test_without_a_running_store_no_token_is_printed(data_dir: Path) -> None:
    secret_of(Settings(data_dir=data_dir))
    result = restaurant_qr("token", "admin")
    assert result.exit_code == Exit.CANNOT
    assert "Start the application first" in result.stderr
    assert result.stdout == ""


async def test_a_guests_token_is_not_registered(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, store: Store, valkey: EmbeddedStore
) -> None:
    settings = Settings(data_dir=data_dir, redis_url=valkey.url)
    token = issue_token.token_for(settings, Role.GUEST, session_id=7)
    identity = Authenticator(keys_of(settings).tokens, TokenRegister(store), allow_anonymous=False)
    principal = await identity.principal(token, LOCAL)
    assert isinstance(principal, Principal)
    assert (principal.session_id, principal.token_id) == (7, None)
    assert await list_rows(store) == []


def test_make_passes_its_variables_to_the_script() -> None:
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
    arguments = shown.partition("-m restaurant_qr token")[2].replace("\\\n", " ").split()
    expected = ["waiter", "--restaurant", "2", "--waiter", "10", "--hours", "1", "--label", "till"]
    assert [each.strip('"') for each in arguments] == expected
