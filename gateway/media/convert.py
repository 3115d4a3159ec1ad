"""Converts one photo: reads it from standard input, writes its sizes as WebP to standard output.

It is a process of its own, because image decoders are written in C and their input is hostile: one
that crashes or takes too much memory ends this process alone. Each size is written as four bytes of
length and the image. Exit code 3: the photo was refused, with the reason on standard error.
"""

import io
import resource
import sys
from contextlib import suppress
from typing import Any

SIZES = (160, 480, 1200)
"""The longest side of each size in pixels. Smaller photos are not enlarged."""
FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 40_000_000
MAX_MEMORY_BYTES = 1024**3
MAX_CPU_S = 20
QUALITY = 80
REFUSED = 3


class Refused(Exception):
    """The photo cannot be used; the message says why and what to do."""


def convert(photo: bytes) -> list[bytes]:
    """The photo in each of SIZES, upright and without metadata. Raises Refused."""
    # Here, because gateways read SIZES from this module and need no Pillow.
    from PIL import Image, ImageOps, UnidentifiedImageError  # see above

    Image.MAX_IMAGE_PIXELS = None  # MAX_PIXELS is checked here, with a reason
    try:
        image = Image.open(io.BytesIO(photo), formats=FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Refused(
                f"It has {width} by {height} pixels, which is more than {MAX_PIXELS // 10**6} "
                "megapixels. Send a smaller one."
            )
        image.draft("RGB", (max(SIZES), max(SIZES)))  # decodes a large JPEG at a smaller scale
        upright = ImageOps.exif_transpose(image)
        has_alpha = upright.has_transparency_data
        upright = upright.convert("RGBA" if has_alpha else "RGB")
    except UnidentifiedImageError as error:
        raise Refused("It is not a JPEG, PNG or WebP image.") from error
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise Refused("It is damaged. Export it again.") from error
    images = []
    for size in sorted(SIZES, reverse=True):  # each from the one before, in place
        upright.thumbnail((size, size), Image.Resampling.LANCZOS)
        images.append(_encoded(upright))
    return images[::-1]


def _encoded(image: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, "WEBP", quality=QUALITY)
    return written.getvalue()


def main() -> int:
    with suppress(ValueError, OSError):  # macOS does not limit memory
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    try:
        images = convert(sys.stdin.buffer.read())
    except Refused as refused:
        sys.stderr.write(str(refused))
        return REFUSED
    for image in images:
        sys.stdout.buffer.write(len(image).to_bytes(4) + image)
    return 0


if __name__ == "__main__":
    sys.exit(main())
