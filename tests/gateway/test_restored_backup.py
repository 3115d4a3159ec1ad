"""Tokens and codes that were revoked after a backup stay invalid after its restoration."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from engine.placement import Mode, Placement
from gateway.auth.issuance import IssuedToken, TokenRequest, issue
from gateway.settings import GatewaySettings
from protocol.caller import Role
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.command_line import restaurant_qr
from tests.gateway.conftest import KEYS, Gateway, Place, make_place, serving, token
from tests.local_hosts import LocalHosts


@asynccontextmanager
async def running_gateway(data: Path) -> AsyncIterator[Gateway]:
    """A gateway on the embedded store of a data folder."""
    server = EmbeddedStore(data)
    await asyncio.to_thread(server.start)
    store = open_store(server.url, retention_s=3600)
    hosts = LocalHosts(store, Placement(Mode.SHARD, shards=1))
    try:
        own = open_store(server.url, retention_s=3600)
        async with serving(hosts, own, GatewaySettings(KEYS, allow_anonymous=False)) as gateway:
            yield gateway
    finally:
        for name in list(hosts.hosts):
            hosts.kill(name)
        await store.close()
        await asyncio.to_thread(server.stop)


async def command(data: Path, *arguments: object) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RESTAURANT_QR_DATA_DIR", str(data))
        environment.delenv("RESTAURANT_QR_REDIS_URL", raising=False)
        result = await asyncio.to_thread(restaurant_qr, *arguments)
    assert result.exit_code == 0, result.output


@dataclass
class IssuedSecrets:
    """Tokens and codes that were issued before the backup."""

    device: str
    table_code: str
    guest: str
    system: str

    async def statuses(self, gateway: Gateway, place: Place) -> tuple[int, int, int, int]:
        """Status of a request with each of them."""
        table = f"/api/tables/{place.table}"
        base = str(gateway.http.base_url)
        async with httpx.AsyncClient(base_url=base, timeout=10) as http:
            by_device, by_guest, by_system = [
                (await http.get(table, headers={"Authorization": f"Bearer {each}"})).status_code
                for each in (self.device, self.guest, self.system)
            ]
            joined = await http.post("/api/sessions/join", json={"table_code": self.table_code})
        return by_device, joined.status_code, by_guest, by_system


async def table_code(gateway: Gateway, place: Place, bearer: str) -> str:
    headers = {"Authorization": f"Bearer {bearer}"}
    shown = await gateway.http.get(f"/api/tables/{place.table}/code", headers=headers)
    return str(shown.json()["table_code"])


async def issue_all(gateway: Gateway, place: Place) -> tuple[IssuedSecrets, int, int, int]:
    """Tokens and codes, and the ids of device, session and token to revoke."""
    home = f"/restaurants/{place.restaurant}/devices"
    phone = {"role": "waiter", "waiter_id": place.waiter, "label": "phone"}
    device = (await gateway.post(home, phone))["device_id"]
    shown = (await gateway.http.get(f"/api{home}/{device}/code")).json()["device_code"]
    signed_in = (await gateway.post("/devices/sign-in", {"device_code": shown}))["token"]
    code = await table_code(gateway, place, token("admin"))
    joined = await gateway.post("/sessions/join", {"table_code": code})
    issued = await gateway.post("/tokens", {"role": "admin", "label": "till"})
    secrets = IssuedSecrets(signed_in, code, joined["token"], issued["token"])
    return secrets, device, joined["data"]["id"], issued["data"]["token_id"]


async def admin_of(data: Path) -> str:
    """A new administrator's token, as `make token` issues it on the machine."""
    server = open_store(EmbeddedStore(data).url, retention_s=1)
    try:
        credentials = await server.credentials()
        request = TokenRequest(Role.ADMIN, None, None, "after", 1.0)
        issued = await issue(server, KEYS.tokens[0], credentials, request, "test", 7)
    finally:
        await server.close()
    assert isinstance(issued, IssuedToken)
    return issued.token


