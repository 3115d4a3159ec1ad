"""The menu of the demo chain: options, allergens, diets and translations.

The allergens of the tart of the day are not declared.
"""

from typing import Any

from scripts.demo_translations import translations_of


def _option(name: str, *allergens: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "translations": translations_of(name),
        "allergens": list(allergens),
        **fields,
    }


OPTION_GROUPS = (
    {
        "external_id": "degree",
        "name": "Doneness",
        "translations": translations_of("Doneness"),
        "min": 1,
        "max": 1,
        "options": [
            _option("Rare"),
            _option("Medium"),
            _option("Well done"),
        ],
    },
    {
        "external_id": "extras",
        "name": "Extras",
        "translations": translations_of("Extras"),
        "min": 0,
        "max": 3,
        "options": [
            _option("Chips", price="4.50", max_each=2),
            _option("Green salad", "mustard", "sulphites", price="5.00"),
            _option("Béarnaise sauce", "eggs", "milk", price="3.00"),
            _option("No garlic butter", price="-0.50"),
        ],
    },
    {
        "external_id": "milk",
        "name": "Milk",
        "translations": translations_of("Milk"),
        "min": 0,
        "max": 1,
        "options": [
            _option("Milk", "milk"),
            _option("Oat milk", "gluten", price="0.50"),
            _option("Soy milk", "soybeans", price="0.50"),
        ],
    },
)


def _item(
    name: str, description: str, price: str, *allergens: str, **fields: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "price": price,
        "translations": translations_of(name, description),
        "allergens": list(allergens),
        **fields,
    }


_STARTERS = [
    _item(
        "Fish soup", "With rouille and croutons", "14.50",
        "celery", "crustaceans", "eggs", "fish", "gluten",
        diets=["pescatarian"],
    ),
    _item(
        "Tomato salad", "Basil, shallots", "9.00",
        "mustard", "sulphites",
        diets=["vegan", "vegetarian"],
    ),
]  # fmt: skip
_MAINS = [
    _item(
        "Seafood platter", "For two to four", "110.00",
        "crustaceans", "eggs", "fish", "molluscs", "mustard",
        diets=["pescatarian"],
    ),
    _item(
        "Mussels and chips", "", "19.50",
        "celery", "milk", "molluscs", "sulphites",
        diets=["pescatarian"],
    ),
    _item(
        "Ratatouille", "Vegan", "16.00",
        diets=["vegan", "vegetarian"],
    ),
]  # fmt: skip
_WINE = [
    _item(
        "Muscadet, a bottle", "0.75 l", "30.00",
        "sulphites",
    ),
    _item(
        "House red, a glass", "0.2 l", "6.50",
        "sulphites",
    ),
]  # fmt: skip
_GRILL = [
    _item(
        "Entrecôte", "300 g, with garlic butter", "29.00",
        "milk",
        option_group_ids=["degree", "extras"],
    ),
    _item(
        "Sea bass", "Grilled whole, with garlic butter", "26.00",
        "fish", "milk",
        diets=["pescatarian"],
        option_group_ids=["extras"],
    ),
]  # fmt: skip
_DESSERTS = [
    _item(
        "Tart of the day", "Ask what it is today", "8.50",
        diets=["vegetarian"],
        portions=8,
    )
    | {"allergens": None},
    _item(
        "Coffee", "", "3.20",
        diets=["vegan", "vegetarian"],
        option_group_ids=["milk"],
    ),
]  # fmt: skip

MENU = (
    {"name": "Starters", "translations": translations_of("Starters"), "items": _STARTERS},
    {"name": "Mains", "translations": translations_of("Mains"), "items": _MAINS},
    {"name": "Wine", "translations": translations_of("Wine"), "items": _WINE},
    {"name": "Grill", "translations": translations_of("Grill"), "items": _GRILL},
    {
        "name": "Dessert and coffee",
        "translations": translations_of("Dessert and coffee"),
        "items": _DESSERTS,
    },
)
