"""Backup and restore with the real commands on a real embedded store."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from protocol.ids import Channel, Kind, Topic
from restaurant_qr.exits import Exit
from storage import keys
from storage.backup import SKIPPED_IDS, SKIPPED_RESTAURANT_IDS, after_restore
from storage.directory import SKIPPED_IDS as SKIPPED_BY_RESERVE
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import StoredEntity
from tests.command_line import refusal, restaurant_qr
from tests.storage.commits import ORDER, SESSION, commit_of, event, frame

Command = Callable[..., str]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command for a data folder. Returns its error, "" if it succeeds."""

    def run(data: Path, *arguments: object) -> str:
        monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(data))
        return refusal(*arguments)

    return run


async def create_order(server: EmbeddedStore) -> str:
    """Create an order with two events; returns its epoch."""
    store = open_store(server.url, retention_s=3600)
    await store.reserve({Kind.ORDER: ORDER.id})
    await store.register([ORDER])
    claimed = await store.claim([ORDER, SESSION])
    first = commit_of(ORDER, claimed[0].fencing_token, 1, state={"a": b"1"}, **event(1))
    await store.commit([first])
    second = {"stored_version": 1, "outbox": {"e:1": b"{}"}, "due": 5.0, "results": [b"r"]}
    await store.commit([commit_of(ORDER, claimed[0].fencing_token, 2, **second, **event(2))])
    await store.close()
    return first.epoch


@contextmanager
def running_store(data: Path) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(data)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_a_backup_of_a_full_store_is_complete_but_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTAURANT_QR_DATA_DIR", str(tmp_path / "data"))
    data, saved = tmp_path / "data", tmp_path / "saved.rdb"
    with running_store(data) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "1")
        client.config_set("maxmemory", 1)
        result = restaurant_qr("backup", saved)
        printed = json.loads(restaurant_qr("backup", saved, "--json").stdout)
    assert result.exit_code == Exit.DONE
    assert "could not be recorded" in result.stdout
    assert printed == {"file": str(saved), "bytes": saved.stat().st_size, "recorded": False}
    assert saved.read_bytes().startswith((b"REDIS", b"VALKE"))


async def load_restored_order(server: EmbeddedStore) -> tuple[StoredEntity, int]:
    """The restored order, whose content is checked except its epoch, and the next id."""
    store = open_store(server.url, retention_s=3600)
    [loaded] = await store.claim([ORDER])
    assert (loaded.version, loaded.state, loaded.results) == (2, {"a": b"1"}, [b"r"])
    assert loaded.outbox == {"e:1": b"{}"}
    assert await store.journal([(Topic(ORDER, Channel.ORDER), 0, 2)]) == [[frame(1), frame(2)]]
    assert await store.overdue([2], 6.0, 10) == [ORDER]
    assert await store.restaurant_of([(Kind.ORDER, ORDER.id)]) == [ORDER.restaurant]
    ids = await store.reserve({Kind.ORDER: 1})
    await store.close()
    return loaded, ids[Kind.ORDER].start


@pytest.mark.parametrize("running", [True, False])
def test_a_restored_backup_has_new_epochs_and_new_ids(
    tmp_path: Path, command: Command, running: bool
) -> None:
    data, elsewhere, backup = tmp_path / "data", tmp_path / "elsewhere", tmp_path / "backup.rdb"
    with ExitStack() as stack:
        server = stack.enter_context(running_store(data))
        epoch = asyncio.run(create_order(server))
        if not running:
            stack.close()
        assert command(data, "backup", backup) == ""
    assert backup.stat().st_mode & 0o077 == 0, "only the owner can read the backup"
    assert not (data / "dump.rdb").exists()

    assert command(elsewhere, "restore", backup) == ""
    with running_store(elsewhere) as again:
        loaded, next_id = asyncio.run(load_restored_order(again))
    assert loaded.epoch != epoch
    assert next_id == ORDER.id + SKIPPED_IDS + SKIPPED_BY_RESERVE + 1


async def test_ten_restores_do_not_grow_the_directory_of_restaurants(tmp_path: Path) -> None:
    with running_store(tmp_path) as server:
        store = open_store(server.url, retention_s=3600)
        ids = await store.reserve({Kind.RESTAURANT: 1})
        first = ids[Kind.RESTAURANT].start
        for _ in range(10):
            await after_restore(server.url, void_codes=False)
        ids = await store.reserve({Kind.RESTAURANT: 1})
        await store.close()
    last = ids[Kind.RESTAURANT].start
    assert last == first + 10 * SKIPPED_RESTAURANT_IDS + 1
    assert last / keys.BUCKET < 20, "a sweep reads one key per bucket"


@pytest.mark.parametrize("before", [False, True])
async def test_a_backup_during_a_log_rewrite_is_current(
    tmp_path: Path, command: Command, before: bool
) -> None:
    """The server delays a dump during a rewrite; an older dump must not be used."""
    backup = tmp_path / "backup.rdb"
    with running_store(tmp_path / "data") as server, redis.Redis.from_url(server.url) as client:
        if before:
            client.save()
        client.mset({f"key{number}": "value" for number in range(40)})
        client.config_set("rdb-key-save-delay", 20_000)  # microseconds a key
        client.bgrewriteaof()
        client.set("written", "last")
        assert await asyncio.to_thread(command, tmp_path / "data", "backup", backup) == ""
        client.config_set("rdb-key-save-delay", 0)
    assert b"written" in backup.read_bytes()


def test_restore_never_overwrites_existing_data(tmp_path: Path, command: Command) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    with running_store(data) as server:
        asyncio.run(create_order(server))
        assert command(data, "backup", backup) == ""
        assert "another run uses it" in command(data, "restore", backup)
    assert "has data already" in command(data, "restore", backup)


@pytest.mark.parametrize(
    ("name", "said"), [("letter", "not a backup"), ("missing", "No such file")]
)
def test_restore_rejects_invalid_backups_and_writes_nothing(
    tmp_path: Path, command: Command, name: str, said: str
) -> None:
    (tmp_path / "letter").write_text("Dear Sir")
    assert said in command(tmp_path / "data", "restore", tmp_path / name)
    assert not (tmp_path / "data" / "appendonlydir").exists()


def test_backup_refuses_an_external_store_and_restore_names_its_address(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTAURANT_QR_REDIS_URL", "redis://127.0.0.1:1")
    assert "its own tools" in command(tmp_path, "backup", tmp_path / "backup")
    assert "127.0.0.1" in command(tmp_path, "restore", "--complete"), "the error names the address"
