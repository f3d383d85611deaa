"""Spans of runs and requests, as OpenTelemetry's own exporter in memory sees them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.api.served import Served
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole import telemetry
from cronsole.model.event import RunFinished
from cronsole.telemetry import Traces, is_wanted


class Traced:
    """Traces that end in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.traces = Traces(provider)

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())


@pytest.fixture
async def house(tmp_path: Path) -> Iterator[House]:  # type: ignore[misc]
    handlers_in_tests.reset()
    made = House(tmp_path / "state")
    yield made
    await made.stop()


async def test_a_run_is_a_span_from_when_it_was_owed_to_its_end(house: House):
    traced = Traced()
    await house.start(schedule("tick", "1h"))
    house.engine.bus.listen(traced.traces.note)
    await house.reload(schedule("tick", "1h"), schedule("now", "1s", calls("note")))
    await house.seconds(1)
    finished = await house.until(RunFinished)
    (span, *_) = traced.spans()
    assert span.name == "run now"
    assert span.attributes is not None
    assert span.attributes["cronsole.schedule.id"] == "now"
    assert span.attributes["cronsole.run.id"] == finished.run_id
    assert span.attributes["cronsole.state"] == "succeeded"
    assert span.attributes["cronsole.cause"] == "slot"
    assert [event.name for event in span.events] == ["started"]
    assert span.end_time == finished.at * 1_000_000


async def test_a_failed_run_is_a_failed_span_that_holds_its_retries(house: House):
    from cronsole.model.policy import Retry

    traced = Traced()
    await house.start(schedule("bad", "1s", shell("exit 3"), retry=Retry(attempts=1, delay_ms=1_000)))
    house.engine.bus.listen(traced.traces.note)
    await house.seconds(1)
    while not house.of(RunFinished):
        await house.seconds(0.5)
    (span, *_) = traced.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert (span.attributes["cronsole.attempts"], span.attributes["process.exit.code"]) == (2, 3)
    assert [event.name for event in span.events] == ["started", "retry scheduled", "started"]


async def test_a_run_that_is_not_over_is_sent_at_the_end(house: House):
    traced = Traced()
    await house.start(schedule("long", "1s", calls("hold")))
    house.engine.bus.listen(traced.traces.note)
    await house.seconds(1)
    assert traced.spans() == []
    await traced.traces.close()
    assert [span.name for span in traced.spans()] == ["run long"]
    for gate in handlers_in_tests.gates.values():
        gate.set()


async def test_a_request_is_a_span_in_the_trace_of_its_client(tmp_path: Path):
    traced = Traced()
    served = Served(House(tmp_path / "state"), wrap=traced.traces.traced)
    try:
        await served.start(schedule("a/b", "1h"))
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await served.ask("GET", "/api/v1/schedules/a%2Fb", traceparent=parent)
        await served.ask("GET", "/nowhere")
    finally:
        await served.stop()
    found, lost = traced.spans()
    assert (found.name, found.kind) == ("GET /api/v1/schedules/{schedule_id}", SpanKind.SERVER)
    assert found.attributes is not None
    assert found.attributes["http.response.status_code"] == 200
    assert format(found.context.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"
    assert lost.name == "GET"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_the_usual_variables_switch_traces_on(environ: dict[str, str], wanted: bool):
    assert is_wanted(environ) is wanted


def test_what_cannot_be_done_is_told_rather_than_ignored():
    told: list[str] = []
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert telemetry.start(environ, told.append) is None
    assert telemetry.start({"OTEL_TRACES_EXPORTER": "zipkin"}, told.append) is None
    assert len(told) == 2


def test_without_the_extra_the_log_says_which_one_to_install(monkeypatch: pytest.MonkeyPatch):
    import sys

    told: list[str] = []
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    assert telemetry.start({"OTEL_TRACES_EXPORTER": "otlp"}, told.append) is None
    assert told == ["no traces are sent: tracing needs an extra: pip install 'cronsole[otel]'"]


class _Collector(BaseHTTPRequestHandler):
    bodies: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


async def test_spans_reach_a_collector_over_http(monkeypatch: pytest.MonkeyPatch):
    with HTTPServer(("127.0.0.1", 0), _Collector) as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_address[1]}"}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        told: list[str] = []
        traces = telemetry.start(environ, told.append)
        assert traces is not None
        traces._open("run-1", "shop/nightly", 1_795_000_000_000)
        await traces.close()
        collector.shutdown()
        thread.join()
    assert any(b"run shop/nightly" in body for body in _Collector.bodies)
    assert told == []
