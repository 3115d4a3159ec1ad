"""Exports spans over OTLP with OpenTelemetry's SDK. Environment variables such as
`OTEL_EXPORTER_OTLP_ENDPOINT` configure the SDK."""

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
    """Records the spans of one process, which is called `instance` in them. Every span is exported:
    the process that starts a trace has decided that it is sampled."""

    def __init__(self, instance: str) -> None:
        attributes = {"service.name": "restaurant-qr", "service.instance.id": instance}
        provider = TracerProvider(resource=Resource.create(attributes), sampler=ALWAYS_ON)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("restaurant_qr")

    def start_trace(self, name: str, entity: str) -> tuple[str, Span]:
        """Start a trace. Returns its text form and its first span."""
        span = self._tracer.start_span(name, attributes={"entity": entity})
        context = span.get_span_context()
        return f"{context.trace_id:032x}-{context.span_id:016x}", span

    def record_span(
        self, trace: str, name: str, seconds: float, attributes: Mapping[str, str]
    ) -> None:
        """Record a span that ends now and took `seconds`, as a child of the span in `trace`."""
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
