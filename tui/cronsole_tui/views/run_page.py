"""Everything about one run."""

from datetime import datetime, tzinfo

from cronsole.model.instant import Instant
from cronsole.model.view import AttemptView, RunDetail, RunView
from cronsole.text import human_duration, plural
from cronsole_tui.views.detail import output_of
from cronsole_tui.views.exits import left_with
from cronsole_tui.views.glyphs import of_run, shown
from cronsole_tui.views.line import Line, Span, Tone, cut, said
from cronsole_tui.views.moments import full, since
from cronsole_tui.views.pages import block, field, fields, section, wrapped
from cronsole_tui.views.run_row import cause_of, told

_OUTPUT_LINES = 10


def page(
    detail: RunDetail, *, width: int, now: Instant, zone: tzinfo, ascii_only: bool = False
) -> tuple[Line, ...]:
    run = detail.run
    mark = of_run(run.state)
    state = Span(f"{shown(mark, ascii_only=ascii_only)} {mark.word}", mark.tone)
    lines: list[Line] = [field("state", state, said(f"   {told(run)}" if told(run) else "", Tone.QUIET))]
    lines += fields(_times(run, now, zone))
    lines += fields(_facts(run))
    if run.detail and run.detail not in (told(run), f"exit code {run.exit_code}"):
        texts = wrapped(run.detail, max(20, width - 20))
        lines += [field("detail" if number == 0 else "", Span(text)) for number, text in enumerate(texts)]
    if len(detail.attempts) > 1:
        lines += ((), section(plural(len(detail.attempts), "attempt")))
        lines += [_attempt(attempt, zone, ascii_only=ascii_only) for attempt in detail.attempts]
    if detail.environment:
        lines += ((), section("environment, names only"))
        lines += block(wrapped("  ".join(detail.environment), max(20, width - 6)), Tone.FAINT)
    lines += ((), section(f"output, {plural(run.output_bytes, 'byte')}"))
    output = output_of(run, _OUTPUT_LINES)
    lines += block(output) if output else [field("", Span("none", Tone.FAINT))]
    return tuple(cut(line, width) for line in lines)


def _times(run: RunView, now: Instant, zone: tzinfo) -> list[tuple[str, str]]:
    late = "" if run.late_ms is None else f", {human_duration(run.late_ms)} after it was due"
    return [
        ("slot", _moment(run.slot, zone)),
        ("due", full(run.due_at, zone)),
        ("started", f"{full(run.started_at, zone)}{late}" if run.started_at else ""),
        ("ended", f"{full(run.finished_at, zone)}, {since(run.finished_at, now)}" if run.finished_at else ""),
        ("took", human_duration(run.duration_ms) if run.duration_ms is not None else ""),
        ("next attempt", _moment(run.retry_at, zone)),
    ]


def _moment(moment: datetime | None, zone: tzinfo) -> str:
    return "" if moment is None else full(moment, zone)


def _facts(run: RunView) -> list[tuple[str, str]]:
    fence = f"{run.fence:,}" + (", unfenced: no fleet store" if run.unfenced else "")
    return [
        ("cause", cause_of(run)),
        ("gates passed by", run.bypassed),
        ("run", run.run_id),
        ("payload", run.payload),
        ("node", run.node),
        ("fence", fence if run.fence else ""),
    ]


def _attempt(attempt: AttemptView, zone: tzinfo, *, ascii_only: bool) -> Line:
    mark = of_run(attempt.state)
    took = "" if attempt.duration_ms is None else f"  after {human_duration(attempt.duration_ms)}"
    code = f"  {left_with(attempt.exit_code)}" if attempt.exit_code else ""
    return (
        Span(f"   {attempt.attempt}  "),
        Span(f"{shown(mark, ascii_only=ascii_only)} {mark.word:<10}", mark.tone),
        Span(_moment(attempt.started_at, zone), Tone.PLAIN),
        said(f"{took}{code}  {attempt.detail}", Tone.QUIET),
    )
