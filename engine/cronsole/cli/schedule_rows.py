"""Schedules as rows of a table: state, name, next, last; then schedule, recent runs and how long they took."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from rich.text import Text

from cronsole.cli.glyphs import BUSY, FAINT, OF_RUN, Mark, strip_of
from cronsole.cli.standing import Standing, look_of, standings
from cronsole.cli.tables import Column, Table, cell
from cronsole.model.instant import DAY, SECOND, Instant, from_datetime, to_datetime
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus, ScheduleView
from cronsole.text import ago, human_duration, plural, until

_WIDE: Final = 110
_WIDEST: Final = 160

COLUMNS: Final = (
    Column("STATE"),
    Column("NAME", least=16),
    Column("NEXT", rank=2, least=8),
    Column("LAST", rank=3, least=24),
    Column("SCHEDULE", rank=4, from_width=_WIDE, least=14),
    Column("RUNS", rank=5, from_width=_WIDE, least=8),
    Column("TOOK", rank=6, from_width=_WIDE),
    Column("TAGS", rank=7, from_width=_WIDEST, least=8),
    Column("DESCRIPTION", rank=8, from_width=_WIDEST, least=16),
)


def schedule_table(
    views: Sequence[ScheduleView], *, now: Instant, zone: ZoneInfo, has_glyphs: bool = True, style: str = ""
) -> Table:
    """Return the schedules as a table, in the order given."""
    rows = [_row(view, now, zone, has_glyphs) for view in views]
    return Table(COLUMNS, rows, ellipsis="…" if has_glyphs else "~", style=style)


def _row(view: ScheduleView, now: Instant, zone: ZoneInfo, has_glyphs: bool) -> tuple[Text, ...]:
    look = look_of(view)
    is_off = view.status is not ScheduleStatus.ACTIVE
    return (
        cell(look.label(has_glyphs), look.style),
        cell(view.id, FAINT if view.status is ScheduleStatus.DISABLED else ""),
        cell(next_told(view, now, zone), FAINT if is_off else ""),
        _last(view, now, has_glyphs),
        cell(view.when, FAINT),
        _strip(view, has_glyphs),
        cell(took_told(view), BUSY if view.running else ""),
        cell(" ".join(view.tags), FAINT),
        cell(view.description, FAINT),
    )


def next_told(view: ScheduleView, now: Instant, zone: ZoneInfo) -> str:
    """Return when a schedule fires next, or what keeps it from it."""
    if view.pause is not None:
        end = view.pause.until
        return f"resumes {clock_told(end, now, zone)}" if end else "paused"
    if view.status is not ScheduleStatus.ACTIVE:
        return ""
    if view.circuit_open_until is not None:
        return f"circuit open {until(from_datetime(view.circuit_open_until), now).removeprefix('in ')}"
    if view.next_due is None:
        return ""
    due = from_datetime(view.next_due)
    if view.is_late and due < now:
        return f"{ago(min(due, now - SECOND), now).removesuffix(' ago')} late"
    return until(max(due, now), now)


def clock_told(moment: datetime, now: Instant, zone: ZoneInfo) -> str:
    """Return a time on the viewer's clock, with its day where it is neither today's nor within half a day."""
    local = moment.astimezone(zone)
    is_today = local.date() == to_datetime(now).astimezone(zone).date()
    is_near = is_today or abs(from_datetime(moment) - now) < DAY // 2
    return f"{local:%H:%M}" if is_near else f"{local:%a %d %b %H:%M}"


def _last(view: ScheduleView, now: Instant, has_glyphs: bool) -> Text:
    if view.running:
        told = OF_RUN[view.running[0].state].word
        if view.running[0].state is not RunState.QUEUED:
            told += f" {human_duration(view.running[0].duration_ms or 0)}"
        if len(view.running) > 1:
            told += f" and {len(view.running) - 1} more"
        elif view.running[0].attempt > 1:
            told += f", attempt {view.running[0].attempt}"
        return cell(told, BUSY)
    if view.last is None:
        return Text("")
    look = OF_RUN[view.last.state]
    told = f"{look.word} {ago(from_datetime(view.last.at), now)}"
    if view.failures > 1 and view.failing_since is not None:
        failing_ms = max(0, now - from_datetime(view.failing_since)) // SECOND * SECOND
        told += f", {'×' if has_glyphs else 'x'}{view.failures} in {human_duration(failing_ms)}"
    return cell(told, look.style if view.last.state.is_failure else "")


def _strip(view: ScheduleView, has_glyphs: bool) -> Text:
    marks = strip_of((*view.recent, *view.running), view.typical_ms, has_glyphs)
    return Text.assemble(*(Text("".join(signs), style) for style, signs in _by_style(marks)))


def _by_style(marks: Sequence[Mark]) -> Iterator[tuple[str, list[str]]]:
    """Yield the signs that stand side by side in one style; ten thousand rows of them have to be laid out at once."""
    for style, group in groupby(marks, key=lambda mark: mark.style):
        yield style, [mark.sign for mark in group]


def took_told(view: ScheduleView) -> str:
    """Return how long the last run took, or how long this one is at it against the usual."""
    if view.running:
        if view.running[0].state is RunState.QUEUED:
            return ""
        so_far = human_duration(view.running[0].duration_ms or 0)
        return f"{so_far} of ~{human_duration(view.typical_ms)}" if view.typical_ms else so_far
    if view.last is None or view.last.duration_ms is None or view.last.state is RunState.SKIPPED:
        return ""
    return human_duration(view.last.duration_ms)


# A schedule that failed last goes on failing while it runs again or rests.
_COUNTED: Final = {
    Standing.FAILED: "failing",
    Standing.LATE: "late",
    Standing.RUNNING: "running",
    Standing.PAUSED: "paused",
    Standing.DISABLED: "disabled",
}


def summary(views: Sequence[ScheduleView]) -> str:
    """Return how many schedules there are, and how many of each kind that asks for attention."""
    counts = Counter(standing for view in views for standing in standings(view))
    told = [f"{counts[standing]:,} {word}" for standing, word in _COUNTED.items() if counts[standing]]
    return plural(len(views), "schedule") + (f": {', '.join(told)}" if told else "")
