"""The panel about the schedule below the cursor: a few lines under the table, or a column at its side."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from cronsole.model.instant import Instant
from cronsole.model.run import RunState
from cronsole.model.view import RunBrief, RunView, ScheduleDetail, ScheduleView
from cronsole.terminal import TerminalText
from cronsole.text import human_duration, plural
from cronsole_tui.views.exits import left_with
from cronsole_tui.views.glyphs import OK, of_run, shown
from cronsole_tui.views.line import Line, Span, Tone, beside, cut, line_width, said
from cronsole_tui.views.moments import clock, countdown, second, since, stamp, zone_name
from cronsole_tui.views.pages import wrapped
from cronsole_tui.views.plugin_words import circuit, is_circuit_open, provenance

_LABEL_CELLS = 10
_FIRES_BESIDE = 10
_RUNS_BESIDE = 8


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
    lines.append(_labelled("next", _fires(schedule, detail, now, zone, width - _LABEL_CELLS)))
    if is_circuit_open(schedule):
        # What it says is more urgent than what holds in quiet times, and there are no lines for both.
        lines.append(_labelled("circuit", (said(circuit(schedule, now, zone), Tone.WARN),)))
    else:
        lines.append(_labelled("policy", _policies(detail)))
    lines.append(
        _labelled("last", _runs(_known_runs(schedule, detail), zone, now, width, ascii_only=ascii_only))
    )
    lines.append(_labelled("takes", _takes(schedule, detail)))
    for position, text in enumerate(output or ("",)):
        label = "output" if position == 0 else ""
        lines.append(_labelled(label, (said(text) if text else Span("none", Tone.FAINT),)))
    return tuple(cut(line, width) for line in lines)


def column(
    schedule: ScheduleView,
    detail: ScheduleDetail | None,
    output: Sequence[str],
    *,
    width: int,
    height: int,
    now: Instant,
    zone: tzinfo,
    ascii_only: bool = False,
) -> tuple[Line, ...]:
    """Return the panel for a column: what comes, what stands in the way, what was, and output down to the bottom."""
    lines: list[Line] = [(Span(" "), said(schedule.id, Tone.STRONG))]
    lines += [(Span(" "), Span(text)) for text in wrapped(schedule.description, width - 2)[:2] if text]
    lines.append(
        (said(f" {_origin(schedule)}", Tone.FAINT), said("".join(f"  #{tag}" for tag in schedule.tags)))
    )
    lines += ((), _headed("next", f"{schedule.when}, {schedule.timezone}"))
    lines += _fire_lines(schedule, detail, now, zone)
    lines += ((), _headed("gates", "" if detail is None else "as they stand now"))
    lines += _gates(detail, ascii_only=ascii_only)
    if is_circuit_open(schedule):
        told = wrapped(f"circuit {circuit(schedule, now, zone)}", width - 6)
        lines += [(Span(f"     {text}", Tone.WARN),) for text in told]
    lines += ((), _headed("policy"))
    lines += [
        (Span(f"   {name:<12}", Tone.FAINT), said(value))
        for name, value in (policies(detail.definition) if detail else ())
    ]
    lines += ((), _headed("last", _told_of_runs(schedule, _known_runs(schedule, detail), zone, now)))
    lines += _run_lines(_known_runs(schedule, detail), zone, now, ascii_only=ascii_only)
    lines.append((Span("   takes  ", Tone.FAINT), *_takes(schedule, detail)))
    lines += ((), _headed("output"))
    room = max(1, height - len(lines))
    lines += [(Span("   "), said(text)) for text in output[-room:]] or [(Span("   none", Tone.FAINT),)]
    return tuple(cut(line, width) for line in lines)


def output_of(run: RunView, count: int) -> tuple[str, ...]:
    """Return the last lines that a run wrote, without their colours."""
    plain = TerminalText(has_colour=False)
    text = plain.feed(run.output) + plain.end()
    return tuple(text.rstrip("\n").split("\n")[-count:]) if text else ()


def _title(schedule: ScheduleView, width: int) -> Line:
    origin = said(f"{_origin(schedule)} ", Tone.FAINT)
    left = (Span(" "), said(schedule.id, Tone.STRONG), Span("   "), said(schedule.description, Tone.PLAIN))
    return beside(left, (origin,), width)


def _origin(schedule: ScheduleView) -> str:
    return provenance(schedule) if schedule.plugin else schedule.origin


def _labelled(label: str, line: Line) -> Line:
    return (Span(f" {label:<{_LABEL_CELLS - 1}}", Tone.FAINT), *line)


def _headed(label: str, told: str = "") -> Line:
    return Span(f" {label}", Tone.ACCENT), said(f"  {told}" if told else "", Tone.FAINT)


def _fires(
    schedule: ScheduleView, detail: ScheduleDetail | None, now: Instant, zone: tzinfo, room: int
) -> Line:
    """Return as many of the next fires as have room, and whose clock they are told on."""
    if detail is not None and detail.fires:
        # All of them as wide, where one of them needs its seconds.
        told_at = second if any(fire.due.second for fire in detail.fires) else clock
        texts = [told_at(fire.due, zone, now=now) for fire in detail.fires]
        note = next((fire.note for fire in detail.fires if fire.note), "")
    elif schedule.next_due is not None:
        texts, note = [clock(schedule.next_due, zone, now=now)], ""
    else:
        return (Span("nothing", Tone.FAINT),)
    name = zone_name(zone, now)
    told = texts[0]
    for text in texts[1:]:
        if len(told) + len(text) + len(name) + len(note) + 8 <= room:
            told += f"  {text}"
    return Span(told), Span(f"  {name}", Tone.FAINT), said(f"   {note}" if note else "", Tone.WARN)


def _fire_lines(
    schedule: ScheduleView, detail: ScheduleDetail | None, now: Instant, zone: tzinfo
) -> list[Line]:
    fires = [(fire.due, fire.note) for fire in detail.fires] if detail else []
    if not fires and schedule.next_due is not None:
        fires = [(schedule.next_due, "")]
    return [
        (
            Span(f"   {stamp(due, zone):<26}"),
            Span(countdown(due, now), Tone.FAINT),
            said(f"  {note}" if note else "", Tone.WARN),
        )
        for due, note in fires[:_FIRES_BESIDE]
    ] or [(Span("   nothing", Tone.FAINT),)]


def _gates(detail: ScheduleDetail | None, *, ascii_only: bool) -> list[Line]:
    """Return what stands in the way; that nothing does is one line."""
    if detail is None:
        return [(Span("   …", Tone.FAINT),)]
    closed = [gate for gate in detail.gates if not gate.is_open]
    is_open = len(detail.gates) - len(closed)
    lines: list[Line] = [
        (
            Span(f"   {'x' if ascii_only else '✗'} ", Tone.BAD),
            said(f"{gate.name}  ", Tone.STRONG),
            said(gate.detail),
        )
        for gate in closed
    ]
    others = f"the other {is_open} are open" if closed else f"all {is_open} are open"
    return [*lines, (Span(f"   {shown(OK, ascii_only=ascii_only)} ", OK.tone), Span(others, Tone.FAINT))]


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


def _runs(recent: Sequence[RunBrief], zone: tzinfo, now: Instant, width: int, *, ascii_only: bool) -> Line:
    """Return the newest run in full, and of those before it as many as have room."""
    if not recent:
        return (Span("never ran", Tone.FAINT),)
    newest, *older = reversed(recent[-6:])
    spans = [*_ended(newest, zone, now, ascii_only=ascii_only)]
    spans += (Span(f"  {told(newest)}", Tone.QUIET), Span(f", {since(newest.at, now)}", Tone.FAINT))
    for run in older:
        more = (Span("    "), *_ended(run, zone, now, ascii_only=ascii_only))
        if line_width(spans) + line_width(more) <= width - _LABEL_CELLS - 5:
            spans += more
    return (*spans, Span(f"  {zone_name(zone, now)}", Tone.FAINT))


def _told_of_runs(schedule: ScheduleView, recent: Sequence[RunBrief], zone: tzinfo, now: Instant) -> str:
    count = f"{schedule.runs_made:,} in all, " if schedule.runs_made else ""
    return f"{count}times in {zone_name(zone, now)}" if recent else ""


def _run_lines(recent: Sequence[RunBrief], zone: tzinfo, now: Instant, *, ascii_only: bool) -> list[Line]:
    lines: list[Line] = []
    runs = list(reversed(recent[-_RUNS_BESIDE:]))
    moments = [second(run.at, zone, now) for run in runs]
    cells = max(map(len, moments), default=0) + 2
    for run, moment in zip(runs, moments, strict=True):
        mark = of_run(run.state)
        lines.append(
            (
                Span(f"   {shown(mark, ascii_only=ascii_only)} ", mark.tone),
                Span(f"{moment:<{cells}}"),
                Span(f"{since(run.at, now):<9}", Tone.FAINT),
                Span(told(run), Tone.QUIET),
            )
        )
    return lines or [(Span("   never ran", Tone.FAINT),)]


def _ended(run: RunBrief, zone: tzinfo, now: Instant, *, ascii_only: bool) -> Line:
    mark = of_run(run.state)
    return Span(shown(mark, ascii_only=ascii_only), mark.tone), Span(f" {clock(run.at, zone, now=now)}")


def told(run: RunBrief) -> str:
    """Return how a run ended in a few words: `exit 1 after 3.1s, 2 retries`, `timed out after 30s`."""
    parts = [
        left_with(run.exit_code) if run.state is RunState.FAILED and run.exit_code else of_run(run.state).word
    ]
    if run.duration_ms is not None:
        parts.append(f"after {human_duration(run.duration_ms)}")
    retries = f", {plural(run.attempt - 1, 'retry', 'retries')}" if run.attempt > 1 else ""
    return " ".join(parts) + retries


def _known_runs(schedule: ScheduleView, detail: ScheduleDetail | None) -> Sequence[RunBrief]:
    """Return the last runs: at once only the very last is known."""
    if detail is not None and detail.recent:
        return detail.recent
    return () if schedule.last is None else (schedule.last,)
