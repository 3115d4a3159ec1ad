"""A guest's call for a waiter or the bill: `open → acknowledged → resolved`.

A call belongs to its session; its id is `<session id>-<number>`. While it is not acknowledged, it
escalates to all waiters of the zone and then to the managers. Guests see the role or the waiter's
id that acknowledged it, never a name.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.notifications import Notification
from protocol.caller import without_name
from protocol.codec import timestamp
from protocol.statuses import CallReason, CallStatus
from restaurant_qr_wire import messages

ZONE, MANAGERS = 1, 2
"""The steps of the escalation."""

_TEXTS = {
    CallReason.WAITER: "Table {} asks for a waiter",
    CallReason.BILL: "Table {} asks for the bill",
    CallReason.OTHER: "Table {} asks for help",
}


@dataclass(frozen=True, slots=True)
class Call:
    call_id: str
    reason: CallReason
    opened_at: datetime
    status: CallStatus = CallStatus.OPEN
    escalated: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None

    @property
    def number(self) -> int:
        """The number of the call in its session, from 1."""
        return int(self.call_id.rpartition("-")[2])

    @property
    def timer(self) -> str:
        return f"call:{self.call_id}"

    @property
    def notification_id(self) -> str:
        return f"call-{self.call_id}"

    def row(self) -> messages.Call:
        """The fields of the call in its session's data."""
        return {
            "call_id": self.call_id,
            "reason": self.reason.value,
            "status": self.status.value,
            "escalated": self.escalated,
            "opened_at": timestamp(self.opened_at),
            "acknowledged_at": timestamp(self.acknowledged_at),
            "acknowledged_by": without_name(self.acknowledged_by),
            "resolved_at": timestamp(self.resolved_at),
        }

    def notification(
        self, session_id: int, table_id: int, table_number: str, waiter_id: int | None
    ) -> Notification:
        """The notification for the call, which always has the same id."""
        return Notification(
            notification_id=self.notification_id,
            type="task_notification",
            kind="call",
            data={
                "call_id": self.call_id,
                "reason": self.reason.value,
                "session_id": session_id,
                "table_id": table_id,
                "table_number": table_number,
                "message": _TEXTS[self.reason].format(table_number),
            },
            created_at=self.opened_at,
            waiter_ids=() if waiter_id is None else (waiter_id,),
            call_id=self.call_id,
        )
