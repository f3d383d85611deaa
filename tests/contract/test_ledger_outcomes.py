"""The ledger's contract: the newest outcomes of schedules, and what all kept rows say together."""

import pytest
from tests.contract.ledger_rows import SLOT, claim, defined, finished, make, manual, missed

from cronsole.model.run import Cause, Retrying, RunState, SkipReason
from cronsole.store.base import Archived, Batch, Ended, History, Ledger, Timed


async def _recent(ledger: Ledger, *schedule_ids: str, **fields: int) -> list[int]:
    outcomes = await ledger.recent_outcomes(schedule_ids or ("tidy",), **fields)
    return [int(ended.run_id[:4]) for ended in outcomes.get("tidy", ())]


async def test_an_outcome_says_what_became_of_the_run(ledger: Ledger):
    run = claim(1)
    await ledger.commit(Batch(claims=[run]))
    failed = finished(run, RunState.FAILED, exit_code=1)
    await ledger.commit(Batch(changes=[Retrying(run.run_id, 2, 70, failed, 2, 80)]))
    end = finished(run, RunState.TIMED_OUT, fence=2, at=95, started_at=90, exit_code=143, detail="too long")
    await ledger.commit(Batch(changes=[end]))
    expected = Ended(
        run_id=run.run_id,
        state=RunState.TIMED_OUT,
        cause=Cause.SLOT,
        created_at=run.created_at,
        started_at=90,
        finished_at=95,
        exit_code=143,
        attempt=2,
        detail="too long",
    )
    assert await ledger.recent_outcomes(["tidy"]) == {"tidy": (expected,)}
    assert expected.duration_ms == 5


async def test_the_newest_outcomes_are_returned_the_newest_last(ledger: Ledger):
    await make(ledger, *(claim(number) for number in range(1, 21)))
    assert await _recent(ledger) == list(range(9, 21))
    assert await _recent(ledger, limit=3) == [18, 19, 20]


async def test_runs_by_hand_take_their_place_among_those_of_slots(ledger: Ledger):
    await make(ledger, claim(1), manual(2), claim(3), manual(4), claim(5))
    assert await _recent(ledger) == [1, 2, 3, 4, 5]
    assert await _recent(ledger, limit=2) == [4, 5]


async def test_neither_verdicts_without_a_run_nor_runs_that_go_on_are_outcomes(ledger: Ledger):
    await make(ledger, claim(1), claim(2, state=RunState.SKIPPED, reason=SkipReason.DAYS), missed(4, 3, 4))
    await ledger.commit(Batch(claims=[claim(5)], runs=[manual(6)]))
    assert await _recent(ledger) == [1]


async def test_a_run_among_many_skipped_slots_is_found(ledger: Ledger):
    skipped = [claim(number, state=RunState.SKIPPED, reason=SkipReason.PAUSED) for number in range(2, 400)]
    await make(ledger, claim(1))
    await ledger.commit(Batch(claims=skipped[:1]))
    for run in skipped[1:]:
        await ledger.commit(Batch(claims=[run]))
    assert await _recent(ledger) == [1]


async def test_without_ids_all_schedules_in_force_are_told_of(ledger: Ledger):
    names = [f"s{number:04}" for number in range(1_300)]
    await ledger.commit(Batch(states=[defined(name) for name in (*names, "gone", "never")]))
    rows = [
        claim(1, schedule_id=name, state=RunState.SUCCEEDED) for name in (*names, "gone", "never_defined")
    ]
    await ledger.commit(Batch(claims=rows, states=[Archived("gone", 5)]))
    assert sorted(await ledger.recent_outcomes()) == names


async def test_a_schedule_without_rows_has_an_empty_history(ledger: Ledger):
    assert await ledger.statistics("tidy") == History(counts={})


