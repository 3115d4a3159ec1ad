"""The menu of the demo chain: options, allergens, diets and German translations.

The allergens of the tart of the day are not declared.
"""

from typing import Any


def _german(name: str, description: str = "") -> dict[str, Any]:
    return {"de": {"name": name, "description": description}}


def _option(name: str, german: str, *allergens: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "translations": _german(german),
        "allergens": list(allergens),
        **fields,
    }


OPTION_GROUPS = (
    {
        "external_id": "degree",
        "name": "Doneness",
        "translations": _german("Garstufe"),
        "min": 1,
        "max": 1,
        "options": [
            _option("Rare", "Blutig"),
            _option("Medium", "Rosa"),
            _option("Well done", "Durchgebraten"),
        ],
    },
    {
        "external_id": "extras",
        "name": "Extras",
        "translations": _german("Extras"),
        "min": 0,
        "max": 3,
        "options": [
            _option("Chips", "Pommes frites", price="4.50", max_each=2),
            _option("Green salad", "Grüner Salat", "mustard", "sulphites", price="5.00"),
            _option("Béarnaise sauce", "Sauce béarnaise", "eggs", "milk", price="3.00"),
            _option("No garlic butter", "Ohne Knoblauchbutter", price="-0.50"),
        ],
    },
    {
        "external_id": "milk",
        "name": "Milk",
        "translations": _german("Milch"),
        "min": 0,
        "max": 1,
        "options": [
            _option("Milk", "Milch", "milk"),
            _option("Oat milk", "Haferdrink", "gluten", price="0.50"),
            _option("Soy milk", "Sojadrink", "soybeans", price="0.50"),
        ],
    },
)


def _item(
    name: str, description: str, price: str, german: dict[str, Any], *allergens: str, **fields: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "price": price,
        "translations": german,
        "allergens": list(allergens),
        **fields,
    }


_STARTERS = [
    _item(
        "Fish soup", "With rouille and croutons", "14.50",
        _german("Fischsuppe", "Mit Rouille und Croutons"),
        "celery", "crustaceans", "eggs", "fish", "gluten",
        diets=["pescatarian"],
    ),
    _item(
        "Tomato salad", "Basil, shallots", "9.00",
        _german("Tomatensalat", "Basilikum, Schalotten"),
        "mustard", "sulphites",
        diets=["vegan", "vegetarian"],
    ),
]  # fmt: skip
_MAINS = [
    _item(
        "Seafood platter", "For two to four", "110.00",
        _german("Meeresfrüchteplatte", "Für zwei bis vier Personen"),
        "crustaceans", "eggs", "fish", "molluscs", "mustard",
        diets=["pescatarian"],
    ),
    _item(
        "Mussels and chips", "", "19.50",
        _german("Muscheln mit Pommes frites"),
        "celery", "milk", "molluscs", "sulphites",
        diets=["pescatarian"],
    ),
    _item(
        "Ratatouille", "Vegan", "16.00",
        _german("Ratatouille", "Vegan"),
        diets=["vegan", "vegetarian"],
    ),
]  # fmt: skip
_WINE = [
    _item(
        "Muscadet, a bottle", "0.75 l", "30.00",
        _german("Muscadet, eine Flasche", "0,75 l"),
        "sulphites",
    ),
    _item(
        "House red, a glass", "0.2 l", "6.50",
        _german("Hauswein rot, ein Glas", "0,2 l"),
        "sulphites",
    ),
]  # fmt: skip
_GRILL = [
    _item(
        "Entrecôte", "300 g, with garlic butter", "29.00",
        _german("Entrecôte", "300 g, mit Knoblauchbutter"),
        "milk",
        option_group_ids=["degree", "extras"],
    ),
    _item(
        "Sea bass", "Grilled whole, with garlic butter", "26.00",
        _german("Wolfsbarsch", "Im Ganzen gegrillt, mit Knoblauchbutter"),
        "fish", "milk",
        diets=["pescatarian"],
        option_group_ids=["extras"],
    ),
]  # fmt: skip
_DESSERTS = [
    _item(
        "Tart of the day", "Ask what it is today", "8.50",
        _german("Tarte des Tages", "Fragen Sie, welche es heute gibt"),
        diets=["vegetarian"],
    )
    | {"allergens": None},
    _item(
        "Coffee", "", "3.20",
        _german("Kaffee"),
        diets=["vegan", "vegetarian"],
        option_group_ids=["milk"],
    ),
]  # fmt: skip

MENU = (
    {"name": "Starters", "translations": _german("Vorspeisen"), "items": _STARTERS},
    {"name": "Mains", "translations": _german("Hauptgerichte"), "items": _MAINS},
    {"name": "Wine", "translations": _german("Wein"), "items": _WINE},
    {"name": "Grill", "translations": _german("Vom Grill"), "items": _GRILL},
    {
        "name": "Dessert and coffee",
        "translations": _german("Dessert und Kaffee"),
        "items": _DESSERTS,
    },
)
