"""Photos over HTTP: who may add them, their limits, and how they are served."""

import io
from pathlib import Path

import pytest
from PIL import Image

from gateway.http.photos import MAX_PHOTO_BYTES
from gateway.settings import GatewaySettings
from tests.gateway.conftest import Gateway, Place, token


@pytest.fixture
def settings(settings: GatewaySettings, tmp_path: Path) -> GatewaySettings:
    return GatewaySettings(settings.keys, media_url=str(tmp_path / "media"))


@pytest.fixture
async def path(gateway: Gateway, place: Place) -> str:
    return f"/api/restaurants/{place.restaurant}/photos"


def photo() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (600, 400), (200, 120, 40)).save(written, "JPEG")
    return written.getvalue()


async def test_a_photo_is_added_once_and_served_for_ever(gateway: Gateway, path: str) -> None:
    added = await gateway.http.post(path, content=photo())
    assert added.status_code == 201, added.text
    photo_id = added.json()["photo_id"]
    assert (await gateway.http.post(path, content=photo())).json()["photo_id"] == photo_id
    served = await gateway.http.get(f"/media/{photo_id}/160.webp", headers={"Authorization": ""})
    assert served.status_code == 200
    assert served.headers["content-type"] == "image/webp"
    assert "immutable" in served.headers["cache-control"]
    assert Image.open(io.BytesIO(served.content)).size == (160, 107)


@pytest.mark.parametrize(
    "name",
    ["0" * 32 + "/160.webp", "0" * 31 + "/160.webp", "..%2f..%2fauth_secret/160.webp"],
)
async def test_unknown_photos_are_not_found(gateway: Gateway, path: str, name: str) -> None:
    assert (await gateway.http.get(f"/media/{name}")).status_code == 404


async def test_a_size_that_is_not_made_is_not_found(gateway: Gateway, path: str) -> None:
    photo_id = (await gateway.http.post(path, content=photo())).json()["photo_id"]
    assert (await gateway.http.get(f"/media/{photo_id}/161.webp")).status_code == 404


@pytest.mark.parametrize("role", ["waiter", "kitchen"])
async def test_only_managers_add_photos(
    gateway: Gateway, place: Place, path: str, role: str
) -> None:
    claims = {"waiter_id": 1} if role == "waiter" else {}
    signed = token(role, restaurant_id=place.restaurant, **claims)
    refused = await gateway.http.post(
        path, content=photo(), headers={"Authorization": f"Bearer {signed}"}
    )
    assert refused.status_code == 403


async def test_a_photo_of_another_restaurant_cannot_be_added(gateway: Gateway, path: str) -> None:
    signed = token("manager", restaurant_id=999)
    refused = await gateway.http.post(
        path, content=photo(), headers={"Authorization": f"Bearer {signed}"}
    )
    assert refused.status_code == 404


@pytest.mark.attack("bombs")
async def test_bodies_that_are_too_large_or_no_image_are_refused(
    gateway: Gateway, path: str
) -> None:
    large = await gateway.http.post(path, content=b"\0" * (MAX_PHOTO_BYTES + 1))
    assert large.status_code == 413
    wrong = await gateway.http.post(path, content=b"<svg/>")
    assert (wrong.status_code, wrong.json()["details"]) == (422, {"field": "photo"})
    assert "JPEG" in wrong.json()["error"]