async def test_a_history_counts_every_state(ledger: Ledger):
    await make(ledger, claim(1), claim(2), manual(3))
    await make(ledger, claim(4), state=RunState.CANCELLED)
    await make(ledger, claim(5, state=RunState.SKIPPED, reason=SkipReason.DAYS), missed(7, 6, 7))
    await make(ledger, claim(1, schedule_id="other"), state=RunState.LOST)
    await ledger.commit(Batch(claims=[claim(8)]))
    assert (await ledger.statistics("tidy")).counts == {
        RunState.SUCCEEDED: 3,
        RunState.CANCELLED: 1,
        RunState.SKIPPED: 1,
        RunState.MISSED: 1,
        RunState.QUEUED: 1,
    }


async def test_a_history_tells_how_long_runs_took_that_went_to_their_end(ledger: Ledger):
    states = (RunState.FAILED, RunState.SUCCEEDED, RunState.CANCELLED, RunState.LOST, RunState.TIMED_OUT)
    for number, state in enumerate(states, 1):
        await make(ledger, claim(number), state=state, started_at=number * SLOT, at=number * SLOT + number)
    await make(ledger, manual(6), started_at=6 * SLOT, at=6 * SLOT + 6)
    await make(ledger, claim(7))  # never told as started
    assert (await ledger.statistics("tidy")).timed == (
        Timed(SLOT + 1, 1, RunState.FAILED),
        Timed(2 * SLOT + 2, 2, RunState.SUCCEEDED),
        Timed(5 * SLOT + 5, 5, RunState.TIMED_OUT),
        Timed(6 * SLOT + 6, 6, RunState.SUCCEEDED),
    )


@pytest.mark.parametrize(
    ("states", "last_success", "last_failure", "failing_since"),
    [
        ("s", 1, None, None),
        ("f", None, 1, 1),
        ("sff", 1, 3, 2),
        ("fsf", 2, 3, 3),
        ("ffs", 3, 2, None),
        ("sfcf", 1, 4, 2),
        ("slt", 1, 3, 2),
        ("c", None, None, None),
    ],
)
async def test_a_history_tells_since_when_a_schedule_fails(
    ledger: Ledger,
    states: str,
    last_success: int | None,
    last_failure: int | None,
    failing_since: int | None,
):
    words = {
        "s": RunState.SUCCEEDED,
        "f": RunState.FAILED,
        "c": RunState.CANCELLED,
        "l": RunState.LOST,
        "t": RunState.TIMED_OUT,
    }
    for number, letter in enumerate(states, 1):
        began = number * SLOT
        await make(ledger, claim(number), state=words[letter], started_at=began, at=began + 9)
    found = await ledger.statistics("tidy")
    told = (found.last_success, found.last_failure)
    assert told == tuple(number and number * SLOT + 9 for number in (last_success, last_failure))
    assert found.failing_since == (failing_since and failing_since * SLOT)


async def test_a_success_that_began_before_a_failure_and_ended_after_it_ends_the_failing(ledger: Ledger):
    await make(ledger, claim(1), started_at=SLOT, at=9 * SLOT)
    await make(ledger, claim(2), state=RunState.FAILED, started_at=2 * SLOT, at=3 * SLOT)
    assert (await ledger.statistics("tidy")).failing_since is None


async def test_a_failure_that_ended_after_the_last_success_counts_though_it_began_before(ledger: Ledger):
    await make(ledger, claim(1), state=RunState.FAILED, started_at=SLOT, at=9 * SLOT)
    await make(ledger, claim(2), started_at=2 * SLOT, at=3 * SLOT)
    assert (await ledger.statistics("tidy")).failing_since == SLOT


async def test_failures_are_counted_by_when_their_runs_were_made(ledger: Ledger):
    runs = [claim(number) for number in range(1, 7)]
    await ledger.commit(Batch(claims=runs))
    ends = [RunState.FAILED, RunState.SUCCEEDED, RunState.LOST, RunState.TIMED_OUT, RunState.CANCELLED]
    for run, state in zip(runs, ends, strict=False):
        await ledger.commit(Batch(changes=[finished(run, state)]))
    first, last = runs[0].created_at, runs[3].created_at
    whole = last - first + 1
    assert await ledger.failure_counts(first, last + 1, whole) == {0: 3}
    assert sum((await ledger.failure_counts(first, last, whole)).values()) == 2
    assert await ledger.failure_counts(last + 1_000_000, last + 2_000_000, 10) == {}
