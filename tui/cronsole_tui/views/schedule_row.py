"""A schedule as one line of the home table, at any width."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from cronsole.model.instant import Instant, Millis, from_datetime
from cronsole.model.view import RunBrief, ScheduleStatus, ScheduleView
from cronsole.text import human_duration, width
from cronsole_tui.views.columns import Column, Placed, place
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.glyphs import of_run, of_schedule, shown
from cronsole_tui.views.line import Line, Span, Tone, cell, fitted, said
from cronsole_tui.views.moments import age, countdown, since, stopwatch
from cronsole_tui.views.strip import strip

COLUMNS = (
    Column("mark", "", 4),
    Column("host", "HOST", 12),
    Column("name", "NAME", 24, share=2),
    Column("when", "SCHEDULE", 22, from_width=96, share=1),
    Column("next", "NEXT", 13),
    Column("last", "LAST", 18),
    Column("runs", "RUNS", 14, from_width=110),
    Column("took", "TOOK", 13, from_width=110),
)

# A title with its arrow has to have room, too.
_LEAST_CELLS = 12
_BAR_CELLS = 5
_BAR = "█▏▎▍▌▋▊▉"


class Wishes(NamedTuple):
    """How wide the content of columns is, with two spaces behind it; nothing is known of it where all are 0."""

    host: int = 0
    name: int = 0
    when: int = 0


_UNKNOWN = Wishes()


class Look(NamedTuple):
    """What decides how rows look, apart from the schedules."""

    width: int
    has_hosts: bool = False
    ascii_only: bool = False
    wishes: Wishes = _UNKNOWN


def wished(entries: Iterable[Entry], least: Wishes = _UNKNOWN) -> Wishes:
    """Return how wide the columns would have to be to show these schedules uncut, and at least that wide."""
    host, name, when = least
    for entry in entries:
        # Most are ASCII, and for 100,000 of them it counts how long that takes.
        host, name, when = (
            max(host, _cells(entry.host)),
            max(name, _cells(entry.schedule.id)),
            max(when, _cells(entry.schedule.when)),
        )
    return Wishes(host, name, when)


def _cells(text: str) -> int:
    return 2 + (len(text) if text.isascii() else width(text))


@lru_cache(maxsize=16)
def placed(look: Look) -> tuple[Placed, ...]:
    """Return the columns of a look; every row asks for them anew."""
    without = frozenset() if look.has_hosts else frozenset({"host"})
    wishes = {
        name: max(_LEAST_CELLS, cells) for name, cells in look.wishes._asdict().items() if look.wishes.name
    }
    return place(COLUMNS, look.width, without=without, wishes=wishes)


def row(entry: Entry, look: Look, now: Instant, *, is_marked: bool = False) -> Line:
    """Return the line of a schedule; each cell ends with at least one space."""
    spans: list[Span] = []
    for column in placed(look):
        if column.name == "mark":
            spans.extend(_mark(entry.schedule, look, is_marked=is_marked))
        else:
            spans.extend((*fitted(_CELLS[column.name](entry, look, now), column.cells - 1), Span(" ")))
    return tuple(spans)


def _mark(schedule: ScheduleView, look: Look, *, is_marked: bool) -> Line:
    first, second = of_schedule(schedule)
    spans = (
        Span("*" if is_marked else " ", Tone.ACCENT),
        Span(shown(first, ascii_only=look.ascii_only), first.tone),
    )
    if second is None:
        return (*spans, Span("  "))
    return (*spans, Span(shown(second, ascii_only=look.ascii_only), second.tone), Span(" "))


def _host(entry: Entry, _look: Look, _now: Instant) -> Line:
    return (said(entry.host, Tone.FAINT),)


def _name(entry: Entry, _look: Look, _now: Instant) -> Line:
    schedule = entry.schedule
    is_resting = schedule.status in (ScheduleStatus.DISABLED, ScheduleStatus.EXHAUSTED)
    return (said(schedule.id, Tone.FAINT if is_resting else Tone.STRONG),)


def _when(entry: Entry, _look: Look, _now: Instant) -> Line:
    return (said(entry.schedule.when, Tone.FAINT),)


def _next(entry: Entry, _look: Look, now: Instant) -> Line:
    schedule = entry.schedule
    if schedule.status is ScheduleStatus.PAUSED and schedule.pause is not None:
        pause = schedule.pause
        if pause.until is not None:
            return (Span(f"resumes {age(from_datetime(pause.until) - now)}", Tone.WARN),)
        return (Span(f"paused {age(now - from_datetime(pause.since))}", Tone.WARN),)
    if schedule.status is not ScheduleStatus.ACTIVE:
        return (Span("done" if schedule.status is ScheduleStatus.EXHAUSTED else "disabled", Tone.FAINT),)
    if schedule.circuit_open_until is not None and from_datetime(schedule.circuit_open_until) > now:
        return (Span(f"circuit {age(from_datetime(schedule.circuit_open_until) - now)}", Tone.WARN),)
    if schedule.next_due is None:
        return (Span("never", Tone.FAINT),)
    return (Span(countdown(schedule.next_due, now), Tone.BAD if schedule.is_late else Tone.PLAIN),)


def _last(entry: Entry, _look: Look, now: Instant) -> Line:
    schedule = entry.schedule
    if schedule.running:
        run = schedule.running[-1]
        more = f" ×{len(schedule.running)}" if len(schedule.running) > 1 else ""
        return (Span(f"running {stopwatch(now - from_datetime(run.at))}{more}", Tone.BUSY),)
    if schedule.last is None:
        return (Span("never ran", Tone.FAINT),)
    mark = of_run(schedule.last.state)
    tone = mark.tone if schedule.last.state.is_failure else Tone.PLAIN
    return (Span(mark.word, tone), Span(f" {since(schedule.last.at, now)}", Tone.FAINT))


def _runs(entry: Entry, look: Look, _now: Instant) -> Line:
    return strip(entry.schedule.recent, 12, ascii_only=look.ascii_only)


def _took(entry: Entry, look: Look, now: Instant) -> Line:
    schedule = entry.schedule
    if schedule.running:
        return _progress(schedule.running[-1], schedule.typical_ms, look, now)
    if schedule.last is None or schedule.last.duration_ms is None:
        return ()
    return (Span(human_duration(schedule.last.duration_ms), Tone.PLAIN),)


def _progress(run: RunBrief, typical_ms: Millis | None, look: Look, now: Instant) -> Line:
    """Return how long it runs, and a bar that is full when that is as long as usual."""
    taken = max(0, now - from_datetime(run.at))
    told = cell(Span(age(taken), Tone.BUSY), 5)
    if not typical_ms:
        return (told,)
    if taken > typical_ms * 2:
        return (told, Span("over", Tone.WARN))
    return (told, Span(_bar(min(1.0, taken / typical_ms), ascii_only=look.ascii_only), Tone.BUSY))


def _bar(share: float, *, ascii_only: bool) -> str:
    if ascii_only:
        return "#" * round(share * _BAR_CELLS)
    whole, rest = divmod(round(share * _BAR_CELLS * 8), 8)
    return _BAR[0] * whole + (_BAR[rest] if rest else "")


_CELLS = {
    "host": _host,
    "name": _name,
    "when": _when,
    "next": _next,
    "last": _last,
    "runs": _runs,
    "took": _took,
}