@pytest.mark.parametrize("void_codes", [False, True], ids=["codes kept", "codes voided"])
async def test_revocations_made_after_a_backup_survive_its_restoration(
    tmp_path: Path, void_codes: bool
) -> None:
    backup, elsewhere = tmp_path / "backup.rdb", tmp_path / "elsewhere"
    async with running_gateway(tmp_path / "data") as gateway:
        place = await make_place(gateway)
        secrets, device, session, token_id = await issue_all(gateway, place)
        assert await secrets.statuses(gateway, place) == (200, 200, 200, 200)
        await command(tmp_path / "data", "backup", backup)
        one = f"/api/restaurants/{place.restaurant}/devices/{device}"
        await gateway.http.delete(one)
        await gateway.post(f"/tables/{place.table}/code")
        newest = await table_code(gateway, place, token("admin"))
        await gateway.post(f"/sessions/{session}/close", {"force": True, "reason": "test"})
        await gateway.http.delete(f"/api/tokens/{token_id}")
        assert await secrets.statuses(gateway, place) == (401, 404, 401, 401)
    await command(elsewhere, "restore", backup, *["--void-codes"] * void_codes)
    async with running_gateway(elsewhere) as gateway:
        code_status = 404 if void_codes else 200
        assert await secrets.statuses(gateway, place) == (401, code_status, 401, 401)
        again = IssuedSecrets(secrets.device, newest, secrets.guest, secrets.system)
        assert (await again.statuses(gateway, place))[1] == 404
        admin = await admin_of(elsewhere)
        as_admin = {"Authorization": f"Bearer {admin}"}
        replaced = await gateway.http.post(f"/api/tables/{place.table}/code", headers=as_admin)
        assert replaced.status_code == 200, replaced.text
        assert (await secrets.statuses(gateway, place))[1] == 404
        assert (await again.statuses(gateway, place))[1] == (404 if void_codes else 200)
        new = await table_code(gateway, place, admin)
        guest = await gateway.http.post("/api/sessions/join", json={"table_code": new})
        assert guest.status_code == 200
        as_guest = {"Authorization": f"Bearer {guest.json()['token']}"}
        assert (await gateway.http.get(f"/api/tables/{place.table}", headers=as_guest)).is_success


async def test_a_sign_in_code_used_after_a_backup_is_refused_after_its_restoration(
    tmp_path: Path,
) -> None:
    backup, elsewhere = tmp_path / "backup.rdb", tmp_path / "elsewhere"
    async with running_gateway(tmp_path / "data") as gateway:
        place = await make_place(gateway)
        home = f"/restaurants/{place.restaurant}/devices"
        device = (await gateway.post(home, {"role": "kitchen", "label": "Grill"}))["device_id"]
        shown = (await gateway.http.get(f"/api{home}/{device}/code")).json()["device_code"]
        await command(tmp_path / "data", "backup", backup)
        await gateway.post("/devices/sign-in", {"device_code": shown})
    await command(elsewhere, "restore", backup)
    async with running_gateway(elsewhere) as gateway:
        response = await gateway.http.post("/api/devices/sign-in", json={"device_code": shown})
        assert response.status_code == 404


async def test_a_store_restored_twice_refuses_tokens_issued_in_between(
    tmp_path: Path,
) -> None:
    backup, elsewhere = tmp_path / "backup.rdb", tmp_path / "elsewhere"
    async with running_gateway(tmp_path / "data") as gateway:
        place = await make_place(gateway)
        await command(tmp_path / "data", "backup", backup)
    await command(elsewhere, "restore", backup)
    path = f"/api/tables/{place.table}"
    async with running_gateway(elsewhere) as gateway:
        between = {"Authorization": f"Bearer {await admin_of(elsewhere)}"}
        assert (await gateway.http.get(path, headers=between)).status_code == 200
    await command(elsewhere, "restore", "--complete")
    async with running_gateway(elsewhere) as gateway:
        assert (await gateway.http.get(path, headers=between)).status_code == 401
