"""The timer that closes a session in which nothing is ordered."""

from datetime import timedelta

from domain.entity import Context, Timer
from domain.messages import EmptyDue
from domain.session.state import Session

EMPTY_TIMER = "empty"


def empty_timer(session: Session, context: Context) -> tuple[Timer, ...]:
    """The timer for a session whose guests have just done something; none if something was ordered
    or the session does not close by itself."""
    if session.orders or not session.empty_minutes:
        return ()
    due = context.now + timedelta(minutes=session.empty_minutes)
    return (Timer(EMPTY_TIMER, due, EmptyDue()),)
