"""The demo's menu: every text is translated, every dish has a picture."""

import io
from typing import Any, cast

import pytest
from PIL import Image

from scripts.demo_menu import MENU, OPTION_GROUPS
from scripts.demo_pictures import HEIGHT, PICTURES, WIDTH, draw
from scripts.demo_translations import LANGUAGES, TRANSLATIONS

MAX_BYTES = 50_000
_ITEMS = [item for category in cast(Any, MENU) for item in category["items"]]
_OPTIONS = [option for group in cast(Any, OPTION_GROUPS) for option in group["options"]]


@pytest.mark.parametrize(
    "row", [*MENU, *_ITEMS, *OPTION_GROUPS, *_OPTIONS], ids=lambda row: str(row["name"])
)
def test_a_text_is_translated_into_every_language_of_the_guests_page(row: Any) -> None:
    assert tuple(row["translations"]) == LANGUAGES
    for texts in row["translations"].values():
        assert texts["name"]
        assert bool(texts["description"]) is bool(row.get("description"))


def test_every_translation_is_used() -> None:
    rows = [*MENU, *_ITEMS, *OPTION_GROUPS, *_OPTIONS]
    used = {row["name"] for row in rows} | {item["description"] for item in _ITEMS} - {""}
    assert used == TRANSLATIONS.keys()


def test_every_dish_has_a_picture() -> None:
    assert PICTURES.keys() == {item["name"] for item in _ITEMS}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_the_same_each_time(name: str) -> None:
    picture = draw(name)
    assert draw(name) == picture
    assert len(picture) < MAX_BYTES
    image = Image.open(io.BytesIO(picture))
    assert image.size == (WIDTH, HEIGHT)
    assert len(image.convert("RGB").getcolors(WIDTH * HEIGHT) or ()) > 100
