"""The embedded server: data, lifetime and errors."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

import storage.data_folder
import storage.embedded
from storage.data_folder import EmbeddedStoreError
from storage.embedded import EmbeddedStore

OWNER = """
import sys, threading, time
from pathlib import Path
from storage.embedded import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
starter = threading.Thread(target=store.start)
starter.start()
starter.join()
print(store.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def short_lock_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.data_folder, "LOCK_TIMEOUT_S", 0.1)


@pytest.fixture
def running_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "data")
    store.start()
    yield store
    store.stop()


def test_embedded_store_keeps_data_across_a_restart(tmp_path: Path) -> None:
    for expected in (1, 2):
        store = EmbeddedStore(tmp_path / "a folder" / "of data")
        store.start()
        with redis.Redis.from_url(store.url) as client:
            assert client.incr("starts") == expected
        store.stop()
        store.stop()


def test_embedded_store_has_no_port_and_a_private_socket(
    running_store: EmbeddedStore, tmp_path: Path
) -> None:
    with redis.Redis.from_url(running_store.url) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
    assert (tmp_path / "data" / "valkey.sock").stat().st_mode & 0o077 == 0


def test_a_data_folder_with_a_long_path_gets_its_socket_in_another_folder(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / ("d" * 120))
    store.start()
    socket_dir = Path(store.url.removeprefix("unix://")).parent
    with redis.Redis.from_url(store.url) as client:
        assert client.ping()
    store.stop()
    assert not socket_dir.exists()


@pytest.mark.usefixtures("short_lock_timeout")
def test_a_data_folder_in_use_is_refused(running_store: EmbeddedStore, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedStoreError, match=r"another run uses it.*RESTAURANT_QR_DATA_DIR"):
        EmbeddedStore(tmp_path / "data").start()
    with redis.Redis.from_url(running_store.url) as client:
        assert client.ping(), "the other run continues"


def test_start_waits_for_a_server_that_is_ending_in_the_same_folder(
    running_store: EmbeddedStore, tmp_path: Path
) -> None:
    successor = EmbeddedStore(tmp_path / "data")
    threading.Timer(0.3, running_store.stop).start()
    successor.start()
    with redis.Redis.from_url(successor.url) as client:
        assert client.ping()
    successor.stop()


def test_an_unwritable_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedStoreError, match=r"Cannot write to .*RESTAURANT_QR_DATA_DIR"):
        EmbeddedStore(tmp_path / "file" / "data").start()


def test_failed_start_raises_with_the_servers_reason(tmp_path: Path) -> None:
    (tmp_path / "valkey.log").write_text("what an earlier run said\n")
    (tmp_path / "appendonlydir").write_text("in the way")
    store = EmbeddedStore(tmp_path)
    with pytest.raises(EmbeddedStoreError, match=r"Cannot start .*: .*appendonlydir"):
        store.start()
    (tmp_path / "appendonlydir").unlink()
    store.start()
    store.stop()


def test_a_binary_that_cannot_run_is_reported_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.embedded, "get_binary_path", lambda: tmp_path / "none")
    with pytest.raises(
        EmbeddedStoreError, match=r"Cannot start the embedded Valkey: .*No such file"
    ):
        EmbeddedStore(tmp_path / "data").start()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills it with its parent")
def test_embedded_store_ends_with_its_process_and_not_with_its_thread(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    time.sleep(0.2)  # the server must survive the end of the thread, which no event signals
    os.kill(pid, 0)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    successor = EmbeddedStore(tmp_path)
    successor.start()  # waits for the folder until the other server has ended
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()
    successor.stop()
