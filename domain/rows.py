"""The lists of a state: entries by key, in order, each with its JSON row once that was needed.

A change copies the list and keeps the rows of all other entries, so that showing a list again
encodes what changed and nothing else.
"""

from bisect import insort
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Self, TypeVar, cast, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from protocol.codec import encode_compact, encoded_list

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")


class Rows(dict[K, V]):
    """Entries by key, sorted by `rank`; never changed in place.

    `_rows` is empty until the list is first shown. From then on it has the same keys in the same
    order, and the rows of `_stale` keys are not encoded yet.
    """

    __slots__ = ("_rows", "_stale")

    def __init__(self, entries: Mapping[K, V] = MappingProxyType({})) -> None:
        super().__init__(sorted(entries.items(), key=self._rank))
        self._rows: dict[K, bytes] = {}
        self._stale: frozenset[K] = frozenset()

    @staticmethod
    def rank(key: K, entry: V) -> Any:
        """The sort key of an entry, which does not change while the entry is listed."""
        return key

    def with_entry(self, key: K, entry: V) -> Self:
        """The list with an entry added or replaced."""
        after = self._copy()
        after[key] = entry
        if self._rows:
            after._rows[key] = b""
            after._stale |= {key}
        if key not in self and self and self._rank((key, entry)) < self._rank(_last(self)):
            after._move_to_its_rank(key)
        return after

    def without_entry(self, key: K) -> Self:
        """The list without an entry, if it was there."""
        after = self._copy()
        after.pop(key, None)
        after._rows.pop(key, None)
        after._stale -= {key}
        return after

    def encoded_rows(self, row: Callable[[V], R]) -> list[R]:
        """All rows in order, as JSON that only the encoders take. `row` must be the same at each
        call, and depend on the entry alone."""
        stale: Collection[K] = self._stale
        if not self._rows:
            self._rows = dict.fromkeys(self, b"")
            stale = self
        for key in stale:
            self._rows[key] = encode_compact(row(self[key]))
        self._stale = frozenset()
        return cast(list[R], encoded_list(self._rows.values()))

    def _rank(self, item: tuple[K, V]) -> Any:
        return self.rank(*item)

    def _copy(self) -> Self:
        copy = type(self).__new__(type(self))
        copy.update(self)
        copy._rows = self._rows.copy()
        copy._stale = self._stale
        return copy

    def _move_to_its_rank(self, key: K) -> None:
        """Sort an entry in that was appended."""
        *items, added = self.items()
        insort(items, added, key=self._rank)
        self.clear()
        self.update(items)
        if self._rows:
            self._rows = dict(zip(self, map(self._rows.__getitem__, self), strict=True))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Restored from the mapping that is stored."""
        key, entry = get_args(source) or get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]  # typing's own
        entries = handler.generate_schema(dict[key, entry])  # type: ignore[valid-type]  # made at run time
        return core_schema.no_info_after_validator_function(cls, entries)


def _last(rows: dict[K, V]) -> tuple[K, V]:
    return next(reversed(rows.items()))
