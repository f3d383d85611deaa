"""Every state as a glyph, a word and a tone: none of the three alone has to carry it."""

from typing import NamedTuple

from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus, ScheduleView
from cronsole_tui.views.line import Tone


class Mark(NamedTuple):
    """How a state looks: one cell in Unicode, one in ASCII, its word, what it means."""

    glyph: str
    letter: str
    word: str
    tone: Tone


OK = Mark("✓", "+", "ok", Tone.GOOD)
FAILED = Mark("✗", "x", "failed", Tone.BAD)
LATE = Mark("!", "!", "late", Tone.BAD)
RUNNING = Mark("▶", ">", "running", Tone.BUSY)
WAITING = Mark("◌", ".", "queued", Tone.BUSY)
PAUSED = Mark("‖", "=", "paused", Tone.WARN)
DISABLED = Mark("○", "o", "disabled", Tone.FAINT)
EXHAUSTED = Mark("■", "#", "done", Tone.FAINT)
NEVER_RAN = Mark("·", ".", "never ran", Tone.FAINT)
CANCELLED = Mark("⊘", "c", "cancelled", Tone.QUIET)

_RUNS = {
    RunState.QUEUED: WAITING,
    RunState.STARTING: Mark("▷", ">", "starting", Tone.BUSY),
    RunState.RUNNING: RUNNING,
    RunState.SUCCEEDED: OK,
    RunState.FAILED: FAILED,
    RunState.TIMED_OUT: Mark("◴", "T", "timed out", Tone.BAD),
    RunState.CANCELLED: CANCELLED,
    RunState.LOST: Mark("?", "?", "lost", Tone.BAD),
    RunState.SKIPPED: Mark("–", "-", "skipped", Tone.QUIET),
    RunState.MISSED: Mark("∅", "m", "missed", Tone.WARN),
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
    if schedule.failures:
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
