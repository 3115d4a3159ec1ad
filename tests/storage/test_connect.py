"""The addresses that a store can have."""

from pathlib import Path

import pytest

from storage.connect import _nodes
from storage.redis_store import open_store
from storage.store import StoreUnavailable
from tests.storage.commits import ORDER, commit_of
from tests.storage.servers import free_ports, watched_by_sentinel


async def test_a_store_behind_a_sentinel_is_found_by_its_name(tmp_path: Path) -> None:
    with watched_by_sentinel(tmp_path) as port:
        url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{port}/kitchen/2"
        store = open_store(url, retention_s=3600)
        [claimed] = await store.claim([ORDER])
        assert await store.commit([commit_of(ORDER, claimed.fencing_token)]) == frozenset()
        await store.close()
        unknown = open_store(f"redis+sentinel://127.0.0.1:{port}/unknown", retention_s=3600)
        with pytest.raises(StoreUnavailable, match="unknown"):
            await unknown.ping()
        await unknown.close()


@pytest.mark.parametrize("scheme", ["redis", "redis+sentinel", "redis+cluster"])
async def test_unreachable_address_raises_store_unavailable(scheme: str) -> None:
    [port] = free_ports(1)
    store = open_store(f"{scheme}://127.0.0.1:{port}", retention_s=3600, timeout_s=0.3)
    with pytest.raises(StoreUnavailable):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await store.claim([ORDER])
    await store.close()


@pytest.mark.parametrize("url", ["http://host", "redis+cluster://", "host:6379"])
def test_an_invalid_store_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        open_store(url, retention_s=3600)


def test_store_addresses_can_have_ports_and_credentials() -> None:
    nodes = _nodes("user:p%40ss@one:1,two,[::1]:3,[::1]", 6379)
    assert nodes == [("one", 1), ("two", 6379), ("::1", 3), ("::1", 6379)]
