"""Everything about one schedule, on one page."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from cronsole.model.instant import Instant
from cronsole.model.plugin import PluginView
from cronsole.model.schedule import SourceKind
from cronsole.model.view import ScheduleDetail, Statistics
from cronsole.text import human_duration, plural
from cronsole_tui.views.columns import header
from cronsole_tui.views.glyphs import of_schedule, shown
from cronsole_tui.views.line import Line, Span, Tone, cut, said
from cronsole_tui.views.moments import countdown, full, since, stamp
from cronsole_tui.views.pages import field, section, side_by_side, wrapped
from cronsole_tui.views.plugin_words import circuit, is_circuit_open, provenance
from cronsole_tui.views.run_row import RunEntry, RunLook, row, titles
from cronsole_tui.views.strip import strip

# From this width on there is room for two blocks beside each other.
_TWO_BLOCKS = 110
_STRIP_CELLS = 24
_GATE_CELLS = 16


def page(
    detail: ScheduleDetail,
    runs: Sequence[RunEntry],
    *,
    width: int,
    now: Instant,
    zone: tzinfo,
    ascii_only: bool = False,
    plugin: PluginView | None = None,
) -> tuple[Line, ...]:
    """Return what it is and what is next, beside it what stands in the way; then numbers, definition and runs."""
    is_double = width >= _TWO_BLOCKS
    block = width // 2 if is_double else width
    coming = [section("next fires"), *_fires(detail, now, zone)]
    gates = [section("gates, as they stand now"), *_gates(detail, block, ascii_only=ascii_only)]
    numbers = [
        section("statistics of the history that is kept"),
        *_statistics(detail.statistics, now),
        field("durations", *strip(detail.schedule.recent, _STRIP_CELLS, ascii_only=ascii_only)),
    ]
    written = [section(f"definition, {detail.schedule.origin}"), *_definition(detail.definition)]
    lines = _head(detail, now, zone, ascii_only=ascii_only)
    lines += _surroundings(detail, plugin, now, zone)
    for one, other in ((coming, gates), (numbers, written)):
        lines.append(())
        lines += side_by_side(one, other, width) if is_double else [*one, (), *other]
    look = RunLook(width, zone, ascii_only=ascii_only, has_names=False)
    lines += ((), section("runs"), header(titles(look, now)))
    lines += [row(entry, look, now) for entry in runs] or [field("", Span("never ran", Tone.FAINT))]
    return tuple(cut(line, width) for line in lines)


def _gates(detail: ScheduleDetail, width: int, *, ascii_only: bool) -> list[Line]:
    lines: list[Line] = []
    for gate in detail.gates:
        glyph = ("✓", "+") if gate.is_open else ("✗", "x")
        tone = Tone.GOOD if gate.is_open else Tone.BAD
        head = Span(f"   {glyph[1 if ascii_only else 0]} ", tone)
        told = gate.detail or ("open" if gate.is_open else "closed")
        first, *more = wrapped(told, max(20, width - _GATE_CELLS - 6))
        lines.append((head, Span(f"{gate.name:<{_GATE_CELLS}}", Tone.FAINT), Span(first)))
        lines += [(Span(" " * (_GATE_CELLS + 5)), Span(text)) for text in more]
    return lines


def _head(detail: ScheduleDetail, now: Instant, zone: tzinfo, *, ascii_only: bool) -> list[Line]:
    schedule = detail.schedule
    first, second = of_schedule(schedule)
    marks = [Span(f"{shown(first, ascii_only=ascii_only)} {first.word}", first.tone)]
    if second is not None:
        marks.append(Span(f"  {shown(second, ascii_only=ascii_only)} {second.word}", second.tone))
    lines: list[Line] = [field("what", said(schedule.description))] if schedule.description else []
    # Of what is written as it is spoken, once is enough.
    spelled = "" if schedule.trigger in schedule.when else f"   {schedule.trigger}"
    lines += [
        field("state", *marks),
        field("trigger", said(schedule.when), said(f"{spelled}   {schedule.timezone}", Tone.FAINT)),
    ]
    if schedule.next_due is not None:
        lines.append(
            field("next", Span(f"{countdown(schedule.next_due, now)}, {full(schedule.next_due, zone)}"))
        )
    if schedule.failing_since is not None:
        times = f", {plural(schedule.failures, 'time')} in a row" if schedule.failures else ""
        told = f"since {full(schedule.failing_since, zone)}, {since(schedule.failing_since, now)}{times}"
        lines.append(field("failing", Span(told, Tone.BAD)))
    if schedule.pause is not None:
        pause = schedule.pause
        end = "" if pause.until is None else f" until {full(pause.until, zone)}"
        told = f"since {full(pause.since, zone)}{end} by {pause.actor or 'nobody named'}"
        lines.append(field("paused", said(f"{told}: {pause.reason}" if pause.reason else told, Tone.WARN)))
    statistics = detail.statistics
    if statistics.p50_ms is not None and statistics.p95_ms is not None:
        usual = (
            f"usually {human_duration(statistics.p50_ms)}, 95 % within {human_duration(statistics.p95_ms)}"
        )
        lines.append(field("takes", Span(usual), said(f"   {statistics.trend}", Tone.WARN)))
    if schedule.tags:
        lines.append(field("tags", said(" ".join(schedule.tags))))
    return lines


def _surroundings(
    detail: ScheduleDetail, plugin: PluginView | None, now: Instant, zone: tzinfo
) -> list[Line]:
    """Return whose it is where that is no file alone, what holds its command up, and whom it holds up itself."""
    schedule = detail.schedule
    lines: list[Line] = []
    if schedule.plugin or schedule.source is not SourceKind.FILE:
        lines.append(field("from", said(provenance(schedule, plugin))))
    if is_circuit_open(schedule):
        lines.append(field("circuit", said(circuit(schedule, now, zone), Tone.WARN)))
    return lines + [
        field("shadows", said(f"that of {shadow}, which has the same id and waits", Tone.WARN))
        for shadow in detail.shadows
    ]


def _fires(detail: ScheduleDetail, now: Instant, zone: tzinfo) -> list[Line]:
    if not detail.fires:
        return [field("", Span("none", Tone.FAINT))]
    lines: list[Line] = []
    for fire in detail.fires[:10]:
        lines.append(
            (
                Span(f"   {stamp(fire.due, zone):<28}"),
                Span(f"{countdown(fire.due, now):<14}", Tone.FAINT),
                said(fire.note, Tone.WARN),
            )
        )
    return lines


def _statistics(statistics: Statistics, now: Instant) -> list[Line]:
    ended = statistics.succeeded + statistics.failed
    rate = f", {100 * statistics.succeeded // ended} % of what ended by itself" if ended else ""
    lines = [field("succeeded", Span(f"{statistics.succeeded:,}{rate}"))]
    others = [
        f"{count:,} {word}"
        for word, count in (
            ("failed", statistics.failed),
            ("cancelled", statistics.cancelled),
            ("skipped", statistics.skipped),
            ("missed", statistics.missed),
        )
        if count
    ]
    lines.append(field("others", Span(", ".join(others) or "none")))
    if statistics.last_failure is not None:
        lines.append(field("last failure", Span(since(statistics.last_failure, now))))
    if statistics.last_success is not None:
        lines.append(field("last success", Span(since(statistics.last_success, now))))
    return lines


def _definition(definition: dict[str, Any]) -> list[Line]:
    """Return the keys as they were written; a table shows as it would stand on one line."""
    lines: list[Line] = []
    for key, value in definition.items():
        text = msgspec.json.encode(value).decode()
        lines.append((Span(f"   {key} = ", Tone.FAINT), said(text)))
    return lines
