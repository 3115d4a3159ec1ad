"""Where a command has been: one id in every log line about it and, for a share of them, spans.

A gateway begins a trace with each command. It goes along to the host that decides it, and with what
is published to the gateways that tell others. A trace travels as text: 32 hexadecimal digits of its
id, and where spans are made, a hyphen and the 16 of the span that what follows belongs to.
"""

import logging
import random
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from actors.spans import Spans

ID_DIGITS = 32

current: ContextVar[str] = ContextVar("trace", default="")
"""The trace of what is being done right now."""

_share = 0.0
_spans: "Spans | None" = None
_plain_record = logging.getLogRecordFactory()


def install(share: float, instance: str) -> None:
    """For this process: log lines have their `trace_id`, and `share` of the commands that begin
    here get spans. `instance` is what the process is called in them."""
    global _share, _spans
    logging.setLogRecordFactory(_record)
    _share = share
    if share:
        from actors.spans import Spans  # megabytes, which an actor can do without

        _spans = Spans(instance)


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _plain_record(*args, **kwargs)
    if trace := current.get():
        record.trace_id = trace[:ID_DIGITS]
    return record


def begin(name: str, entity: str) -> tuple[str, "Span | None"]:
    """A new trace, and its first span where it is one of those that get some."""
    if _spans is None or random.random() >= _share:  # noqa: S311  # no secret
        return f"{random.getrandbits(128):032x}", None
    return _spans.begin(name, entity)


def has_spans(trace: str) -> bool:
    return len(trace) > ID_DIGITS


def took(trace: str, name: str, seconds: float, **attributes: str) -> None:
    """A span of a trace that has some: what ends now and began so long ago."""
    if _spans is not None and has_spans(trace):
        _spans.took(trace, name, seconds, attributes)
