"""What callers were answered, kept so that a request which is sent again gets its first answer.

An entity keeps its latest answers. Answers without effect to callers who are not staff are dropped
first, because such callers can produce any number of them and repeating them is harmless.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

import orjson

from domain.entity import Origin
from domain.refusals import DEVICE_SUBJECT
from protocol.caller import ANONYMOUS, LONGEST_SUBJECT, Role, subject_before

MAX_BYTES = 256_000
"""Maximum size of an entity's kept answers, with their keys. Refusals may contain long lists."""
_NONE: dict[bytes, None] = {}
"""Of most entities; one for all of them, which stays empty."""
_NOT_STAFF = (f"{Role.GUEST}:".encode(), DEVICE_SUBJECT.encode(), ANONYMOUS.subject.encode())
"""Prefixes of the subjects of callers who are not staff."""


def result_key(origin: Origin) -> bytes:
    """A request of somebody; no subject and id together read like two others."""
    return f"{len(origin.subject)} {origin.subject} {origin.request_id}".encode()


def stored_result(key: bytes, answer: bytes) -> bytes:
    """A kept answer as the store has it: its key, and a line of JSON."""
    return key + b"\n" + answer


class Answers(dict[bytes, bytes]):
    """Those of one entity, encoded, by `result_key`, oldest first."""

    __slots__ = ("_bytes", "_idle")

    def __init__(self, stored: Iterable[bytes] = ()) -> None:
        super().__init__()
        self._bytes = 0
        self._idle = _NONE
        for line in stored:
            key, _, answer = line.rpartition(b"\n")
            self.put(key, answer)

    def find(self, origin: Origin) -> bytes | None:
        """The answer to a request, or None. Also finds answers that the previous release stored
        for callers with long subjects, so that retries across an upgrade take effect once."""
        raw = self.get(result_key(origin))
        if raw is None and len(origin.subject) > LONGEST_SUBJECT:
            raw = self.get(result_key(replace(origin, subject=subject_before(origin.subject))))
            if raw is not None and orjson.loads(raw)[0] != origin.digest:
                return None  # of another caller whose subject begins alike
        return raw

    def put(self, key: bytes, answer: bytes) -> None:
        """Keep an answer, in place of an earlier one to the same request."""
        self.forget(key)
        self[key] = answer
        self._bytes += len(key) + len(answer)
        if _did_nothing(key, answer):
            self._idle = self._idle or {}
            self._idle[key] = None

    def forget(self, key: bytes) -> None:
        answer = self.pop(key, None)
        if answer is not None:
            self._bytes -= len(key) + len(answer)
        if key in self._idle:
            del self._idle[key]

    def outgrown(self, new: Mapping[bytes, bytes], length: int) -> list[bytes]:
        """The keys to drop from the kept and the `new` answers, so that at most `length` answers
        and `MAX_BYTES` remain."""
        excess, size = len(self) - length, self._bytes - MAX_BYTES
        for key, answer in new.items():
            before = self.get(key)
            excess += before is None
            size += len(answer) - len(before) if before is not None else len(key) + len(answer)
        if excess <= 0 and size <= 0:
            return []
        idle = (key for key in self._idle if key not in new)
        new_idle = (key for key, answer in new.items() if _did_nothing(key, answer))
        others = (key for key in self if key not in new and key not in self._idle)
        going: list[bytes] = []
        for key in chain(idle, new_idle, others):
            if excess <= 0 and size <= 0:
                break
            going.append(key)
            excess -= 1
            size -= len(key) + len(new.get(key) or self[key])
        return going


def _did_nothing(key: bytes, answer: bytes) -> bool:
    """Whether a caller who is not staff was refused or changed nothing."""
    _, _, subject = key.partition(b" ")
    return subject.startswith(_NOT_STAFF) and orjson.loads(answer)[1] is not True
