"""What callers were answered, kept so that a request which is sent again gets its first answer.

The last ones of an entity, and none at another's expense: answers to guests that did nothing, of
which they can have any number, go before all others. To do such a request anew does it once.
"""

from collections.abc import Iterable, Mapping
from itertools import chain, islice

import orjson

from domain.entity import Origin
from protocol.caller import Role

_NONE: dict[bytes, None] = {}
"""Of most entities; one for all of them, which stays empty."""
_GUEST = f"{Role.GUEST}:".encode()


def result_key(origin: Origin) -> bytes:
    """A request of somebody; no subject and id together read like two others."""
    return f"{len(origin.subject)} {origin.subject} {origin.request_id}".encode()


def stored_result(key: bytes, answer: bytes) -> bytes:
    """A kept answer as the store has it: its key, and a line of JSON."""
    return key + b"\n" + answer


class Answers(dict[bytes, bytes]):
    """Those of one entity, encoded, by `result_key`, oldest first."""

    __slots__ = ("_idle",)

    def __init__(self, stored: Iterable[bytes] = ()) -> None:
        super().__init__()
        self._idle = _NONE
        for line in stored:
            key, _, answer = line.rpartition(b"\n")
            self.put(key, answer)

    def put(self, key: bytes, answer: bytes) -> None:
        """Keep an answer, in place of an earlier one to the same request."""
        self.forget(key)
        self[key] = answer
        if _did_nothing(key, answer):
            self._idle = self._idle or {}
            self._idle[key] = None

    def forget(self, key: bytes) -> None:
        self.pop(key, None)
        if key in self._idle:
            del self._idle[key]

    def outgrown(self, new: Mapping[bytes, bytes], length: int) -> list[bytes]:
        """Whose answers go, of these and the `new` ones, so that `length` are left."""
        excess = len(self) + sum(key not in self for key in new) - length
        if excess <= 0:
            return []
        idle = (key for key in self._idle if key not in new)
        new_idle = (key for key, answer in new.items() if _did_nothing(key, answer))
        others = (key for key in self if key not in new and key not in self._idle)
        return list(islice(chain(idle, new_idle, others), excess))


def _did_nothing(key: bytes, answer: bytes) -> bool:
    """Whether a guest was refused, or told that nothing has changed."""
    _, _, subject = key.partition(b" ")
    return subject.startswith(_GUEST) and orjson.loads(answer)[1] is not True
