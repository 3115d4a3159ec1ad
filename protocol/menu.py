"""The parts of a menu as clients send them.

If a `Given` field is absent, an existing item, option or group keeps its value; null or [] clears
the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias, TypeVar

from msgspec import UNSET, UnsetType
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from protocol.stored_names import ADDED, default_before
from protocol.values import Flag, Id, Instant, Label, Money, Name, Notes, SignedMoney

T = TypeVar("T")
if TYPE_CHECKING:
    Given: TypeAlias = T | UnsetType | None
    """A field that may be absent; its value is then UNSET, which clients cannot send."""
    Kept: TypeAlias = T | UnsetType
    """The same of a field that cannot be cleared."""
else:
    Given = T | None
    Kept = Annotated[T, "cannot be cleared"]

_CONFIG = ConfigDict(extra="forbid")
MAX_CATEGORIES = 60
MAX_CATEGORY_ITEMS = 300
MAX_OPTION_GROUPS = 300
MAX_LANGUAGES = 20


class Allergen(StrEnum):
    """The fourteen allergens of EU regulation 1169/2011, annex II."""

    GLUTEN = "gluten"
    CRUSTACEANS = "crustaceans"
    EGGS = "eggs"
    FISH = "fish"
    PEANUTS = "peanuts"
    SOYBEANS = "soybeans"
    MILK = "milk"
    NUTS = "nuts"
    CELERY = "celery"
    MUSTARD = "mustard"
    SESAME = "sesame"
    SULPHITES = "sulphites"
    LUPIN = "lupin"
    MOLLUSCS = "molluscs"


class Diet(StrEnum):
    """A diet that a dish is suitable for."""

    VEGETARIAN = "vegetarian"
    VEGAN = "vegan"
    PESCATARIAN = "pescatarian"
    HALAL = "halal"
    KOSHER = "kosher"


def _sorted(values: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(sorted(set(values), key=str))


Allergens = Annotated[tuple[Allergen, ...], Field(max_length=14), AfterValidator(_sorted)]
"""Null means that allergens are not declared, [] that there are none."""
Diets = Annotated[tuple[Diet, ...], Field(max_length=5), AfterValidator(_sorted)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", strict=True)]
"""A time of day in the restaurant's time zone, such as `"11:30"`."""
Weekdays = Annotated[
    tuple[Annotated[int, Field(ge=1, le=7, strict=True)], ...],
    Field(min_length=1, max_length=7),
    AfterValidator(_sorted),
]
"""1 is Monday, 7 is Sunday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursInput:
    """Serving hours: from `opens` on each of these days until `closes`. If `closes` is not later
    than `opens`, they end on the next day."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    days: Weekdays
    opens: ClockTime = field(metadata={"validation_alias": "from"})
    closes: ClockTime = field(metadata={"validation_alias": "to"})


Hours = Annotated[tuple[HoursInput, ...], Field(max_length=20)]
"""[] means always."""
LanguageTag = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$", max_length=11, strict=True
    ),
]
"""A BCP 47 language tag, such as `de` or `pt-BR`."""
Times = Annotated[int, Field(ge=1, le=99, strict=True)]


