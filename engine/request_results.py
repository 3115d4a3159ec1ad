"""The idempotency cache: a repeated request gets the result of the first one.

An entity keeps its latest results. Results of requests by callers other than staff that changed
nothing are evicted first: such callers can send any number of them, and executing them again is
harmless.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import orjson

from domain.entity import Redirect, RequestRef
from domain.refusals import DEVICE_SUBJECT
from engine.messages import Done
from protocol.caller import ANONYMOUS, MAX_SUBJECT_CHARS, Role, previous_subject
from protocol.codec import encode_compact
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind

MAX_BYTES = 256_000
"""Maximum size of an entity's results, including their keys. Refusals may contain long lists."""
_NO_NOOPS: dict[bytes, None] = {}
"""Shared by all entities without no-op results, to save memory. Must not be changed."""
_NOT_STAFF = (f"{Role.GUEST}:".encode(), DEVICE_SUBJECT.encode(), ANONYMOUS.subject.encode())
"""Prefixes of the subjects of callers other than staff."""
REDIRECTED = "redirected"
"""Marks a stored result that is a redirect, in place of an error code."""


def result_key(request_ref: RequestRef) -> bytes:
    """The key of a request: unique for its subject and request id."""
    return f"{len(request_ref.subject)} {request_ref.subject} {request_ref.request_id}".encode()


def stored_result(key: bytes, result: bytes) -> bytes:
    """A result for the store: its key, a newline, and one line of JSON."""
    return key + b"\n" + result


class RequestResults(dict[bytes, bytes]):
    """The encoded results of one entity, by `result_key`, oldest first."""

    __slots__ = ("_bytes", "_noops")

    def __init__(self, stored: Iterable[bytes] = ()) -> None:
        super().__init__()
        self._bytes = 0
        self._noops = _NO_NOOPS
        for line in stored:
            key, _, result = line.rpartition(b"\n")
            self.put(key, result)

    def find(self, request_ref: RequestRef) -> bytes | None:
        """The result of a request, or None. Also finds results of callers with long subjects that
        the previous release stored, so that a retry across an upgrade is not executed again."""
        raw = self.get(result_key(request_ref))
        if raw is None and len(request_ref.subject) > MAX_SUBJECT_CHARS:
            raw = self.get(
                result_key(replace(request_ref, subject=previous_subject(request_ref.subject)))
            )
            if raw is not None and not request_ref.matches(orjson.loads(raw)[0]):
                return None  # another caller whose subject has the same prefix
        return raw

    def put(self, key: bytes, result: bytes) -> None:
        """Add a result as the latest, and drop an earlier one of the same request."""
        self.forget(key)
        self[key] = result
        self._bytes += len(key) + len(result)
        if _is_noop(key, result):
            self._noops = self._noops or {}
            self._noops[key] = None

    def forget(self, key: bytes) -> None:
        result = self.pop(key, None)
        if result is not None:
            self._bytes -= len(key) + len(result)
        if key in self._noops:
            del self._noops[key]

    def evictions(self, new: Mapping[bytes, bytes], length: int) -> list[bytes]:
        """The keys to evict, so that these and the `new` results together have at most `length`
        entries and MAX_BYTES."""
        excess, size = len(self) - length, self._bytes - MAX_BYTES
        for key, result in new.items():
            before = self.get(key)
            excess += before is None
            size += len(result) - len(before) if before is not None else len(key) + len(result)
        if excess <= 0 and size <= 0:
            return []
        noops = (key for key in self._noops if key not in new)
        new_noops = (key for key, result in new.items() if _is_noop(key, result))
        others = (key for key in self if key not in new and key not in self._noops)
        evicted: list[bytes] = []
        for key in chain(noops, new_noops, others):
            if excess <= 0 and size <= 0:
                break
            evicted.append(key)
            excess -= 1
            size -= len(key) + len(new.get(key) or self[key])
        return evicted


def _is_noop(key: bytes, result: bytes) -> bool:
    """Whether a request by a caller other than staff was refused or changed nothing."""
    _, _, subject = key.partition(b" ")
    return subject.startswith(_NOT_STAFF) and orjson.loads(result)[1] is not True


class StagedResults:
    """The results that one turn adds to an entity's results."""

    def __init__(self, stored: RequestResults) -> None:
        self._stored = stored
        self._evicted: list[bytes] = []
        self.new: dict[bytes, bytes] = {}

    def first(self, request_ref: RequestRef) -> Done | Rejected | Address | None:
        """The first result of a request, or None. An Address is the target of a redirect."""
        raw = self.new.get(result_key(request_ref)) or self._stored.find(request_ref)
        if raw is None:
            return None
        digest, *result = orjson.loads(raw)
        if not request_ref.matches(digest):
            return Rejected(
                Code.IDEMPOTENCY_CONFLICT,
                "This request_id (Idempotency-Key) was used for another request. Use a new one.",
            )
        if isinstance(result[0], bool):
            return Done(*result)
        if result[0] == REDIRECTED:
            _, kind, id_, restaurant = result
            return Address(Kind(kind), id_, restaurant)
        code, error, details = result
        return Rejected(Code(code), error, details)

    def put(self, request_ref: RequestRef, reply: Done | Rejected | Redirect) -> None:
        """Stage the result of a request."""
        result: tuple[Any, ...]
        match reply:
            case Done(changed, version, fields):
                result = changed, version, fields
            case Rejected(code, error, details):
                result = code, error, details
            case Redirect(to):
                result = REDIRECTED, to.kind, to.id, to.restaurant
        self.new[result_key(request_ref)] = encode_compact((request_ref.digest, *result))

    def rollback(self, length: int) -> None:
        """Discard all but the first `length` new results."""
        while len(self.new) > length:
            self.new.popitem()

    def evict(self, length: int) -> None:
        """Choose the results to evict, so that at most `length` remain."""
        self._evicted = self._stored.evictions(self.new, length)

    def added(self) -> list[bytes]:
        """The new results, encoded for the store."""
        return [stored_result(*each) for each in self.new.items()]

    def dropped(self) -> list[bytes]:
        """The results to remove from the store: those that are replaced or evicted."""
        replaced = {key: self._stored[key] for key in self.new if key in self._stored}
        evicted = {key: self.new.get(key) or self._stored[key] for key in self._evicted}
        return [stored_result(*each) for each in (*replaced.items(), *evicted.items())]

    def apply(self) -> None:
        """Apply the changes to the entity's results, after they are stored."""
        for key, raw in self.new.items():
            self._stored.put(key, raw)
        for key in self._evicted:
            self._stored.forget(key)
