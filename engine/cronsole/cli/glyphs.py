"""How states look on the command line: the marks of all, each in a colour that none of them needs to be known by."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from cronsole import marks
from cronsole.model.prospect import StepOutcome
from cronsole.model.run import RunState
from cronsole.model.view import RunBrief, Spark

FAINT: Final = "dim"
STRONG: Final = "bold"
BAD: Final = "bold red"
WARN: Final = "yellow"
GOOD: Final = "green"
BUSY: Final = "cyan"


class Look(NamedTuple):
    """A mark with the command line's colour."""

    glyph: str
    letter: str
    word: str
    style: str = ""

    def sign(self, has_glyphs: bool) -> str:
        return self.glyph if has_glyphs else self.letter

    def label(self, has_glyphs: bool) -> str:
        return f"{self.sign(has_glyphs)} {self.word}"


_OF_RUN_STYLES: Final = {
    RunState.QUEUED: BUSY,
    RunState.STARTING: BUSY,
    RunState.RUNNING: BUSY,
    RunState.SUCCEEDED: GOOD,
    RunState.FAILED: BAD,
    RunState.TIMED_OUT: BAD,
    RunState.CANCELLED: WARN,
    RunState.LOST: BAD,
    RunState.SKIPPED: FAINT,
    RunState.MISSED: WARN,
}
_OF_STEP_STYLES: Final = {StepOutcome.PASSES: GOOD, StepOutcome.STOPS: BAD, StepOutcome.NOTE: FAINT}

OF_RUN: Final = {state: Look(*marks.OF_RUN[state], style) for state, style in _OF_RUN_STYLES.items()}
OF_STEP: Final = {outcome: Look(*marks.OF_STEP[outcome], style) for outcome, style in _OF_STEP_STYLES.items()}


class Mark(NamedTuple):
    """One run in a strip."""

    sign: str
    style: str


def strip_of(runs: Iterable[Spark | RunBrief], typical_ms: int | None, has_glyphs: bool) -> tuple[Mark, ...]:
    """Return a mark for each run: a bar for a success, as high as it was long, else the sign of its state."""
    return tuple(_mark(run, typical_ms, has_glyphs) for run in runs)


def _mark(run: Spark | RunBrief, typical_ms: int | None, has_glyphs: bool) -> Mark:
    look = OF_RUN[run.state]
    if run.state is not RunState.SUCCEEDED:
        return Mark(look.sign(has_glyphs), look.style)
    # A wall of green would outshout the failures.
    bars = marks.BARS if has_glyphs else marks.LETTER_BARS
    return Mark(bars[marks.bar_height(run.duration_ms, typical_ms)], "")
