"""One client's view of one channel, compared with the committed data.

* An event is committed before it is sent, is the same for all clients, and arrives once, in order.
* A snapshot is that of one committed version, with that version's `seq`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from domain.behaviours import BEHAVIOURS
from load_tests.channels import CHANNELS
from load_tests.invariants import unequal
from load_tests.stream_checker import ProtocolViolation, Rule, StreamChecker
from protocol.caller import Role
from protocol.codec import encode
from protocol.ids import Topic
from storage import keys
from storage.codec import restore
from tests.simulation.commit_log import CommitLog, Fields
from tests.simulation.faults import Faults


class Violation(AssertionError):
    """A guarantee was broken."""


def check(violations: Iterable[str]) -> None:
    """Raises Violation for the first one."""
    for violation in violations:
        raise Violation(violation)


def check_equal(what: object, one: object, other: object) -> None:
    check(unequal(str(what), one, other))


class SnapshotChecker:
    """Checks snapshots against committed versions; each distinct one once."""

    def __init__(self, commit_log: CommitLog) -> None:
        self._commit_log = commit_log
        self._valid: set[tuple[bool, bytes]] = set()

    def check(self, topic: Topic, frame: Any, payload: bytes, role: Role) -> None:
        key = role is Role.GUEST, payload
        if key in self._valid:
            return
        version, entity = frame["data"]["version"], keys.entity(topic.address).encode()
        stored = self._commit_log.versions[entity].get(version)
        lost = self._commit_log.lost_versions[entity, version]
        candidates = [*lost, *([stored] if stored else [])]
        if not candidates:
            raise Violation(f"{topic}: shown in version {version}, which was never committed")
        expected = [visible(_frame(topic, frame, fields), role) for fields in candidates]
        if payload not in expected:
            raise Violation(f"{topic}: a snapshot {payload!r} where {expected!r} is stored")
        self._valid.add(key)


def visible(payload: bytes, role: Role) -> bytes:
    """A frame as a role gets it: guests learn neither why something was voided or cancelled nor by
    whom. They subscribe only to sessions, which have none of it but the reasons of their own calls,
    and to orders."""
    if role is not Role.GUEST:
        return payload
    frame = orjson.loads(payload)
    if "session_code" in frame["data"]:
        return payload

    def hide(value: Any) -> Any:
        if isinstance(value, list):
            return [hide(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {k: None if k in ("reason", "by") else hide(each) for k, each in value.items()}

    return orjson.dumps(hide(frame))


def _frame(topic: Topic, frame: Any, fields: Fields) -> bytes:
    """The snapshot frame of a committed version."""
    address, channel = topic
    behaviour = BEHAVIOURS[address.kind]
    state = restore(
        behaviour.state,
        {name[2:].decode(): raw for name, raw in fields.items() if name.startswith(b"s:")},
    )
    type_, data = behaviour.snapshot(state, channel)
    shown = {**data, "version": frame["data"]["version"]}
    if "resumed" in frame["data"]:
        shown["resumed"] = False
    seq = int(fields.get(f"seq:{channel.value}".encode(), 0))
    return encode({"type": type_, "data": shown, "seq": seq, "epoch": frame["epoch"]})


class ClientView:
    """A client's view of a topic across its connections. `epoch_now` is the committed epoch."""

    def __init__(
        self,
        topic: Topic,
        role: Role,
        commit_log: CommitLog,
        snapshots: SnapshotChecker,
        faults: Faults,
        may_regress: Callable[[], bool],
        epoch_now: Callable[[], str | None],
    ) -> None:
        self.topic = topic
        self._role = role
        self.checker = StreamChecker(CHANNELS[topic.channel])
        self._may_regress = may_regress
        self._epoch_now = epoch_now
        self.stored = commit_log.frames[_journal(topic)]
        self._lost = commit_log.lost_frames[_journal(topic)]
        self._commit_log = commit_log
        self._snapshots = snapshots
        self._faults = faults
        self._is_first = True

    def resume_query(self) -> dict[str, Any]:
        """The query of the next connection."""
        self._is_first = True
        last, epoch = self.checker.last, self.checker.epoch
        return {} if last is None else {"since": last, "epoch": epoch}

    def on_frame(self, frame: Any, payload: bytes) -> None:
        """Check a snapshot or an event."""
        if "epoch" in frame:
            self._on_snapshot(frame, payload)
        else:
            self._on_event(frame, payload)
        self._is_first = False

    def _on_snapshot(self, frame: Any, payload: bytes) -> None:
        self._snapshots.check(self.topic, frame, payload, self._role)
        epoch, replaced = self.checker.epoch, self.checker.replaced
        self._check_position(frame)
        if self.checker.replaced > replaced:
            self._faults.note("snapshot_instead_of_events")
        if epoch is not None and self.checker.epoch != epoch:
            self._faults.note("epoch_changed")
            if not self._commit_log.has_data_loss:
                raise Violation(f"{self.topic}: another epoch without data loss")

    def _on_event(self, frame: Any, payload: bytes) -> None:
        seq = frame["seq"]
        self._check_position(frame)
        stored = [visible(each, self._role) for each in self.stored[seq - 1 : seq]]
        if [payload] != stored and not self._was_lost(payload):
            raise Violation(f"{self.topic}: {payload!r} was shown and is not committed")
        if self._is_first:
            self._faults.note("events_on_resuming")

    def _check_position(self, frame: Any) -> None:
        try:
            self.checker.check(frame)
        except ProtocolViolation as violation:
            if violation.rule is not Rule.STEP_BACK or not self._may_regress():
                raise Violation(f"{self.topic}: {violation}") from violation
            self._faults.note("view_regressed")

    def _was_lost(self, payload: bytes) -> bool:
        """Whether an event was sent before the store lost it."""
        return any(visible(each, self._role) == payload for each in self._lost)

    @property
    def missing_events(self) -> int:
        """Events it has not received yet: all of them if the epoch differs."""
        is_current = self.checker.epoch == self._epoch_now()
        seen = self.checker.last or 0 if is_current else 0
        return len(self.stored) - seen or int(not is_current)


def _journal(topic: Topic) -> bytes:
    return f"{keys.entity(topic.address)}:j:{topic.channel.value}".encode()
