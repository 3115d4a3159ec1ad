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
from protocol.values import Flag, Id, Label, Money, Name, Notes, SignedMoney

T = TypeVar("T")
if TYPE_CHECKING:
    Given: TypeAlias = T | UnsetType | None
    """A field that may be absent; its value is then UNSET, which clients cannot send."""
else:
    Given = T | None

_CONFIG = ConfigDict(extra="forbid")


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
    """From a time on these days to another, on the next day if that is not later."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    name: Name
    description: Notes = ""


Translations = Annotated[Mapping[LanguageTag, Translation], Field(max_length=20)]


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
    in another system, by which items of the same request can refer to a new group."""

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
OptionGroups = Annotated[tuple[OptionGroupInput, ...], Field(max_length=300, fail_fast=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItemInput:
    """An item of a menu, new if it has no `id`. `option_group_ids` are ids or external ids of
    option groups."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuCategoryInput:
    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    name: Name
    translations: Given[Translations] = field(default=UNSET, metadata=ADDED)
    hours: Given[Hours] = field(default=UNSET, metadata=ADDED)
    items: Annotated[tuple[MenuItemInput, ...], Field(max_length=300, fail_fast=True)]


Categories = Annotated[tuple[MenuCategoryInput, ...], Field(max_length=60, fail_fast=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOption:
    """An option chosen for a line of an order."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    option_id: Id
    quantity: Times = 1


LineOptions = Annotated[tuple[LineOption, ...], Field(max_length=50, fail_fast=True)]
