"""What one client sees of one channel, held against what was stored.

* An event was stored before it was shown, is the same for everybody, and comes once and in order.
* A snapshot is that of one stored version, with the `seq` that it had.
"""

from collections.abc import Callable
from typing import Any

from domain.behaviours import BEHAVIOURS
from protocol.frames import encode
from protocol.ids import Topic
from storage import keys
from storage.codec import restore
from tests.simulation.faults import Faults
from tests.simulation.truth import Fields, Truth


class Violation(AssertionError):
    """A guarantee was broken."""


def same(what: object, one: Any, other: Any) -> None:
    if one != other:
        raise Violation(f"{what}: {one!r} is not {other!r}")


class Snapshots:
    """Which snapshots are true; each is looked at once."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._good: set[bytes] = set()

    def check(self, topic: Topic, frame: Any, payload: bytes) -> None:
        if payload in self._good:
            return
        version, key = frame["data"]["version"], keys.entity(topic.address).encode()
        stored = self._truth.versions[key].get(version)
        known = [*self._truth.lost_versions[key, version], *([stored] if stored else [])]
        if not known:
            raise Violation(f"{topic}: shown in version {version}, which was never stored")
        shown = [_frame(topic, frame, fields) for fields in known]
        if payload not in shown:
            raise Violation(f"{topic}: a snapshot {payload!r} where {shown!r} is stored")
        self._good.add(payload)


def _frame(topic: Topic, frame: Any, fields: Fields) -> bytes:
    """The snapshot of what is stored."""
    address, channel = topic
    behaviour = BEHAVIOURS[address.kind]
    state = restore(
        behaviour.state,
        {name[2:].decode(): raw for name, raw in fields.items() if name.startswith(b"s:")},
    )
    type_, data = behaviour.snapshot(state, channel)
    told = {**data, "version": frame["data"]["version"]}
    if "resumed" in frame["data"]:
        told["resumed"] = False
    seq = int(fields.get(f"seq:{channel.value}".encode(), 0))
    return encode({"type": type_, "data": told, "seq": seq, "epoch": frame["epoch"]})


class View:
    """A client's view of a topic over all its connections. `epoch_now` is what is stored."""

    def __init__(
        self,
        topic: Topic,
        truth: Truth,
        snapshots: Snapshots,
        faults: Faults,
        may_go_back: Callable[[], bool],
        epoch_now: Callable[[], str | None],
    ) -> None:
        self.topic = topic
        self.epoch: str | None = None
        self.last: int | None = None
        self._may_go_back = may_go_back
        self._epoch_now = epoch_now
        self.stored = truth.frames[_journal(topic)]
        self._lost = truth.lost_frames[_journal(topic)]
        self._truth = truth
        self._snapshots = snapshots
        self._faults = faults
        self._resuming = False
        self._first = True

    def connecting(self) -> dict[str, Any]:
        """The query of the next connection."""
        self._first = True
        self._resuming = self.last is not None
        return {"since": self.last, "epoch": self.epoch} if self._resuming else {}

    def take(self, frame: Any, payload: bytes) -> None:
        """A snapshot or an event, as it came."""
        if "epoch" in frame:
            self._snapshots.check(self.topic, frame, payload)
            if "resumed" in frame["data"] or (self._first and not self._resuming):
                self._begin(frame["epoch"], frame["seq"])
        else:
            self._event(frame["seq"], payload)
        self._first = False

    def _begin(self, epoch: str, seq: int) -> None:
        if self._resuming or not self._first:
            self._faults.note("snapshot_instead_of_events")
        anew = self.epoch is not None and epoch != self.epoch
        if anew and not self._truth.has_lost:
            raise Violation(f"{self.topic}: another epoch, though nothing was lost")
        if anew:
            self._faults.note("another_epoch")
        elif self.last is not None and seq < self.last:
            self._faults.note("view_went_back")
            if not self._may_go_back():
                raise Violation(f"{self.topic}: back from {self.last} to {seq}")
        self.epoch, self.last = epoch, seq

    def _event(self, seq: int, payload: bytes) -> None:
        if self.last is None or seq != self.last + 1:
            raise Violation(f"{self.topic}: {seq} after {self.last}")
        told = payload in self._lost  # before it was lost, and then under way
        if not told and (seq > len(self.stored) or self.stored[seq - 1] != payload):
            raise Violation(f"{self.topic}: {payload!r} was shown and is not stored")
        if self._first:
            self._faults.note("events_on_resuming")
        self.last = seq

    @property
    def behind(self) -> int:
        """How many events it has yet to see, all of them in another epoch."""
        seen = self.last or 0 if self.epoch == self._epoch_now() else 0
        return len(self.stored) - seen or int(self.epoch != self._epoch_now())


def _journal(topic: Topic) -> bytes:
    return f"{keys.entity(topic.address)}:j:{topic.channel.value}".encode()
