"""Traces of commands: an id in each log line about a command and, for sampled commands, spans.

A gateway starts a trace for each command. The trace is sent with the command to the host that
decides it, and with the events to the gateways that deliver them. The text of a trace is the 32
hexadecimal digits of its id; if it is sampled, a hyphen and the 16 digits of the parent span's id
follow.
"""

import logging
import random
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from engine.spans import Spans

ID_DIGITS = 32

current: ContextVar[str] = ContextVar("trace", default="")
"""The trace of the command that is being handled; "" if there is none."""

_sample_rate = 0.0
_spans: "Spans | None" = None
_default_factory = logging.getLogRecordFactory()


def install(sample_rate: float, instance: str) -> None:
    """Set up tracing in this process: log lines get a `trace_id`, and a share `sample_rate` (0 to
    1) of the traces that start here is sampled. `instance` is the process's name in spans."""
    global _sample_rate, _spans
    logging.setLogRecordFactory(_record)
    _sample_rate = sample_rate
    if sample_rate:
        from engine.spans import Spans  # OpenTelemetry takes megabytes

        _spans = Spans(instance)


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _default_factory(*args, **kwargs)
    if trace := current.get():
        record.trace_id = trace[:ID_DIGITS]
    return record


def start_trace(name: str, entity: str) -> tuple[str, "Span | None"]:
    """Start a trace. Returns its text form and, if it is sampled, its first span."""
    if _spans is None or random.random() >= _sample_rate:  # noqa: S311  # not a secret
        return f"{random.getrandbits(128):032x}", None
    return _spans.start_trace(name, entity)


def has_spans(trace: str) -> bool:
    """Whether a trace is sampled."""
    return len(trace) > ID_DIGITS


def record_span(trace: str, name: str, seconds: float, **attributes: str) -> None:
    """Record a span that took `seconds` and ends now, if the trace is sampled."""
    if _spans is not None and has_spans(trace):
        _spans.record_span(trace, name, seconds, attributes)
