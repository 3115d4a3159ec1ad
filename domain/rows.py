"""The lists of a state: sorted entries by key, with cached JSON rows.

A change copies the list with the cached rows of all other entries, so the next snapshot encodes
only the changed entry.
"""

from bisect import insort
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar, cast, get_args

import orjson
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from protocol.codec import encode_compact, encoded_list

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")


class Rows(dict[K, V]):
    """Entries by key, sorted by `rank`. Immutable.

    `_rows` has the encoded rows. It is empty until they are first needed. From then on it has the
    same keys in the same order; the rows of `_stale` keys must be encoded again.
    """

    __slots__ = ("_rows", "_stale")

    def __init__(self, entries: Mapping[K, V] = MappingProxyType({})) -> None:
        super().__init__(sorted(entries.items(), key=self._rank))
        self._rows: dict[K, bytes] = {}
        self._stale: frozenset[K] = frozenset()

    @staticmethod
    def rank(key: K, entry: V) -> Any:
        """The sort key of an entry, which must not change."""
        return key

    def with_entry(self, key: K, entry: V) -> Self:
        """The list with an entry added or replaced."""
        after = self._copy()
        after[key] = entry
        if self._rows:
            after._rows[key] = b""
            after._stale |= {key}
        if key not in self and self and self._rank((key, entry)) < self._rank(_last(self)):
            after._sort_last()
        return after

    def without_entry(self, key: K) -> Self:
        """The list without an entry, if it contains it."""
        after = self._copy()
        after.pop(key, None)
        after._rows.pop(key, None)
        after._stale -= {key}
        return after

    def encoded_rows(self, row: Callable[[V], R]) -> list[R]:
        """All rows in order, as a value that `protocol.codec.encode` inserts as JSON. `row` must
        be the same function in every call, and depend only on the entry."""
        return cast(list[R], EncodedRows(self, row))

    def encode_rows(self, row: Callable[[V], R]) -> orjson.Fragment:
        """The JSON of all rows in order."""
        stale: Collection[K] = self._stale
        if not self._rows:
            self._rows = dict.fromkeys(self, b"")
            stale = self
        for key in stale:
            self._rows[key] = encode_compact(row(self[key]))
        self._stale = frozenset()
        return encoded_list(self._rows.values())

    def _rank(self, item: tuple[K, V]) -> Any:
        return self.rank(*item)

    def _copy(self) -> Self:
        copy = type(self).__new__(type(self))
        copy.update(self)
        copy._rows = self._rows.copy()
        copy._stale = self._stale
        return copy

    def _sort_last(self) -> None:
        """Move the last entry to its sorted position."""
        *items, added = self.items()
        insort(items, added, key=self._rank)
        self.clear()
        self.update(items)
        if self._rows:
            self._rows = dict(zip(self, map(self._rows.__getitem__, self), strict=True))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Have pydantic create the list from the stored mapping."""
        key, entry = get_args(source) or get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]  # set by typing
        entries = handler.generate_schema(dict[key, entry])  # type: ignore[valid-type]  # known only at run time
        return core_schema.no_info_after_validator_function(cls, entries)


class EncodedRows(Generic[V, R]):
    """The rows of a list: one by one or, for the encoders, as the JSON that the list keeps."""

    __slots__ = ("_entries", "_row")

    def __init__(self, entries: Rows[Any, V], row: Callable[[V], R]) -> None:
        self._entries, self._row = entries, row

    def __iter__(self) -> Iterator[R]:
        return map(self._row, self._entries.values())

    def encoded(self) -> orjson.Fragment:
        return self._entries.encode_rows(self._row)


def _last(rows: dict[K, V]) -> tuple[K, V]:
    return next(reversed(rows.items()))