PortionCount = Annotated[int, Field(ge=0, le=9999, strict=True)]
"""Portions of an item that are left to sell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    name: Name
    description: Notes = ""


Translations = Annotated[Mapping[LanguageTag, Translation], Field(max_length=MAX_LANGUAGES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionInput:
    """An option, such as "medium" or "oat milk". Its price, which may be negative, is added to the
    item's. A guest can choose it up to `max_each` times."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    id: Id | None = None
    name: Name
    translations: Given[Translations] = UNSET
    price: Given[SignedMoney] = UNSET
    available: Given[Flag] = UNSET
    allergens: Given[Allergens] = UNSET
    max_each: Given[Times] = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionGroupInput:
    """A group of options, of which a guest chooses `min` to `max`. `external_id` is the group's id
    in another system: it identifies the group if there is no `id`, and items can refer to the group
    by it. An option without an `id` is the group's option of the same name, or a new one."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    id: Id | None = None
    external_id: Given[Label] = UNSET
    name: Name
    translations: Given[Translations] = UNSET
    min: Given[Annotated[int, Field(ge=0, le=99, strict=True)]] = UNSET
    max: Given[Times] = UNSET
    options: Annotated[tuple[OptionInput, ...], Field(min_length=1, max_length=100, fail_fast=True)]


PhotoId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$", strict=True)]
"""As `POST …/photos` returns it."""
GroupRefs = Annotated[tuple[Id | Label, ...], Field(max_length=20)]
OptionGroups = Annotated[
    tuple[OptionGroupInput, ...], Field(max_length=MAX_OPTION_GROUPS, fail_fast=True)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItemInput:
    """An item of a menu. `external_id` is its id in another system, which identifies it if there is
    no `id`; an item without either is new. `option_group_ids` are ids or external ids of option
    groups. An item that is not available is available again at `unavailable_until`. `portions` are
    left to sell from now on, and not counted if null."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    id: Id | None = None
    name: Name
    description: Given[Notes] = field(default=UNSET, metadata=default_before(""))
    translations: Given[Translations] = field(default=UNSET, metadata=ADDED)
    price: Money
    available: Given[Flag] = field(default=UNSET, metadata=default_before(True))
    allergens: Given[Allergens] = field(default=UNSET, metadata=ADDED)
    diets: Given[Diets] = field(default=UNSET, metadata=ADDED)
    option_group_ids: Given[GroupRefs] = field(default=UNSET, metadata=ADDED)
    hours: Given[Hours] = field(default=UNSET, metadata=ADDED)
    photo_id: Given[PhotoId] = field(default=UNSET, metadata=ADDED)
    external_id: Given[Label] = field(default=UNSET, metadata=ADDED)
    unavailable_until: Given[Instant] = field(default=UNSET, metadata=ADDED)
    portions: Given[PortionCount] = field(default=UNSET, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuCategoryInput:
    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    name: Name
    translations: Given[Translations] = field(default=UNSET, metadata=ADDED)
    hours: Given[Hours] = field(default=UNSET, metadata=ADDED)
    items: Annotated[
        tuple[MenuItemInput, ...], Field(max_length=MAX_CATEGORY_ITEMS, fail_fast=True)
    ]


Categories = Annotated[
    tuple[MenuCategoryInput, ...], Field(max_length=MAX_CATEGORIES, fail_fast=True)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """The texts of one language; a name of null removes the language."""

    name: Given[Name] = UNSET
    description: Given[Notes] = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item in a file, which begins at `line`. Fields that it does not have keep their value. A
    change of `texts` is of one language, `translations` replace those of all."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    line: int
    category: Kept[Name] = UNSET
    id: Id | None = None
    external_id: Given[Label] = UNSET
    name: Kept[Name] = UNSET
    description: Given[Notes] = UNSET
    translations: Given[Translations] = UNSET
    texts: Mapping[LanguageTag, TextChange] = field(default_factory=dict)
    price: Kept[Money] = UNSET
    available: Given[Flag] = UNSET
    allergens: Given[Allergens] = UNSET
    diets: Given[Diets] = UNSET
    option_group_ids: Given[GroupRefs] = UNSET
    hours: Given[Hours] = UNSET
    photo_id: Given[PhotoId] = UNSET
    portions: Given[PortionCount] = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """A category in a file, without its items."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    line: int
    name: Name
    translations: Given[Translations] = UNSET
    hours: Given[Hours] = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """An option group in a file."""

    line: int
    group: OptionGroupInput


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOption:
    """An option chosen for a line of an order."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    option_id: Id
    quantity: Times = 1


LineOptions = Annotated[tuple[LineOption, ...], Field(max_length=50, fail_fast=True)]
