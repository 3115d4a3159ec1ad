"""Pictures of the demo's dishes, drawn by Pillow: a plate, a cup or a glass with pieces on it.

The same dish has the same picture in each run: its name seeds the places of the pieces.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

WIDTH, HEIGHT = 640, 480
_SCALE = 2
"""Drawn at twice the size and scaled down, which smooths the edges."""
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_RADIUS = 175
"""Of the food on a plate, in pixels."""


@dataclass(frozen=True)
class Pieces:
    """Pieces of one kind, scattered over the food. `width` and `height` are in pixels, `spread` is
    the share of the food's radius that they reach. The outline goes from an ellipse (2) to a
    rectangle (8) with `corners`. `core` is the colour of a smaller piece on top of each."""

    colour: str
    count: int
    width: float
    height: float
    spread: float = 0.8
    corners: float = 2
    core: str | None = None
    angle: float | None = None
    """In degrees; None: each its own."""
    at: tuple[float, float] = (0, 0)
    """The middle of the pieces, in pixels from that of the plate."""


@dataclass(frozen=True)
class Picture:
    """`base` is the colour of what fills the dish, such as soup or a cup's coffee. `glass` is the
    shape of a bottle or a glass, as widths and heights in pixels from the top."""

    pieces: tuple[Pieces, ...] = ()
    base: str | None = None
    base_radius: int = _RADIUS
    table: str = "#8a5a3c"
    plate: str | None = "#f7f3ec"
    glass: tuple[tuple[float, float], ...] = ()
    glass_colour: str = "#ffffff"


def _herbs(count: int = 26, spread: float = 0.75, colour: str = "#4c7a34") -> Pieces:
    return Pieces(colour, count, 16, 7, spread)


def _lemon(x: float, y: float) -> Pieces:
    return Pieces("#f2c230", 1, 78, 78, 0, core="#fbe894", at=(x, y))


_BOTTLE = ((34, 0), (34, 120), (110, 190), (110, 430))
_GOBLET = ((120, 0), (168, 90), (120, 190), (14, 230), (14, 360), (130, 380), (130, 392))

PICTURES: dict[str, Picture] = {
    "Fish soup": Picture(
        (
            Pieces("#f3dfc4", 7, 58, 34, 0.7, 3),
            Pieces("#e58a63", 6, 44, 26, 0.75),
            Pieces("#d9a55c", 9, 36, 34, 0.8, 7, core="#efc88a"),
            _herbs(),
        ),
        base="#c4602a",
        table="#31525b",
    ),
    "Tomato salad": Picture(
        (
            Pieces("#c93a2b", 13, 92, 88, 0.78, core="#e7705a"),
            Pieces("#d9b3cf", 22, 34, 8, 0.8),
            _herbs(18, 0.8, "#3f8a3a"),
        ),
        table="#b08a5e",
    ),
    "Seafood platter": Picture(
        (
            Pieces("#eef4f6", 40, 44, 38, 0.95, 5),
            Pieces("#5b6470", 12, 74, 58, 0.9, core="#d9d6cf"),
            Pieces("#e8774f", 10, 78, 24, 0.7, core="#f6b697"),
            Pieces("#2c2f3d", 9, 60, 30, 0.85, core="#e89a4c"),
            _lemon(-60, -30),
            _lemon(70, 50),
            _herbs(14, 0.9),
        ),
        table="#2f4a63",
    ),
    "Mussels and chips": Picture(
        (
            Pieces("#23283a", 20, 76, 36, 0.62, core="#e5923f", at=(-55, 0)),
            Pieces("#e9bf5a", 24, 96, 15, 0.42, 6, core="#f6dc8e", at=(105, 10)),
            _herbs(20, 0.7),
        ),
        table="#6c4a34",
    ),
    "Ratatouille": Picture(
        (
            Pieces("#5d2f5c", 12, 70, 70, 0.82, core="#e6d9b0"),
            Pieces("#3f7b3a", 12, 66, 66, 0.82, core="#d9e3a6"),
            Pieces("#d98a26", 10, 50, 42, 0.8, 4),
            Pieces("#c23b2a", 11, 64, 60, 0.8, core="#dd6a50"),
            _herbs(16),
        ),
        base="#a8381f",
        table="#7d6a4f",
    ),
    "Muscadet, a bottle": Picture(
        (Pieces("#efe6cc", 1, 104, 120, 0, 8, core="#fbf6e6", angle=0, at=(0, 95)),),
        plate=None,
        table="#3b4a45",
        glass=_BOTTLE,
        glass_colour="#7d9a4e",
    ),
    "House red, a glass": Picture(
        (Pieces("#6d1226", 1, 138, 136, 0, core="#8f1f37", angle=0, at=(0, -82)),),
        plate=None,
        table="#4a3526",
        glass=_GOBLET,
        glass_colour="#dfe7ea",
    ),
    "Entrecôte": Picture(
        (
            Pieces("#6b3a22", 1, 250, 172, 0, 2.6, core="#8a4d2c", angle=-14, at=(-25, 5)),
            Pieces("#3b1f12", 5, 150, 9, 0.36, 6, angle=-40, at=(-25, 5)),
            Pieces("#f4e3a1", 1, 58, 42, 0, 6, core="#fbf1c4", angle=10, at=(-30, -5)),
            Pieces("#e9bf5a", 14, 84, 15, 0.28, 6, core="#f6dc8e", at=(115, 40)),
            _herbs(12, 0.4),
        ),
        table="#4d3a2e",
    ),
    "Sea bass": Picture(
        (
            Pieces("#8d9aa3", 1, 310, 104, 0, 2, core="#b9c4ca", angle=0, at=(-15, 0)),
            Pieces("#7b8991", 1, 76, 26, 0, angle=-35, at=(150, -18)),
            Pieces("#7b8991", 1, 76, 26, 0, angle=35, at=(150, 18)),
            Pieces("#56626a", 4, 70, 7, 0.45, 6, angle=65, at=(-10, 0)),
            Pieces("#20262b", 1, 13, 13, 0, at=(-138, -12)),
            _lemon(-20, 92),
            _lemon(45, 98),
            Pieces("#4c7a34", 16, 34, 9, 0.3, at=(30, -98)),
        ),
        table="#3d5a57",
    ),
    "Tart of the day": Picture(
        (
            Pieces("#c98a45", 1, 330, 330, 0, core="#f2d58c"),
            Pieces("#b3263f", 26, 44, 42, 0.72, core="#d9506a"),
            Pieces("#31406f", 22, 24, 24, 0.75, core="#5467a0"),
            Pieces("#4c8a4a", 6, 30, 14, 0.5),
        ),
        table="#c2a27e",
    ),
    "Coffee": Picture(
        (
            Pieces("#d9b48a", 1, 150, 150, 0, core="#8a5a34"),
            Pieces("#e9cfa9", 1, 64, 84, 0, 2, core="#c79a68"),
            Pieces("#fdfbf6", 2, 34, 32, 0.1, 7, at=(150, 90)),
        ),
        base="#5a3620",
        base_radius=105,
        table="#9c7b5a",
    ),
}
"""By the name of the dish."""


def draw(name: str) -> bytes:
    """The picture of a dish as a WebP image. Raises KeyError if it has none."""
    # Here, because only the first start of a demo needs Pillow.
    from PIL import Image, ImageDraw, ImageFilter  # see above

    picture = PICTURES[name]
    size = (WIDTH * _SCALE, HEIGHT * _SCALE)
    image = Image.new("RGB", size, picture.table)
    shadow = Image.new("L", size, 0)
    _Pen(ImageDraw.Draw(shadow)).vessel(picture, "#9a9a9a", shift=12)
    dark = Image.new("RGB", size, "#000000")
    image.paste(dark, mask=shadow.filter(ImageFilter.BoxBlur(18 * _SCALE)))
    pen = _Pen(ImageDraw.Draw(image))
    pen.vessel(picture, picture.plate or picture.glass_colour)
    if picture.base:
        radius = 2 * picture.base_radius
        pen.blob(0, 0, radius, radius, picture.base)
    random = Random(name)  # noqa: S311  # for repeatable pictures, not for security
    for pieces in picture.pieces:
        pen.scatter(pieces, random)
    written = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(written, "WEBP", quality=85)
    return written.getvalue()


class _Pen:
    """Draws shapes at places in pixels from the picture's middle."""

    def __init__(self, on: Any) -> None:
        self._on = on

    def vessel(self, picture: Picture, colour: str, shift: float = 0) -> None:
        """The plate with its rim, or the bottle or glass; all in one colour if it is a shadow."""
        if picture.plate is None:
            left = [(-width / 2, top - 205 + shift) for width, top in picture.glass]
            right = [(-x, y) for x, y in reversed(left)]
            self._polygon([*left, *right], colour)
            return
        self.blob(0, shift, 440, 440, colour)
        if not shift:
            self.blob(0, 0, 2 * picture.base_radius + 24, 2 * picture.base_radius + 24, "#e7e0d4")
            self.blob(0, 3, 2 * picture.base_radius + 14, 2 * picture.base_radius + 14, colour)

    def scatter(self, pieces: Pieces, random: Random) -> None:
        """Pieces at even distances, each with a shadow."""
        start = random.uniform(0, math.tau)
        for index in range(pieces.count):
            distance = _RADIUS * pieces.spread * math.sqrt((index + 0.5) / pieces.count)
            turn = start + index * _GOLDEN_ANGLE
            x = pieces.at[0] + distance * math.cos(turn) + random.uniform(-5, 5) * pieces.spread
            y = pieces.at[1] + distance * math.sin(turn) + random.uniform(-5, 5) * pieces.spread
            angle = random.uniform(0, 360) if pieces.angle is None else pieces.angle
            size = random.uniform(0.9, 1.1) if pieces.count > 1 else 1
            width, height = pieces.width * size, pieces.height * size
            shadow = _darker(pieces.colour)
            self.blob(x + 2, y + 4, width + 3, height + 3, shadow, angle, pieces.corners)
            self.blob(x, y, width, height, pieces.colour, angle, pieces.corners)
            if pieces.core:
                part = 0.72 * width, 0.72 * height
                self.blob(x, y, *part, pieces.core, angle, pieces.corners)

    def blob(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: str,
        angle: float = 0,
        corners: float = 2,
    ) -> None:
        """A superellipse: `corners` of 2 is an ellipse, more is closer to a rectangle."""
        turned = math.radians(angle)
        cos, sin = math.cos(turned), math.sin(turned)
        points = [
            (x + dx * cos - dy * sin, y + dx * sin + dy * cos)
            for dx, dy in _outline(width / 2, height / 2, corners)
        ]
        self._polygon(points, colour)

    def _polygon(self, points: list[tuple[float, float]], colour: str) -> None:
        middle = WIDTH / 2, HEIGHT / 2
        placed = [((x + middle[0]) * _SCALE, (y + middle[1]) * _SCALE) for x, y in points]
        self._on.polygon(placed, fill=colour)


def _outline(a: float, b: float, corners: float, steps: int = 48) -> Iterator[tuple[float, float]]:
    """Points of the superellipse with the half axes `a` and `b`."""
    for step in range(steps):
        cos, sin = math.cos(math.tau * step / steps), math.sin(math.tau * step / steps)
        yield (
            a * math.copysign(abs(cos) ** (2 / corners), cos),
            b * math.copysign(abs(sin) ** (2 / corners), sin),
        )


def _darker(colour: str) -> str:
    """A hexadecimal colour at two thirds of its brightness."""
    parts = (int(colour[at : at + 2], 16) * 2 // 3 for at in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)
