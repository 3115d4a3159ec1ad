"""Damaged files of a real embedded store are reported at the start and repaired by the command."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from scripts.preflight import PreflightError, check
from service_settings import Settings
from storage.data_folder import EmbeddedStoreError
from storage.embedded import EmbeddedStore
from tests.command_line import refusal, restaurant_qr
from tests.storage.servers import free_ports

KEYS = 20
TAIL = b"\0" * 4096
ASKS_FOR_REPAIR = r"\./restaurant-qr repair"


def log_of(data: Path) -> Path:
    return data / "appendonlydir"


def end_with_zeros(data: Path) -> None:
    with open(log_of(data) / "appendonly.aof.1.incr.aof", "ab") as log:
        log.write(TAIL)


def remove_manifest(data: Path) -> None:
    (log_of(data) / "appendonly.aof.manifest").unlink()


def empty_manifest(data: Path) -> None:
    (log_of(data) / "appendonly.aof.manifest").write_bytes(b"")


def zero_manifest(data: Path) -> None:
    manifest = log_of(data) / "appendonly.aof.manifest"
    manifest.write_bytes(b"\0" * manifest.stat().st_size)


def zeros_and_no_manifest(data: Path) -> None:
    end_with_zeros(data)
    remove_manifest(data)


DAMAGE = [end_with_zeros, remove_manifest, empty_manifest, zero_manifest, zeros_and_no_manifest]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Data folder of a stopped store with a few keys."""
    data = tmp_path / "data"
    store = EmbeddedStore(data)
    store.start()
    with redis.Redis.from_url(store.url) as client:
        client.mset({f"key{number}": "value" for number in range(KEYS)})
    store.stop()
    return data


def keys_in(data: Path) -> int:
    store = EmbeddedStore(data)
    store.start()
    try:
        with redis.Redis.from_url(store.url) as client:
            count: int = client.dbsize()
            return count
    finally:
        store.stop()


def repair(monkeypatch: pytest.MonkeyPatch, data: Path) -> str:
    """Output of the command, which must succeed."""
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(data))
    result = restaurant_qr("repair")
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def refused(monkeypatch: pytest.MonkeyPatch, data: Path) -> str:
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(data))
    return refusal("repair")


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_store_with_damaged_files_does_not_start_and_names_the_repair(
    data: Path, damage: Callable[[Path], None]
) -> None:
    damage(data)
    before = {path.name: path.read_bytes() for path in log_of(data).iterdir()}
    with pytest.raises(EmbeddedStoreError, match=ASKS_FOR_REPAIR):
        EmbeddedStore(data).start()
    assert {path.name: path.read_bytes() for path in log_of(data).iterdir()} == before


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_repair_restores_all_keys_and_keeps_the_damaged_files(
    data: Path,
    damage: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    damage(data)
    before = {path.name: path.read_bytes() for path in log_of(data).iterdir()}
    said = repair(monkeypatch, data)
    [kept] = data.glob("appendonlydir.before-repair-*")
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    assert str(kept) in said
    assert ("4,096 bytes from the end" in said) is ("zeros" in damage.__name__.split("_"))
    assert keys_in(data) == KEYS


def test_repair_changes_nothing_in_intact_files(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing was changed" in repair(monkeypatch, data)
    assert not list(data.glob("appendonlydir.before-repair-*"))


def test_repair_of_an_empty_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "because it has no data" in refused(monkeypatch, tmp_path / "none")


def test_repair_of_several_unrelated_logs_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(data)
    (log / "appendonly.aof.2.incr.aof").write_bytes(
        (log / "appendonly.aof.1.incr.aof").read_bytes()
    )
    remove_manifest(data)
    assert "Restore a backup" in refused(monkeypatch, data)
    assert not (log / "appendonly.aof.manifest").exists()


def test_repair_of_a_running_store_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.data_folder.LOCK_TIMEOUT_S", 0.1)
    store = EmbeddedStore(data)
    store.start()
    try:
        assert "another run uses it" in refused(monkeypatch, data)
    finally:
        store.stop()


def test_preflight_reports_valkeys_reason(data: Path) -> None:
    end_with_zeros(data)
    [port] = free_ports(1)
    with pytest.raises(PreflightError, match=f"Bad file format reading .*{ASKS_FOR_REPAIR}"):
        check(Settings(data_dir=data, port=port))


def test_preflight_does_not_change_an_intact_store(data: Path) -> None:
    [port] = free_ports(1)
    check(Settings(data_dir=data, port=port))
    assert keys_in(data) == KEYS


def test_only_the_owner_can_read_the_files_of_the_store(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        store = EmbeddedStore(tmp_path / "data")
        store.start()
    finally:
        os.umask(before)
    try:
        readable = [
            path for path in (tmp_path / "data").rglob("*")
            if path.name != "lock" and path.stat().st_mode & 0o077
        ]  # fmt: skip
        assert not readable
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    finally:
        store.stop()


def test_files_readable_by_others_become_readable_only_by_the_owner(data: Path) -> None:
    for path in (data / "valkey.log", *log_of(data).iterdir()):
        path.chmod(0o644)
    log_of(data).chmod(0o755)
    keys_in(data)
    for path in (data / "valkey.log", log_of(data), *log_of(data).iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
