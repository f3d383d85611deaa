"""The timeline: what ran and what will, a row for each schedule, with now as a line down the middle."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, Millis, from_datetime, to_datetime
from cronsole.model.prospect import PlannedFire
from cronsole.model.run import RunState
from cronsole.model.view import RunView, ScheduleStatus, ScheduleView
from cronsole.text import plural
from cronsole_tui.views.glyphs import FAILED, of_run, shown
from cronsole_tui.views.line import Line, Span, Tone, cell, fitted, line_width, said
from cronsole_tui.views.moments import clock, second, zone_in_full, zone_name
from cronsole_tui.views.window import Window, axis

_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-~=+*#"


class Pens(NamedTuple):
    """What a picture is drawn with."""

    now: str = "│"
    tick: str = "▫"
    ticks: str = "∷"
    bar: str = "━"
    done: str = "▪"
    hatch: str = "░"
    empty: str = " "
    levels: str = _LEVELS


PENS = Pens()
ASCII_PENS = Pens("|", "'", '"', "=", "-", "/", " ", _ASCII_LEVELS)

# The line of now lies over what went well and what will be, never over what needs somebody.
_NOW_RANK = 5

# What is drawn over what, where several fall into one cell.
_RANK = {Tone.BAD: 5, Tone.WARN: 4, Tone.BUSY: 3, Tone.ACCENT: 2, Tone.QUIET: 1}


class Worst(NamedTuple):
    """The second in which most start, and who they are."""

    at: Instant
    starts: int
    schedule_ids: tuple[str, ...]


class _Row:
    """Cells of one schedule; what is more urgent is drawn over what is less."""

    def __init__(self, window: Window, pens: Pens) -> None:
        self.window, self.pens = window, pens
        self._cells: list[tuple[str, Tone, int]] = [(pens.empty, Tone.PLAIN, 0)] * window.cells

    def draw(self, column: int, glyph: str, tone: Tone, rank: int) -> None:
        if 0 <= column < self.window.cells and rank >= self._cells[column][2]:
            self._cells[column] = (glyph, tone, rank)

    def fill(self, since: Instant, until: Instant, glyph: str, tone: Tone, rank: int) -> None:
        first = max(0, self.window.column(since))
        last = min(self.window.cells - 1, self.window.column(until - 1))
        for column in range(first, last + 1):
            self.draw(column, glyph, tone, rank)

    def line(self) -> Line:
        spans: list[Span] = []
        for glyph, tone, _ in self._cells:
            if spans and spans[-1].tone is tone:
                spans[-1] = Span(spans[-1].text + glyph, tone)
            else:
                spans.append(Span(glyph, tone))
        return tuple(spans)


def row(
    schedule: ScheduleView,
    runs: Iterable[RunView],
    fires: Iterable[PlannedFire],
    window: Window,
    *,
    now: Instant,
    ascii_only: bool = False,
) -> Line:
    """Return the cells of one schedule, without its name."""
    pens = ASCII_PENS if ascii_only else PENS
    drawn = _Row(window, pens)
    if schedule.status is ScheduleStatus.PAUSED and schedule.pause is not None:
        end = window.until if schedule.pause.until is None else from_datetime(schedule.pause.until)
        drawn.fill(from_datetime(schedule.pause.since), end, pens.hatch, Tone.WARN, 1)
    for run in runs:
        _draw_run(drawn, run, now, ascii_only=ascii_only)
    ticks = Counter(window.column(from_datetime(fire.due)) for fire in fires)
    for column, count in ticks.items():
        tone = Tone.PLAIN if count == 1 else Tone.FAINT
        drawn.draw(column, pens.tick if count == 1 else pens.ticks, tone, 3)
    if window.holds(now):
        drawn.draw(window.column(now), pens.now, Tone.ACCENT, _NOW_RANK)
    return drawn.line()


def _draw_run(drawn: _Row, run: RunView, now: Instant, *, ascii_only: bool) -> None:
    mark, pens = of_run(run.state), drawn.pens
    if run.state in (RunState.MISSED, RunState.SKIPPED):
        stretch = run.stands_for
        since = stretch.first if stretch else run.due_at
        until = stretch.last if stretch else run.due_at
        glyph = shown(mark, ascii_only=ascii_only)
        drawn.fill(from_datetime(since), from_datetime(until) + 1, glyph, mark.tone, 3)
        return
    began = from_datetime(run.started_at or run.due_at)
    ended = now if not run.state.is_final else began + (run.duration_ms or 0)
    tone = Tone.QUIET if run.state is RunState.SUCCEEDED else mark.tone
    rank = 3 + _RANK.get(tone, 0)
    first, last = drawn.window.column(began), drawn.window.column(max(began, ended))
    if last > first:
        drawn.fill(began, ended, pens.bar, tone, rank)
    head = (
        pens.done if run.state is RunState.SUCCEEDED and last == first else shown(mark, ascii_only=ascii_only)
    )
    if run.state is RunState.SUCCEEDED and last > first:
        head = pens.bar
    drawn.draw(last, head, tone, rank)


def starts_of(schedules: Iterable[Iterable[Instant]], window: Window) -> list[Instant]:
    """Return one start of each schedule in each cell: how often one of them fires says nothing of who meets whom."""
    return [
        at
        for starts in schedules
        for at in {window.column(at): at for at in sorted(starts, reverse=True)}.values()
    ]


def density(starts: Iterable[Instant], window: Window, *, now: Instant, ascii_only: bool = False) -> Line:
    """Return how many start in each cell against the fullest one."""
    pens = ASCII_PENS if ascii_only else PENS
    counts = Counter(window.column(at) for at in starts if window.holds(at))
    most = max(counts.values(), default=0)
    drawn = _Row(window, pens)
    if window.holds(now):
        drawn.draw(window.column(now), pens.now, Tone.ACCENT, 0)
    for column, count in counts.items():
        level = 0 if most <= 1 else round((count - 1) / (most - 1) * (len(pens.levels) - 1))
        is_most = count == most and most > 1
        drawn.draw(column, pens.levels[level], Tone.STRONG if is_most else Tone.QUIET, 1)
    return drawn.line()


def worst_moment(fires: Iterable[PlannedFire]) -> Worst | None:
    """Return the earliest of the seconds in which most start; None where no two start together."""
    moments: dict[int, list[str]] = {}
    for fire in fires:
        moments.setdefault(from_datetime(fire.due) // SECOND, []).append(fire.schedule_id)
    if not moments:
        return None
    moment = min(moments, key=lambda each: (-len(moments[each]), each))
    names = moments[moment]
    return Worst(moment * SECOND, len(names), tuple(dict.fromkeys(names))) if len(names) > 1 else None


def told_worst(worst: Worst | None, zone: tzinfo, now: Instant) -> str:
    if worst is None:
        return "no two start together"
    return f"{clock(to_datetime(worst.at), zone, now=now)}: {worst.starts:,} at once"


def named(name: str, line: Line, cells: int, *, is_cursor: bool = False) -> Line:
    """Return a row with the name of its schedule in front."""
    tone = Tone.STRONG if is_cursor else Tone.PLAIN
    return (Span(" "), cell(said(name, tone), cells - 2), Span(" "), *line)


def heading(
    window: Window, zone: tzinfo, cells: int, *, now: Instant | None = None, is_of_row: bool = False
) -> Line:
    """Return the axis over the rows, with the zone over their names: in full where it is that of one of the rows."""
    name = (zone_in_full if is_of_row else zone_name)(zone, window.since)
    return (Span(" "), cell(Span(name, Tone.FAINT), cells - 2), Span(" "), *axis(window, zone, now))


def told_span(span_ms: Millis) -> str:
    """Return how much of time the axis shows: `20 min`, `3 h`, `1 week`."""
    if span_ms >= 7 * DAY:
        return f"{span_ms // (7 * DAY)} weeks" if span_ms >= 14 * DAY else "1 week"
    if span_ms >= DAY:
        return f"{span_ms // DAY} days" if span_ms > DAY else "1 day"
    return f"{span_ms // HOUR} h" if span_ms >= HOUR else f"{span_ms // MINUTE} min"


def legend(width: int, *, ascii_only: bool = False) -> Line:
    """Return what the cells mean, as much of it as has room."""
    pens = ASCII_PENS if ascii_only else PENS
    spans: list[Span] = []
    for glyph, tone, word in (
        (shown(FAILED, ascii_only=ascii_only), Tone.BAD, "failed"),
        (pens.done, Tone.QUIET, "ran"),
        (pens.bar * 2, Tone.QUIET, "took"),
        (pens.tick, Tone.PLAIN, "will run"),
        (pens.ticks, Tone.FAINT, "several"),
        (pens.hatch, Tone.WARN, "paused"),
    ):
        more = (Span(glyph, tone), Span(f" {word}  ", Tone.FAINT))
        if line_width(spans) + line_width(more) <= width:
            spans += more
    return tuple(spans)


def agenda(
    fires: Sequence[PlannedFire],
    schedules: Mapping[str, ScheduleView],
    *,
    now: Instant,
    zone: tzinfo,
    width: int,
    count: int,
) -> tuple[Line, ...]:
    """Return what comes next, one line for each moment at which something starts, all of its schedules named.

    Where there are more moments than lines, each schedule is named at its first, with how often it starts.
    """
    moments, times = _moments(fires), Counter[str]()
    if len(moments) > count:
        times = Counter(fire.schedule_id for fire in fires)
        first: dict[str, PlannedFire] = {}
        for fire in fires:
            first.setdefault(fire.schedule_id, fire)
        moments = _moments(first.values())
    shown_moments = sorted(moments.items())[:count]
    spare = count - len(shown_moments)
    lines: list[Line] = []
    for at, names in shown_moments:
        told = plural(len(names), "start", "starts") if len(names) > 1 else ""
        head = (
            Span(f" {second(to_datetime(at), zone, now):<10}", Tone.STRONG),
            Span(f"{told:<10}", Tone.WARN if len(names) > 1 else Tone.FAINT),
        )
        starters = [_starter(name, schedules, times, is_alone=len(names) == 1) for name in names]
        found = _laid_out(starters, width - line_width(head), 1 + spare)
        spare -= len(found) - 1
        indent = (Span(" " * line_width(head)),)
        lines += [(*(head if not position else indent), *line) for position, line in enumerate(found)]
    return tuple(lines)


def _starter(
    name: str, schedules: Mapping[str, ScheduleView], times: Mapping[str, int], *, is_alone: bool
) -> Line:
    words = f"  {schedules[name].when}" if is_alone and name in schedules else ""
    often = f"{'  ' if is_alone else ' '}{times[name]:,}×" if times.get(name, 0) > 1 else ""
    return said(name), said(words, Tone.FAINT), Span(often, Tone.FAINT)


def _laid_out(parts: Sequence[Line], cells: int, most: int) -> list[Line]:
    """Return parts one after another on as many lines as they may take, and at the end how many have no room."""
    lines: list[Line] = []
    line: Line = ()
    for position, part in enumerate(parts):
        is_last_line = len(lines) == most - 1
        more = f"   and {len(parts) - position:,} more"
        kept = len(more) if is_last_line and position < len(parts) - 1 else 0
        gap = (Span("   "),) if line else ()
        if not line or line_width((*line, *gap, *part)) + kept <= cells:
            line = (*line, *gap, *part)
        elif is_last_line:
            return [*lines, fitted((*line, Span(more, Tone.FAINT)), cells)]
        else:
            lines.append(fitted(line, cells))
            line = part
    return [*lines, fitted(line, cells)]


def _moments(fires: Iterable[PlannedFire]) -> dict[Instant, list[str]]:
    found: dict[Instant, list[str]] = {}
    for fire in fires:
        found.setdefault(from_datetime(fire.due) // SECOND * SECOND, []).append(fire.schedule_id)
    return found
