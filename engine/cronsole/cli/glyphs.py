"""How states look: a glyph, a word and a colour for each, so that none of the three has to be seen to know it."""

from math import ceil, floor, log2
from typing import Final, NamedTuple

from cronsole.model.prospect import StepOutcome
from cronsole.model.run import RunState
from cronsole.model.view import RunBrief

FAINT: Final = "dim"
STRONG: Final = "bold"
BAD: Final = "bold red"
WARN: Final = "yellow"
GOOD: Final = "green"
BUSY: Final = "cyan"


class Look(NamedTuple):
    """One state on the screen; `plain` stands for the glyph where there is only ASCII."""

    glyph: str
    plain: str
    word: str
    style: str = ""

    def sign(self, has_glyphs: bool) -> str:
        return self.glyph if has_glyphs else self.plain

    def label(self, has_glyphs: bool) -> str:
        return f"{self.sign(has_glyphs)} {self.word}"


OF_RUN: Final = {
    RunState.QUEUED: Look("◦", "o", "queued", BUSY),
    RunState.STARTING: Look("▶", ">", "starting", BUSY),
    RunState.RUNNING: Look("▶", ">", "running", BUSY),
    RunState.SUCCEEDED: Look("✓", "+", "ok", GOOD),
    RunState.FAILED: Look("✗", "x", "failed", BAD),
    RunState.TIMED_OUT: Look("✗", "x", "timed out", BAD),
    RunState.CANCELLED: Look("⊘", "/", "cancelled", WARN),
    RunState.LOST: Look("✗", "x", "lost", BAD),
    RunState.SKIPPED: Look("↷", "~", "skipped", FAINT),
    RunState.MISSED: Look("!", "!", "missed", WARN),
}

OF_STEP: Final = {
    StepOutcome.PASSES: Look("✓", "+", "passes", GOOD),
    StepOutcome.STOPS: Look("✗", "x", "stops", BAD),
    StepOutcome.NOTE: Look("·", "-", "note", FAINT),
}

_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = "_.-:=+*#"
_USUAL: Final = 2
# Below this, a duration is noise.
_FINEST_MS: Final = 100


class Mark(NamedTuple):
    """One run in a strip."""

    sign: str
    style: str


def strip_of(runs: tuple[RunBrief, ...], typical_ms: int | None, has_glyphs: bool) -> tuple[Mark, ...]:
    """Return a mark for each run: a bar for a success, as high as it was long, else the sign of its state."""
    return tuple(_mark(run, typical_ms, has_glyphs) for run in runs)


def _mark(run: RunBrief, typical_ms: int | None, has_glyphs: bool) -> Mark:
    look = OF_RUN[run.state]
    if run.state is not RunState.SUCCEEDED:
        return Mark(look.sign(has_glyphs), look.style)
    # A wall of green would outshout the failures.
    return Mark((_BARS if has_glyphs else _PLAIN_BARS)[bar_height(run.duration_ms, typical_ms)], "")


def bar_height(duration_ms: int | None, typical_ms: int | None) -> int:
    """Return 0 to 7; 2 is the usual duration, two steps up double it, one step down halves it: noise makes no trend."""
    if duration_ms is None or not typical_ms:
        return _USUAL
    ratio = max(duration_ms, _FINEST_MS) / max(typical_ms, _FINEST_MS)
    steps = floor(2 * log2(ratio)) if ratio >= 1 else ceil(log2(ratio))
    return min(max(_USUAL + steps, 0), len(_BARS) - 1)
