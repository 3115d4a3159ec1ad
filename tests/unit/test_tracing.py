"""Trace ids in the log lines of a command."""

import logging

import pytest

from engine import tracing

log = logging.getLogger("tests")


def test_a_log_line_of_a_command_has_its_trace_id(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    tracing.install(0.0, "test")
    try:
        trace, span = tracing.start_trace("Occupy", "table:5")
        assert span is None
        assert not tracing.has_spans(trace)
        token = tracing.current.set(trace)
        log.warning("about it")
        tracing.current.reset(token)
        log.warning("about nothing")
    finally:
        logging.setLogRecordFactory(before)
    about, nothing = caplog.records
    assert about.__dict__["trace_id"] == trace
    assert "trace_id" not in nothing.__dict__


def test_each_trace_has_its_own_id() -> None:
    assert (
        tracing.start_trace("Occupy", "table:5")[0] != tracing.start_trace("Occupy", "table:5")[0]
    )
