"""The photos of a chain: converted, stored by the hash of their content, read again by size."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from hashlib import sha256

import fsspec

from gateway.media import convert
from gateway.media.convert import REFUSED, SIZES

CONVERSION_TIMEOUT_S = 30.0


class PhotoRefused(Exception):
    """The photo cannot be used; the message says why and what to do."""


class PhotoStore:
    """The photos below one URL of fsspec, such as `/var/lib/media` or `s3://bucket/media`.

    Files are named by content and never change. Methods raise OSError if the store fails.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._folder = fsspec.core.url_to_fs(url)
        self._converting = asyncio.Lock()
        """Decoding takes up to a gigabyte, so photos are converted one at a time."""

    async def add(self, photo: bytes) -> str:
        """Convert and store a photo. Returns its id. Raises PhotoRefused."""
        photo_id = sha256(photo).hexdigest()[:32]
        async with self._converting:
            if await asyncio.to_thread(self._fs.exists, self._path(photo_id, SIZES[-1])):
                return photo_id
            for size, image in zip(SIZES, await _converted(photo), strict=True):
                await asyncio.to_thread(self._write, self._path(photo_id, size), image)
        return photo_id

    async def get(self, photo_id: str, size: int) -> bytes | None:
        """A photo as WebP; None if there is none."""
        try:
            found: bytes = await asyncio.to_thread(self._fs.cat_file, self._path(photo_id, size))
        except FileNotFoundError:
            return None
        return found

    def _path(self, photo_id: str, size: int) -> str:
        return f"{self._folder}/{photo_id}/{size}.webp"

    def _write(self, path: str, image: bytes) -> None:
        """Write a file so that readers see all of it or nothing."""
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        with self._fs.transaction, self._fs.open(path, "wb") as file:
            file.write(image)


async def _converted(photo: bytes) -> list[bytes]:
    """The photo in each of SIZES, from a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", convert.__file__, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(CONVERSION_TIMEOUT_S):
            written, reason = await process.communicate(photo)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise PhotoRefused("It takes too long to decode. Export it again.") from None
    if process.returncode == REFUSED:
        raise PhotoRefused(reason.decode())
    if process.returncode != 0:
        raise PhotoRefused("It cannot be decoded. Export it again.")
    images = []
    while written:
        end = 4 + int.from_bytes(written[:4])
        images.append(written[4:end])
        written = written[end:]
    return images
