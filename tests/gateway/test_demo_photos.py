"""The photos of the demo chain: drawn, uploaded once, and set on dishes that have none."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.placement import Mode, Placement
from gateway.settings import GatewaySettings
from scripts.demo import Api, DemoRefused, fill
from scripts.demo_photos import add_photos
from tests.gateway.conftest import Gateway, token


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


@pytest.fixture
def settings(settings: GatewaySettings, tmp_path: Path) -> GatewaySettings:
    return GatewaySettings(settings.keys, media_url=str(tmp_path / "media"))


@pytest.fixture
async def api(gateway: Gateway) -> Api:
    api = Api(f"http://127.0.0.1:{gateway.port}", token("admin", sub="demo"))
    await asyncio.to_thread(fill, api)
    return api


async def dishes(gateway: Gateway, restaurant: int) -> list[dict[str, Any]]:
    menu = (await gateway.http.get(f"/api/restaurants/{restaurant}/menu")).json()["data"]
    return [item for category in menu["categories"] for item in category["items"]]


async def test_every_dish_of_the_demo_gets_a_photo_and_keeps_the_rest(
    gateway: Gateway, api: Api
) -> None:
    before = [await dishes(gateway, id_) for id_ in (1, 2)]
    await asyncio.to_thread(add_photos, api)
    for restaurant, old in enumerate(before, 1):
        now = await dishes(gateway, restaurant)
        photos = {item["photo_id"] for item in now}
        assert len(photos) == len(now)
        assert [{**item, "photo_id": None} for item in now] == old
        for photo in photos:
            assert (await gateway.http.get(f"/media/{photo}/480.webp")).status_code == 200


async def test_a_photo_that_a_dish_has_already_stays(gateway: Gateway, api: Api) -> None:
    first = (await dishes(gateway, 2))[0]
    row = {"id": first["id"], "photo_id": "0" * 32}
    body = {"categories": [{"name": "Starters", "items": [row]}]}
    await asyncio.to_thread(api.send, "POST", "/restaurants/2/menu/import?format=json", body)
    await asyncio.to_thread(add_photos, api)
    assert (await dishes(gateway, 2))[0]["photo_id"] == "0" * 32


async def test_a_refused_photo_changes_no_menu(gateway: Gateway, api: Api) -> None:
    kitchen = Api(f"http://127.0.0.1:{gateway.port}", token("kitchen", restaurant_id=1))
    with pytest.raises(DemoRefused, match="restaurants/1/photos"):
        await asyncio.to_thread(add_photos, kitchen)
    for restaurant in (1, 2):
        assert {item["photo_id"] for item in await dishes(gateway, restaurant)} == {None}
