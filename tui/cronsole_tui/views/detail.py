"""The panel under the table: the schedule below the cursor, in a few lines."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from cronsole.model.instant import Instant
from cronsole.model.view import FireView, RunBrief, RunView, ScheduleDetail, ScheduleView
from cronsole.text import human_duration, plural
from cronsole_tui.views.glyphs import of_run, shown
from cronsole_tui.views.line import Line, Span, Tone, line_width, said
from cronsole_tui.views.moments import clock, since

_LABEL_CELLS = 10


def panel(
    schedule: ScheduleView,
    detail: ScheduleDetail | None,
    output: Sequence[str],
    *,
    width: int,
    now: Instant,
    zone: tzinfo,
    ascii_only: bool = False,
) -> tuple[Line, ...]:
    """Return what is known at once, and what was read since of fires, policies and output."""
    lines = [_title(schedule, width)]
    lines.append(_labelled("next", _fires(schedule, detail, now, zone)))
    lines.append(_labelled("policy", _policies(detail)))
    lines.append(_labelled("last", _runs(schedule.recent, zone, now, ascii_only=ascii_only)))
    lines.append(_labelled("takes", _takes(schedule, detail)))
    for position, text in enumerate(output or ("",)):
        label = "output" if position == 0 else ""
        lines.append(_labelled(label, (said(text) if text else Span("none", Tone.FAINT),)))
    return tuple(lines)


def output_of(run: RunView, count: int) -> tuple[str, ...]:
    """Return the last lines that a run wrote."""
    return tuple(run.output.rstrip("\n").split("\n")[-count:]) if run.output else ()


def _title(schedule: ScheduleView, width: int) -> Line:
    spans = [Span(" "), said(schedule.id, Tone.STRONG), Span("   "), said(schedule.description, Tone.PLAIN)]
    origin = said(f"{schedule.origin} ", Tone.FAINT)
    gap = width - line_width(spans) - line_width((origin,))
    return (*spans, Span(" " * max(2, gap)), origin)


def _labelled(label: str, line: Line) -> Line:
    return (Span(f" {label:<{_LABEL_CELLS - 1}}", Tone.FAINT), *line)


def _fires(schedule: ScheduleView, detail: ScheduleDetail | None, now: Instant, zone: tzinfo) -> Line:
    if detail is not None and detail.fires:
        return (Span("  ".join(_fire(fire, now, zone) for fire in detail.fires[:5])),)
    if schedule.next_due is None:
        return (Span("nothing", Tone.FAINT),)
    return (Span(clock(schedule.next_due, zone, now=now)),)


def _fire(fire: FireView, now: Instant, zone: tzinfo) -> str:
    return clock(fire.due, zone, now=now) + (" (!)" if fire.note else "")


def _policies(detail: ScheduleDetail | None) -> Line:
    if detail is None:
        return (Span("…", Tone.FAINT),)
    spans: list[Span] = []
    for name, value in policies(detail.definition):
        spans += (Span(f"{name} ", Tone.FAINT), said(f"{value}   "))
    return tuple(spans)


def policies(definition: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the promises that people ask for first; a key that is not written holds its default."""
    retry = definition.get("retry")
    attempts = retry.get("attempts", 0) if isinstance(retry, dict) else 0
    return (
        ("catch-up", str(definition.get("missed_run_policy", "run_once"))),
        ("overlap", str(definition.get("overlap", "skip"))),
        ("lock", str(definition.get("locking", "prefer_global"))),
        ("retry", str(attempts)),
    )


def _takes(schedule: ScheduleView, detail: ScheduleDetail | None) -> Line:
    """Return how long it usually takes and whether that changes, in words."""
    statistics = None if detail is None else detail.statistics
    if statistics is None or statistics.p50_ms is None or statistics.p95_ms is None:
        told = "" if schedule.typical_ms is None else f"usually {human_duration(schedule.typical_ms)}"
        return (Span(told or "not known yet", Tone.PLAIN if told else Tone.FAINT),)
    usual = f"usually {human_duration(statistics.p50_ms)}, 95 % within {human_duration(statistics.p95_ms)}"
    return Span(usual), said(f"   {statistics.trend}" if statistics.trend else "", Tone.WARN)


def _runs(recent: Sequence[RunBrief], zone: tzinfo, now: Instant, *, ascii_only: bool) -> Line:
    if not recent:
        return (Span("never ran", Tone.FAINT),)
    newest, *older = reversed(recent[-4:])
    spans = [*_ended(newest, zone, now, ascii_only=ascii_only), Span(f"  {told(newest)}", Tone.QUIET)]
    for run in older:
        spans += (Span("     "), *_ended(run, zone, now, ascii_only=ascii_only))
    return (*spans, Span(f"     {since(newest.at, now)}", Tone.FAINT))


def _ended(run: RunBrief, zone: tzinfo, now: Instant, *, ascii_only: bool) -> Line:
    mark = of_run(run.state)
    return Span(shown(mark, ascii_only=ascii_only), mark.tone), Span(f" {clock(run.at, zone, now=now)}")


def told(run: RunBrief) -> str:
    """Return how a run ended in a few words: `exit 1 after 3.1s, 2 retries`."""
    has_code = bool(run.exit_code) and run.state.is_failure
    parts = [f"exit {run.exit_code}" if has_code else of_run(run.state).word]
    if run.duration_ms is not None:
        parts.append(f"after {human_duration(run.duration_ms)}")
    retries = f", {plural(run.attempt - 1, 'retry', 'retries')}" if run.attempt > 1 else ""
    return " ".join(parts) + retries
