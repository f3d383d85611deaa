"""What became of a run, as an exit code and as a sentence."""

from typing import Final

from cronsole.model.instant import Millis
from cronsole.model.run import RunState
from cronsole.model.view import RunView
from cronsole.text import human_duration, safe

TIMED_OUT: Final = 124
"""What `timeout` exits with."""
LOST: Final = 125
CANCELLED: Final = 130
FAILED: Final = 1
_SIGNALLED: Final = 128

_CODES: Final = {
    RunState.SUCCEEDED: 0,
    RunState.TIMED_OUT: TIMED_OUT,
    RunState.CANCELLED: CANCELLED,
    RunState.LOST: LOST,
}
_WORDS: Final = {RunState.TIMED_OUT: "timed out"}


def exit_code_of(run: RunView) -> int:
    """Return what a command exits with that stands for a run which has ended.

    0 for success; a failed run's own code, 128 and the signal that ended it, 1 where it has neither; 124 when it timed
    out, 125 when it was lost, 130 when it was cancelled; 1 for a verdict without a run.
    """
    if run.state is not RunState.FAILED:
        return _CODES.get(run.state, FAILED)
    code = run.exit_code or 0
    if code < 0:
        return _SIGNALLED - code
    # A failed run may have exited with 0: its output spoke against it.
    return code % 256 or FAILED


def sentence_of(run: RunView) -> str:
    """Return how a run ended: `gc succeeded in 1.2s`, `gc failed after 2s, at attempt 2: exit code 3`."""
    word = _WORDS.get(run.state, run.state.value)
    if run.detail.startswith(word):
        return f"{safe(run.schedule_id)} {safe(run.detail)}"
    told = f"{safe(run.schedule_id)} {word}"
    if run.reason is not None:
        told += f" ({run.reason.value})"
    if run.duration_ms is not None:
        told += f" {_took(run.state, run.duration_ms)}"
    if run.attempt > 1:
        told += f", at attempt {run.attempt}"
    return f"{told}: {safe(run.detail)}" if run.detail else told


def _took(state: RunState, duration_ms: Millis) -> str:
    return f"{'in' if state is RunState.SUCCEEDED else 'after'} {human_duration(duration_ms)}"
