from datetime import UTC, datetime

import pytest

from cronsole.cli.outcome import exit_code_of, sentence_of
from cronsole.model.run import Cause, RunState, SkipReason
from cronsole.model.view import RunView

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(state: RunState, **fields: object) -> RunView:
    known = {"run_id": "r1", "schedule_id": "gc", "cause": Cause.MANUAL, "due_at": NOON, "created_at": NOON}
    return RunView(state=state, **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "exit_code", "code"),
    [
        (RunState.SUCCEEDED, 0, 0),
        (RunState.SUCCEEDED, 3, 0),
        (RunState.FAILED, 3, 3),
        (RunState.FAILED, 0, 1),
        (RunState.FAILED, None, 1),
        (RunState.FAILED, -9, 137),
        (RunState.TIMED_OUT, -15, 124),
        (RunState.LOST, None, 125),
        (RunState.CANCELLED, -15, 130),
        (RunState.SKIPPED, None, 1),
        (RunState.MISSED, None, 1),
    ],
)
def test_each_end_of_a_run_has_its_exit_code(state: RunState, exit_code: int | None, code: int):
    assert exit_code_of(run(state, exit_code=exit_code)) == code


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (run(RunState.SUCCEEDED, duration_ms=1_200), "gc succeeded in 1.2s"),
        (run(RunState.FAILED, duration_ms=2_000, detail="exit code 3"), "gc failed after 2s: exit code 3"),
        (run(RunState.FAILED, attempt=3), "gc failed, at attempt 3"),
        (run(RunState.TIMED_OUT, duration_ms=900, detail="timed out after 1s"), "gc timed out after 1s"),
        (run(RunState.SKIPPED, reason=SkipReason.PAUSED), "gc skipped (paused)"),
        (run(RunState.LOST, detail="\x1b[31m"), "gc lost: \\x1b[31m"),
    ],
)
def test_the_end_of_a_run_is_told_in_a_sentence(view: RunView, told: str):
    assert sentence_of(view) == told
