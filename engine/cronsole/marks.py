"""Every state as a glyph, a letter and a word: the one table from which the command line and the console draw."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from cronsole.model.prospect import StepOutcome
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus


class Mark(NamedTuple):
    """One state: a cell of Unicode, a cell for where there is only ASCII, and what it is called."""

    glyph: str
    letter: str
    word: str


OK: Final = Mark("✓", "+", "ok")
FAILED: Final = Mark("✗", "x", "failed")
LATE: Final = Mark("!", "!", "late")
STARTING: Final = Mark("▷", ">", "starting")
RUNNING: Final = Mark("▶", ">", "running")
QUEUED: Final = Mark("◌", "o", "queued")
PAUSED: Final = Mark("‖", "=", "paused")
DISABLED: Final = Mark("○", "-", "disabled")
EXHAUSTED: Final = Mark("■", "#", "done")
NEVER_RAN: Final = Mark("·", ".", "never ran")
TIMED_OUT: Final = Mark("◴", "T", "timed out")
CANCELLED: Final = Mark("⊘", "c", "cancelled")
LOST: Final = Mark("?", "?", "lost")
SKIPPED: Final = Mark("–", "~", "skipped")
MISSED: Final = Mark("∅", "m", "missed")

OF_RUN: Final[Mapping[RunState, Mark]] = {
    RunState.QUEUED: QUEUED,
    RunState.STARTING: STARTING,
    RunState.RUNNING: RUNNING,
    RunState.SUCCEEDED: OK,
    RunState.FAILED: FAILED,
    RunState.TIMED_OUT: TIMED_OUT,
    RunState.CANCELLED: CANCELLED,
    RunState.LOST: LOST,
    RunState.SKIPPED: SKIPPED,
    RunState.MISSED: MISSED,
}

OF_STATUS: Final[Mapping[ScheduleStatus, Mark]] = {
    ScheduleStatus.PAUSED: PAUSED,
    ScheduleStatus.DISABLED: DISABLED,
    ScheduleStatus.EXHAUSTED: EXHAUSTED,
}

OF_STEP: Final[Mapping[StepOutcome, Mark]] = {
    StepOutcome.PASSES: Mark("✓", "+", "passes"),
    StepOutcome.STOPS: Mark("✗", "x", "stops"),
    StepOutcome.NOTE: Mark("·", ".", "note"),
}

# How long a run took, in a strip of runs, beside the marks of those that did not succeed.
BARS: Final = "▁▂▃▄▅▆▇█"
LETTER_BARS: Final = "_.-:=+*#"
