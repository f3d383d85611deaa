"""A run as one line of the history, at any width."""

from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple

from cronsole.model.instant import Instant, from_datetime
from cronsole.model.run import Cause, RunState
from cronsole.model.view import RunView
from cronsole.text import human_duration, plural
from cronsole_tui.views.columns import Column, Placed, place
from cronsole_tui.views.exits import left_with
from cronsole_tui.views.glyphs import of_run, shown
from cronsole_tui.views.line import Line, Span, Tone, fitted, said
from cronsole_tui.views.moments import second, since, stopwatch, zone_name

COLUMNS = (
    Column("mark", "", 4),
    Column("host", "HOST", 12, from_width=100),
    Column("name", "SCHEDULE", 17, share=1),
    Column("at", "AT", 18),
    Column("ago", "", 10, from_width=90),
    Column("state", "STATE", 12),
    Column("took", "TOOK", 9),
    Column("late", "LATE", 8, from_width=120),
    Column("cause", "CAUSE", 16, from_width=80),
    Column("detail", "", 14, from_width=110, share=2),
)


class RunEntry(NamedTuple):
    """A run of a host."""

    host: str
    run: RunView

    @property
    def key(self) -> tuple[str, str]:
        return self.host, self.run.run_id


class RunLook(NamedTuple):
    """`zone` is the viewer's; with `zone_of` each run is told on the clock of its schedule."""

    width: int
    zone: tzinfo
    has_hosts: bool = False
    ascii_only: bool = False
    zone_of: Callable[["RunEntry"], tzinfo] | None = None
    has_names: bool = True


def placed(look: RunLook) -> tuple[Placed, ...]:
    left_out = frozenset(
        name for name, is_in in (("host", look.has_hosts), ("name", look.has_names)) if not is_in
    )
    return place(COLUMNS, look.width, without=left_out)


def titles(look: RunLook, now: Instant) -> tuple[Placed, ...]:
    """Return the columns with the zone in the title of the times, where they have one in common."""
    return tuple(
        column._replace(title=f"AT, {zone_name(look.zone, now)}")
        if column.name == "at" and look.zone_of is None
        else column
        for column in placed(look)
    )


def row(entry: RunEntry, look: RunLook, now: Instant) -> Line:
    spans: list[Span] = []
    for column in placed(look):
        if column.name == "mark":
            mark = of_run(entry.run.state)
            spans += (Span(" "), Span(shown(mark, ascii_only=look.ascii_only), mark.tone), Span("  "))
        else:
            spans += (*fitted(_CELLS[column.name](entry, look, now), column.cells - 1), Span(" "))
    return tuple(spans)


def _host(entry: RunEntry, _look: RunLook, _now: Instant) -> Line:
    return (said(entry.host, Tone.FAINT),)


def _name(entry: RunEntry, _look: RunLook, _now: Instant) -> Line:
    return (said(entry.run.schedule_id, Tone.STRONG),)


def _at(entry: RunEntry, look: RunLook, now: Instant) -> Line:
    run = entry.run
    if look.zone_of is None:
        return (Span(second(run.created_at, look.zone, now)),)
    zone = look.zone_of(entry)
    return Span(second(run.created_at, zone, now)), Span(f" {zone_name(zone, now)}", Tone.FAINT)


def _ago(entry: RunEntry, _look: RunLook, now: Instant) -> Line:
    run = entry.run
    return (Span(since(run.created_at, now), Tone.FAINT),)


def _state(entry: RunEntry, _look: RunLook, _now: Instant) -> Line:
    mark = of_run(entry.run.state)
    tone = Tone.PLAIN if entry.run.state is RunState.SUCCEEDED else mark.tone
    return (Span(mark.word, tone),)


def _took(entry: RunEntry, _look: RunLook, now: Instant) -> Line:
    run = entry.run
    if run.state is RunState.RUNNING and run.started_at is not None:
        return (Span(stopwatch(now - from_datetime(run.started_at)), Tone.BUSY),)
    return () if run.duration_ms is None else (Span(human_duration(run.duration_ms)),)


def _late(entry: RunEntry, _look: RunLook, _now: Instant) -> Line:
    late_ms = entry.run.late_ms
    if late_ms is None:
        return ()
    return (Span(human_duration(late_ms), Tone.WARN if late_ms >= 1_000 else Tone.FAINT),)


def _cause(entry: RunEntry, _look: RunLook, _now: Instant) -> Line:
    return (said(cause_of(entry.run), Tone.QUIET),)


def cause_of(run: RunView) -> str:
    """Return why the run was made: `slot`, `catch-up of 5`, `by ops`, `backfill`."""
    if run.is_catchup:
        return f"catch-up of {run.stands_for.count:,}" if run.stands_for else "catch-up"
    if run.cause is Cause.MANUAL:
        return f"by {run.actor}" if run.actor else "by hand"
    return run.cause.value


def _detail(entry: RunEntry, _look: RunLook, _now: Instant) -> Line:
    return (said(told(entry.run), Tone.QUIET),)


def told(run: RunView) -> str:
    """Return what else is to be said of a run in a few words."""
    if run.state is RunState.MISSED and run.stands_for is not None:
        return plural(run.stands_for.count, "slot")
    reason = run.reason.value.replace("_", " ") if run.reason else ""
    parts = [reason] if reason and not run.detail.startswith(reason) else []
    if run.exit_code:
        parts.append(left_with(run.exit_code))
    if run.attempt > 1:
        parts.append(plural(run.attempt - 1, "retry", "retries"))
    if run.detail and not run.exit_code:
        parts.append(run.detail)
    return ", ".join(parts)


_CELLS = {
    "host": _host,
    "name": _name,
    "at": _at,
    "ago": _ago,
    "state": _state,
    "took": _took,
    "late": _late,
    "cause": _cause,
    "detail": _detail,
}
