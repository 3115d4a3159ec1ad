"""Counts and logs exceptions that are caused by a bug in a rule, a view or an encoding."""

import logging
from collections.abc import Iterable
from secrets import token_hex

from engine.messages import AnyMessage, Submit
from engine.metrics import HANDLER_ERRORS
from protocol.errors import Code, Rejected

log = logging.getLogger(__name__)


def record(failure: str, entity: object, messages: Iterable[AnyMessage]) -> Rejected:
    """Count and log the exception that is being handled. `failure` is the log message, `messages`
    are those that failed. Returns the reply for messages of which nothing was stored; the log line
    has the same `error_id`."""
    HANDLER_ERRORS.add()
    error_id = token_hex(6)
    types = sorted({name_of(message) for message in messages})
    extra = {"entity": str(entity), "message_type": ", ".join(types), "error_id": error_id}
    log.error(failure, exc_info=True, extra=extra)
    return Rejected(
        Code.INTERNAL_ERROR,
        "Cannot do this because of a bug in the service. Nothing was changed. "
        "Report the error_id to the operator.",
        {"error_id": error_id},
    )


def name_of(message: AnyMessage) -> str:
    """The name of a message's type; for a Submit, that of its command."""
    return type(message.command if isinstance(message, Submit) else message).__name__
