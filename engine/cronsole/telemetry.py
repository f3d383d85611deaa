"""Traces for OpenTelemetry: a span for each run and each request, where the usual OTEL_… variables ask for them."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from cronsole import __version__
from cronsole.errors import MissingExtra
from cronsole.model.event import (
    Event,
    RunAdopted,
    RunFinished,
    RunQueued,
    RunRetryScheduled,
    RunStarted,
)
from cronsole.model.instant import Instant, to_iso

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP: Final = "http/protobuf"
_TIMEOUT_SECONDS: Final = 3.0
_MOST_OPEN: Final = 10_000
_NANOS: Final = 1_000_000


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Return whether the environment asks for traces."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get(_EXPORTER) == "none":
        return False
    return any(environ.get(name) for name in (*_ENDPOINTS, _EXPORTER))


def start(environ: Mapping[str, str], warn: Callable[[str], None]) -> "Traces | None":
    """Return what makes spans and sends them away, if that is asked for and can be done; else say why not.

    `warn` is called from the thread that sends, too.
    """
    if not is_wanted(environ):
        return None
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), _HTTP)
    if environ.get(_EXPORTER, "otlp") != "otlp" or protocol != _HTTP:
        warn(f"no traces are sent: {_EXPORTER} has to be otlp, and its protocol {_HTTP}")
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        warn(f"no traces are sent: {MissingExtra('tracing', 'otel')}")
        return None
    _listen_to_exporter(warn)
    name = environ.get("OTEL_SERVICE_NAME") or "cronsole"
    provider = TracerProvider(
        resource=Resource.create({"service.name": name, "service.version": __version__})
    )
    # A collector that is away shall not hold up the end of the engine.
    timeout = None if environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else _TIMEOUT_SECONDS
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
    return Traces(provider)


class _Complaints(logging.Handler):
    """What the exporter complains of, told in the engine's own log."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        self._warn(f"traces: {record.getMessage().strip()}")


def _listen_to_exporter(warn: Callable[[str], None]) -> None:
    logger = logging.getLogger("opentelemetry")
    logger.handlers = [_Complaints(warn)]
    logger.propagate = False


class Traces:
    """Makes spans out of events and requests."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("cronsole", __version__)
        self._runs: dict[str, Span] = {}

    def note(self, event: Event) -> None:
        """Take in an event of the bus: a run's span lasts from when it was owed to its end, retries included."""
        match event:
            case RunQueued():
                self._open(
                    event.run_id, event.schedule_id, event.at, cause=event.cause.value, slot=event.slot
                )
            case RunStarted():
                self._note_start(event)
            case RunAdopted():
                self._open(event.run_id, event.schedule_id, event.at).add_event("adopted", {"pid": event.pid})
            case RunRetryScheduled():
                self._add(event.run_id, "retry scheduled", event.at, {"cronsole.detail": event.detail})
            case RunFinished():
                self._close(event)
            case _:
                pass

    async def close(self) -> None:
        """Send what is left; a collector that is away is not waited for."""
        for span in self._runs.values():
            span.end()
        self._runs.clear()
        await asyncio.to_thread(self._provider.shutdown)

    def traced(self, app: Any) -> Any:
        """Return an ASGI application that makes a span for each request."""
        return _Traced(app, self._tracer)

    def _note_start(self, event: RunStarted) -> None:
        span = self._runs.get(event.run_id)
        if span is None:
            owed = event.at if event.is_catchup else min(event.due_at, event.at)
            span = self._open(event.run_id, event.schedule_id, owed, cause=event.cause.value, slot=event.slot)
        span.add_event(
            "started", {"cronsole.attempt": event.attempt, "cronsole.fence": event.fence}, event.at * _NANOS
        )

    def _open(
        self, run_id: str, schedule_id: str, at: Instant, *, cause: str = "", slot: Instant | None = None
    ) -> "Span":
        known = self._runs.get(run_id)
        if known is not None:
            return known
        attributes = {"cronsole.schedule.id": schedule_id, "cronsole.run.id": run_id}
        if cause:
            attributes["cronsole.cause"] = cause
        if slot is not None:
            attributes["cronsole.slot"] = to_iso(slot)
        span = self._tracer.start_span(f"run {schedule_id}", attributes=attributes, start_time=at * _NANOS)
        self._runs[run_id] = span
        if len(self._runs) > _MOST_OPEN:
            # A run that was skipped in the queue has no end.
            self._runs.pop(next(iter(self._runs))).end()
        return span

    def _add(self, run_id: str, name: str, at: Instant, attributes: dict[str, str]) -> None:
        span = self._runs.get(run_id)
        if span is not None:
            span.add_event(name, attributes, at * _NANOS)

    def _close(self, event: RunFinished) -> None:
        from opentelemetry.trace import StatusCode

        span = self._runs.pop(event.run_id, None)
        if span is None:
            return
        span.set_attribute("cronsole.state", event.state.value)
        span.set_attribute("cronsole.attempts", event.attempt)
        if event.exit_code is not None:
            span.set_attribute("process.exit.code", event.exit_code)
        if event.state.is_failure:
            span.set_status(StatusCode.ERROR, event.detail)
        span.end(event.at * _NANOS)


class _Traced:
    """An ASGI application whose requests have spans, which go on with the trace that the client is in."""

    def __init__(self, app: Any, tracer: Any) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._app = app
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from opentelemetry.trace import SpanKind

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope["method"]
        span = self._tracer.start_span(
            method,
            context=self._propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "url.path": scope["path"]},
        )

        async def send_noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            route = scope.get("path_template")
            if route:
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
            span.end()
