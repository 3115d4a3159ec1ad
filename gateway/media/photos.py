"""The photos of a chain: converted, stored by the hash of their content, read again by size."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TypeVar
from uuid import uuid4

import fsspec

from gateway.media import convert
from gateway.media.convert import REFUSED, SIZES, Refused

CONVERSION_TIMEOUT_S = 30.0
STORE_TIMEOUT_S = 5.0
MAX_STORE_CALLS = 4
"""Calls to the store at once, in threads of their own: a store that hangs delays only photos."""

T = TypeVar("T")


class PhotoStore:
    """The photos below one URL of fsspec, such as `/var/lib/media` or `s3://bucket/media`.

    Files are named by content and never change. Methods raise OSError if the store fails.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._folder = fsspec.core.url_to_fs(url)
        self._threads = ThreadPoolExecutor(MAX_STORE_CALLS, "photos")
        self._converting = asyncio.Lock()
        """Decoding takes up to a gigabyte, so photos are converted one at a time."""

    async def add(self, photo: bytes) -> str:
        """Convert and store a photo. Returns its id. Raises Refused."""
        photo_id = sha256(photo).hexdigest()[:32]
        async with self._converting:
            largest = self._path(photo_id, SIZES[-1])
            if await self._call(lambda: bool(self._fs.exists(largest))):
                return photo_id
            for size, image in zip(SIZES, await _converted(photo), strict=True):
                await self._write(self._path(photo_id, size), image)
        return photo_id

    async def get(self, photo_id: str, size: int) -> bytes | None:
        """A photo as WebP; None if there is none."""
        path = self._path(photo_id, size)
        try:
            return await self._call(lambda: bytes(self._fs.cat_file(path)))
        except FileNotFoundError:
            return None

    def _path(self, photo_id: str, size: int) -> str:
        return f"{self._folder}/{photo_id}/{size}.webp"

    async def _write(self, path: str, image: bytes) -> None:
        """Write a file so that readers see all of it or nothing."""

        def write() -> None:
            temporary = f"{path}.{uuid4().hex}"
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(temporary, image)
            self._fs.mv(temporary, path)

        await self._call(write)

    async def _call(self, call: Callable[[], T]) -> T:
        """Call the store in a thread. Raises OSError, whatever its library raises."""
        try:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except OSError:
            raise
        except Exception as error:
            raise OSError(f"{type(error).__name__}: {error}") from error


async def _converted(photo: bytes) -> list[bytes]:
    """The photo in each of SIZES, from a process of its own. Raises Refused."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", convert.__file__, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(CONVERSION_TIMEOUT_S):
            written, reason = await process.communicate(photo)
    except TimeoutError:
        raise Refused("It takes too long to decode. Export it again.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == REFUSED:
        raise Refused(reason.decode())
    if process.returncode != 0:
        raise Refused("It cannot be decoded. Export it again.")
    images = []
    while written:
        end = 4 + int.from_bytes(written[:4])
        images.append(written[4:end])
        written = written[end:]
    return images
