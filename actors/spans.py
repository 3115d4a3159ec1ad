"""Spans, sent by OpenTelemetry's SDK over OTLP; its own environment variables say where to
(`OTEL_EXPORTER_OTLP_ENDPOINT`), and whatever else can be set."""

import time
from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)


class Spans:
    """Those of one process. Which traces get some is decided where they begin."""

    def __init__(self, instance: str) -> None:
        who = {"service.name": "restaurant-qr", "service.instance.id": instance}
        provider = TracerProvider(resource=Resource.create(who), sampler=ALWAYS_ON)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("restaurant_qr")

    def begin(self, name: str, entity: str) -> tuple[str, Span]:
        """The first span of a new trace, and what travels of it."""
        span = self._tracer.start_span(name, attributes={"entity": entity})
        context = span.get_span_context()
        return f"{context.trace_id:032x}-{context.span_id:016x}", span

    def took(self, trace: str, name: str, seconds: float, attributes: Mapping[str, str]) -> None:
        """A span under the one that `trace` names, which ends now and began so long ago."""
        id_, _, span_id = trace.partition("-")
        sampled = TraceFlags(TraceFlags.SAMPLED)
        parent = SpanContext(int(id_, 16), int(span_id, 16), is_remote=True, trace_flags=sampled)
        end = time.time_ns()
        span = self._tracer.start_span(
            name,
            set_span_in_context(NonRecordingSpan(parent)),
            start_time=end - int(seconds * 1e9),
            attributes=attributes,
        )
        span.end(end)
