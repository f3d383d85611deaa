"""The marks of all states with a tone each: neither glyph, nor word, nor colour has to carry a state alone."""

from typing import NamedTuple

from cronsole import marks
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus, ScheduleView
from cronsole_tui.views.entry import is_failing
from cronsole_tui.views.line import Tone


class Mark(NamedTuple):
    """How a state looks: one cell in Unicode, one in ASCII, its word, what it means."""

    glyph: str
    letter: str
    word: str
    tone: Tone


OK = Mark(*marks.OK, Tone.GOOD)
FAILED = Mark(*marks.FAILED, Tone.BAD)
LATE = Mark(*marks.LATE, Tone.BAD)
RUNNING = Mark(*marks.RUNNING, Tone.BUSY)
WAITING = Mark(*marks.QUEUED, Tone.BUSY)
PAUSED = Mark(*marks.PAUSED, Tone.WARN)
DISABLED = Mark(*marks.DISABLED, Tone.FAINT)
EXHAUSTED = Mark(*marks.EXHAUSTED, Tone.FAINT)
NEVER_RAN = Mark(*marks.NEVER_RAN, Tone.FAINT)
CANCELLED = Mark(*marks.CANCELLED, Tone.QUIET)

_RUNS = {
    RunState.QUEUED: WAITING,
    RunState.STARTING: Mark(*marks.STARTING, Tone.BUSY),
    RunState.RUNNING: RUNNING,
    RunState.SUCCEEDED: OK,
    RunState.FAILED: FAILED,
    RunState.TIMED_OUT: Mark(*marks.TIMED_OUT, Tone.BAD),
    RunState.CANCELLED: CANCELLED,
    RunState.LOST: Mark(*marks.LOST, Tone.BAD),
    RunState.SKIPPED: Mark(*marks.SKIPPED, Tone.QUIET),
    RunState.MISSED: Mark(*marks.MISSED, Tone.WARN),
}

_STATUSES = {
    ScheduleStatus.PAUSED: PAUSED,
    ScheduleStatus.DISABLED: DISABLED,
    ScheduleStatus.EXHAUSTED: EXHAUSTED,
}


def of_run(state: RunState) -> Mark:
    return _RUNS[state]


def of_schedule(schedule: ScheduleView) -> tuple[Mark, Mark | None]:
    """Return the mark that matters most, and a second one where one state would hide another.

    A schedule that fails goes on to be shown as failing while it runs again or is paused.
    """
    second = RUNNING if schedule.running else _STATUSES.get(schedule.status)
    if is_failing(schedule):
        return FAILED, second
    if schedule.is_late:
        return LATE, second
    if second is not None:
        return second, _STATUSES.get(schedule.status) if schedule.running else None
    if schedule.waiting:
        return WAITING, None
    last = schedule.last
    return (NEVER_RAN if last is None else of_run(last.state)), None


def shown(mark: Mark, *, ascii_only: bool) -> str:
    return mark.letter if ascii_only else mark.glyph
