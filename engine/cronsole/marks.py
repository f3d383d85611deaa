"""Every state as a glyph, a letter and a word: the one table from which the command line and the console draw."""

from collections.abc import Mapping
from math import log2
from typing import Final, NamedTuple

from cronsole.model.instant import SECOND, Millis
from cronsole.model.plugin import PluginStatus
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
STALE: Final = Mark("≈", "s", "stale")
UNLOADED: Final = Mark("□", "u", "unloaded")

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

OF_PLUGIN: Final[Mapping[PluginStatus, Mark]] = {
    PluginStatus.LOADED: Mark(OK.glyph, OK.letter, "loaded"),
    PluginStatus.STALE: STALE,
    PluginStatus.FAILED: FAILED,
    PluginStatus.DISABLED: DISABLED,
    PluginStatus.UNLOADED: UNLOADED,
}

OF_STEP: Final[Mapping[StepOutcome, Mark]] = {
    StepOutcome.PASSES: Mark("✓", "+", "passes"),
    StepOutcome.STOPS: Mark("✗", "x", "stops"),
    StepOutcome.NOTE: Mark("·", ".", "note"),
}

# How long a run took, in a strip of runs, beside the marks of those that did not succeed.
BARS: Final = "▁▂▃▄▅▆▇█"
LETTER_BARS: Final = "_.-:=+*#"

_HALF: Final = len(BARS) // 2 - 1
# Below this, a duration is noise.
_FINEST_MS: Final = SECOND


def bar_height(duration_ms: Millis | None, usual_ms: Millis | None) -> int:
    """Return how high the bar of a run stands, from 0 to 7; one whose duration nobody knows stands for the usual.

    What is usual stands half high, two steps are half or twice as long, and less than a step is none: noise makes no
    trend. Of what usually takes less than a second the bars begin at the bottom, so that they draw no eye.
    """
    if usual_ms is None:
        return 0
    if duration_ms is None:
        duration_ms = usual_ms
    usual = _HALF if usual_ms >= _FINEST_MS else 0
    steps = int(2 * log2(max(duration_ms, _FINEST_MS) / max(usual_ms, _FINEST_MS)))
    return min(max(usual + steps, 0), len(BARS) - 1)
