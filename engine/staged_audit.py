"""The audit entries that one turn adds to an entity, and the entity's counts of refusals."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.audit import audit_event, is_audited
from domain.device.rules import SignIn
from domain.refusals import Refusals, class_of
from engine.entity import EMPTY, LoadedEntity
from protocol.caller import Caller
from protocol.codec import encode
from protocol.commands import Command
from protocol.errors import Code

log = logging.getLogger(__name__)


class StagedAudit:
    """Encoded entries, oldest first, and the counts of refusals in the current hour."""

    def __init__(self, entity: LoadedEntity) -> None:
        self._entity = entity
        self.entries: list[bytes] = []
        self.refusals = entity.refusals

    def savepoint(self) -> tuple[Refusals, int]:
        return self.refusals, len(self.entries)

    def rollback(self, to: tuple[Refusals, int]) -> None:
        self.refusals, length = to
        del self.entries[length:]

    def add(
        self,
        command: Command | SignIn,
        caller: Caller,
        now: datetime,
        refused: Code | None = None,
        result: Mapping[str, Any] = EMPTY,
    ) -> None:
        """Stage an audit entry for a command, if its kind is audited and the caller's budget of
        refusals allows it."""
        if not is_audited(command, refused):
            return
        if refused is None or self._has_budget(caller, now):
            self.entries.append(encode(audit_event(command, caller, now, refused, result)))

    def _has_budget(self, caller: Caller, now: datetime) -> bool:
        """Count a refusal. Returns whether it gets its own audit entry."""
        before, callers = self.refusals, class_of(caller)
        self.refusals = before.add(caller, now)
        if before.hour != self.refusals.hour:
            self.entries += [encode(each.audit_event(now)) for each in before.unreported()]
        if self.refusals.is_within_budget(callers):
            return True
        left_out = self.refusals.newly_left_out(callers)
        if left_out is not None:
            self.entries.append(encode(left_out.audit_event(now)))
            log.warning(
                "refusals not audited: hourly budget exceeded",
                extra={
                    "entity": str(self._entity.address),
                    "callers": callers,
                    "count": left_out.count,
                },
            )
        return False
