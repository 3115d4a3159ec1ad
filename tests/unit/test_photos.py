"""Photos: what is accepted, what becomes of it, and that hostile images do no harm."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from gateway.media import convert as convert_module
from gateway.media import photos
from gateway.media.convert import SIZES, Refused, convert
from gateway.media.photos import PhotoStore


def photo(size: tuple[int, int] = (2000, 1000), kind: str = "JPEG", **how: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, (200, 120, 40)).save(written, kind, **how)
    return written.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that declares that many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 10_000)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def opened(image: bytes) -> Image.Image:
    return Image.open(io.BytesIO(image))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_becomes_webp_in_three_sizes(kind: str) -> None:
    images = [opened(image) for image in convert(photo(kind=kind))]
    assert [image.format for image in images] == ["WEBP"] * 3
    assert [image.size for image in images] == [(size, size // 2) for size in SIZES]


def test_a_small_photo_is_not_enlarged() -> None:
    assert [opened(image).size for image in convert(photo((300, 200)))] == [
        (160, 107), (300, 200), (300, 200),
    ]  # fmt: skip


def test_a_photo_is_turned_upright_and_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "Taken at home"
    image = opened(convert(photo((400, 200), exif=exif))[1])
    assert image.size == (200, 400)
    assert not image.getexif()


def test_transparency_stays() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(written, "PNG")
    assert opened(convert(written.getvalue())[0]).has_transparency_data


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (b"", "not a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG"),
        (photo(kind="GIF"), "not a JPEG"),
        (photo()[:1000], "damaged"),
        (bomb(50_000, 50_000), "megapixels"),
        (bomb(1000, 1000), "damaged"),
    ],
    ids=["empty", "svg", "gif", "cut off", "bomb", "missing pixels"],
)
def test_unusable_photos_are_refused_with_a_reason(hostile: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        convert(hostile)


async def test_a_photo_is_stored_once_by_its_content(tmp_path: Path) -> None:
    store = PhotoStore(str(tmp_path / "media"))
    photo_id = await store.add(photo())
    assert await store.add(photo()) == photo_id
    assert [each.name for each in (tmp_path / "media").iterdir()] == [photo_id]
    image = await store.get(photo_id, 480)
    assert image is not None
    assert opened(image).size == (480, 240)
    assert await store.get("0" * 32, 480) is None


async def test_a_refused_photo_leaves_nothing_behind(tmp_path: Path) -> None:
    store = PhotoStore(str(tmp_path / "media"))
    with pytest.raises(Refused, match="megapixels"):
        await store.add(bomb(50_000, 50_000))
    assert not (tmp_path / "media").exists()


async def test_a_converter_that_is_killed_or_hangs_refuses_the_photo_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PhotoStore(str(tmp_path / "media"))
    for code in ("import os; os.abort()", "import time; time.sleep(60)"):
        script = tmp_path / "script.py"
        script.write_text(code)
        with monkeypatch.context() as patched:
            patched.setattr(convert_module, "__file__", str(script))
            patched.setattr(photos, "CONVERSION_TIMEOUT_S", 0.5)
            with pytest.raises(Refused):
                await store.add(photo())
    assert await store.add(photo()) is not None
