"""Rotation of the keys for tokens and for printed codes, separately: of two keys both are accepted,
a removed one is refused."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import httpx
import pytest

from gateway.metrics import PREVIOUS_KEY
from gateway.settings import GatewaySettings, Keys
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.gateway.conftest import SECRET, Gateway, Place, serving, token
from tests.local_hosts import LocalHosts

NEW = "the new key of the tests, which is long enough"


class Deploy(Protocol):
    def __call__(self, keys: Keys) -> AbstractAsyncContextManager[Gateway]: ...


@pytest.fixture
def deploy(hosts: LocalHosts, valkey: EmbeddedStore) -> Deploy:
    """A gateway of its own on the same hosts and store, with these keys."""

    @asynccontextmanager
    async def deployed(keys: Keys) -> AsyncIterator[Gateway]:
        own = open_store(valkey.url, retention_s=3600)
        async with serving(hosts, own, GatewaySettings(keys, allow_anonymous=False)) as gateway:
            yield gateway

    return deployed


async def status(gateway: Gateway, place: Place, bearer: str) -> int:
    headers = {"Authorization": f"Bearer {bearer}"}
    response = await gateway.http.get(f"/api/tables/{place.table}", headers=headers)
    return response.status_code


async def joined(gateway: Gateway, table_code: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=str(gateway.http.base_url), timeout=10) as http:
        return await http.post("/api/sessions/join", json={"table_code": table_code})


async def printed(gateway: Gateway, place: Place, bearer: str) -> str:
    headers = {"Authorization": f"Bearer {bearer}"}
    response = await gateway.http.get(f"/api/tables/{place.table}/code", headers=headers)
    return str(response.json()["table_code"])


async def test_a_token_of_the_old_key_is_valid_until_that_key_is_removed(
    gateway: Gateway, place: Place, deploy: Deploy
) -> None:
    old_token, old_code = token("admin"), await printed(gateway, place, token("admin"))
    async with deploy(Keys((SECRET, NEW), (SECRET,))) as accepting:
        assert await status(accepting, place, old_token) == 200
        still_old = (await joined(accepting, old_code)).json()["token"]
    async with deploy(Keys((NEW, SECRET), (SECRET,))) as rotating:
        PREVIOUS_KEY.drain()
        assert await status(rotating, place, old_token) == 200
        assert PREVIOUS_KEY.drain() == {"token": 1}
        assert await status(rotating, place, still_old) == 200
        new_token = (await joined(rotating, old_code)).json()["token"]
        assert await status(rotating, place, new_token) == 200
    async with deploy(Keys((NEW,), (SECRET,))) as rotated:
        assert await status(rotated, place, old_token) == 401
        assert await status(rotated, place, still_old) == 401
        assert await status(rotated, place, new_token) == 200
        assert (await joined(rotated, old_code)).status_code == 200, "printed codes stay valid"
    assert await status(gateway, place, new_token) == 401, "an old gateway has only the old key"


async def test_gateways_before_and_after_a_rotation_accept_each_others_tokens(
    place: Place, deploy: Deploy
) -> None:
    """During a rolling replacement, gateways of two deployments serve side by side."""
    async with (
        deploy(Keys((SECRET, NEW), (SECRET,))) as before,
        deploy(Keys((NEW, SECRET), (SECRET,))) as after,
    ):
        code = await printed(before, place, token("admin"))
        for issuing, other in ((before, after), (after, before)):
            guest = (await joined(issuing, code)).json()["token"]
            assert await status(other, place, guest) == 200


async def test_a_printed_code_of_the_old_key_is_valid_until_that_key_is_removed(
    gateway: Gateway, place: Place, deploy: Deploy
) -> None:
    admin = token("admin")
    old = await printed(gateway, place, admin)
    async with deploy(Keys((SECRET,), (NEW, SECRET))) as rotating:
        new = await printed(rotating, place, admin)
        assert new != old
        PREVIOUS_KEY.drain()
        assert [(await joined(rotating, each)).status_code for each in (old, new)] == [200, 200]
        assert PREVIOUS_KEY.drain() == {"table_code": 1}, (
            "an operator sees that old prints are left"
        )
    async with deploy(Keys((SECRET,), (NEW,))) as rotated:
        assert [(await joined(rotated, each)).status_code for each in (old, new)] == [404, 200]
        assert await status(rotated, place, admin) == 200, "tokens do not depend on this key"


async def test_a_sign_in_code_is_valid_across_a_rotation_of_the_token_key(
    gateway: Gateway, place: Place, deploy: Deploy
) -> None:
    body = {"role": "kitchen", "label": "Grill"}
    device = (await gateway.post(f"/restaurants/{place.restaurant}/devices", body))["device_id"]
    path = f"/api/restaurants/{place.restaurant}/devices/{device}/code"
    code = (await gateway.http.get(path)).json()["device_code"]
    async with deploy(Keys((NEW, SECRET), (SECRET,))) as rotating:
        signed_in = await rotating.http.post("/api/devices/sign-in", json={"device_code": code})
        assert signed_in.status_code == 200
