"""The ledger's contract: reading what was, and letting go of it."""

import pytest
from tests.contract.conftest import Shelf
from tests.contract.ledger_rows import SLOT, claim, defined, finished, make, manual, missed, watermark

from cronsole.model.run import Cause, Range, Retrying, Run, RunState, SkipReason, Started
from cronsole.store.base import Batch, Ledger, Pruned, Retention, RunFilter


async def _ids(ledger: Ledger, matching: RunFilter, **page: object) -> list[str]:
    return [run.run_id for run in await ledger.runs(matching, **page)]  # type: ignore[arg-type]


async def _pruned(ledger: Ledger, retention: Retention, now: int = 0) -> Pruned:
    """Prune to the end; return it all as one."""
    rows = 0
    files: tuple[str, ...] = ()
    while (pruned := await ledger.prune(retention, now)).rows:
        rows, files = rows + pruned.rows, files + pruned.output_files
    return Pruned(rows, files)


@pytest.fixture
async def mixed(ledger: Ledger) -> list[Run]:
    """Six rows of two schedules, oldest first."""
    runs = [
        claim(1),
        claim(2, schedule_id="back_up"),
        claim(3, state=RunState.SKIPPED, reason=SkipReason.DAYS),
        manual(4),
        claim(5, schedule_id="back_up", cause=Cause.CATCHUP),
        claim(6),
    ]
    await ledger.commit(Batch(states=[defined(), defined("back_up")]))
    await make(ledger, runs[0], runs[1], runs[2])
    await make(ledger, runs[3], state=RunState.FAILED)
    await make(ledger, runs[4])
    await ledger.commit(Batch(claims=[runs[5]]))
    return runs


@pytest.mark.parametrize(
    ("matching", "numbers"),
    [
        (RunFilter(), [6, 5, 4, 3, 2, 1]),
        (RunFilter(schedule_ids=("back_up",)), [5, 2]),
        (RunFilter(schedule_ids=("back%",)), []),
        (RunFilter(schedule_ids=("back_up", "tidy", "back_up")), [6, 5, 4, 3, 2, 1]),
        (RunFilter(states=(RunState.SUCCEEDED,)), [5, 2, 1]),
        (RunFilter(states=(RunState.QUEUED, RunState.FAILED)), [6, 4]),
        (RunFilter(states=(RunState.LOST,)), []),
        (RunFilter(causes=(Cause.MANUAL, Cause.CATCHUP)), [5, 4]),
        (RunFilter(causes=(Cause.SLOT,)), [6, 3, 2, 1]),
        (RunFilter(schedule_ids=("tidy",), states=(RunState.SUCCEEDED, RunState.QUEUED)), [6, 1]),
        (RunFilter(schedule_ids=("tidy",), causes=(Cause.MANUAL,)), [4]),
        (RunFilter(states=(RunState.SUCCEEDED,), causes=(Cause.CATCHUP,)), [5]),
        (RunFilter(since=3 * SLOT), [6, 5, 4, 3]),
        (RunFilter(until=3 * SLOT), [2, 1]),
        (RunFilter(since=2 * SLOT, until=5 * SLOT, schedule_ids=("tidy",)), [4, 3]),
        (RunFilter(since=9 * SLOT), []),
        (RunFilter(until=9 * SLOT, states=(RunState.FAILED,)), [4]),
    ],
)
async def test_runs_are_found_by_what_they_are_newest_first(
    ledger: Ledger, mixed: list[Run], matching: RunFilter, numbers: list[int]
):
    assert await _ids(ledger, matching) == [mixed[number - 1].run_id for number in numbers]


@pytest.mark.parametrize("matching", [RunFilter(), RunFilter(states=(RunState.SUCCEEDED, RunState.MISSED))])
async def test_pages_follow_one_another_without_a_gap_or_a_repeat(ledger: Ledger, matching: RunFilter):
    await make(ledger, *(claim(number) for number in range(1, 8)), missed(8, 8, 9))
    read: list[str] = []
    while page := await _ids(ledger, matching, limit=3, before=read[-1] if read else None):
        read += page
    assert read == [missed(8, 8, 9).run_id] + [claim(number).run_id for number in range(7, 0, -1)]


async def test_a_run_that_comes_between_two_pages_shifts_nothing(ledger: Ledger):
    await make(ledger, *(claim(number) for number in range(1, 5)))
    first = await _ids(ledger, RunFilter(), limit=2)
    await make(ledger, claim(5))
    assert await _ids(ledger, RunFilter(), limit=2, before=first[-1]) == [claim(2).run_id, claim(1).run_id]


async def test_a_slots_verdict_is_its_own_row(ledger: Ledger):
    await make(ledger, claim(1), claim(2))
    assert await ledger.slot_verdict("tidy", 2 * SLOT) == await ledger.run(claim(2).run_id)


async def test_a_slots_verdict_may_be_a_range_around_it(ledger: Ledger):
    await ledger.commit(Batch(claims=[missed(2, 2, 6), claim(7)]))
    for slot in (2, 4, 6):
        assert await ledger.slot_verdict("tidy", slot * SLOT) == missed(2, 2, 6)
    assert await ledger.slot_verdict("tidy", 7 * SLOT) == claim(7)


async def test_a_slot_without_a_verdict_has_none(ledger: Ledger):
    await ledger.commit(Batch(claims=[missed(2, 2, 6), claim(8)]))
    for slot in (1, 7, 9):
        assert await ledger.slot_verdict("tidy", slot * SLOT) is None
    assert await ledger.slot_verdict("other", 4 * SLOT) is None
    assert await ledger.slot_verdict("tidy", 8 * SLOT, "n1") is None


async def test_a_run_that_stands_for_earlier_slots_gives_them_their_verdict(ledger: Ledger):
    run = claim(5, stands_for=Range(3, 3 * SLOT, 5 * SLOT))
    await ledger.commit(Batch(claims=[run]))
    assert await ledger.slot_verdict("tidy", 4 * SLOT) == run


async def test_the_last_run_of_a_schedule_is_its_newest_that_ended(ledger: Ledger, mixed: list[Run]):
    found = await ledger.last_runs()
    assert {key: run.run_id for key, run in found.items()} == {
        "tidy": mixed[3].run_id,
        "back_up": mixed[4].run_id,
    }


async def test_a_schedule_that_never_ran_has_no_last_run(ledger: Ledger):
    skipped = claim(1, state=RunState.SKIPPED, reason=SkipReason.DAYS)
    await ledger.commit(Batch(states=[defined()], claims=[skipped, claim(2)]))
    assert await ledger.last_runs() == {}


async def test_pruning_keeps_the_newest_successes_and_failures_apart(ledger: Ledger):
    runs = [claim(number) for number in range(1, 11)]
    for run in runs:
        await make(ledger, run, state=RunState.FAILED if run.fence % 2 else RunState.SUCCEEDED)
    assert (await _pruned(ledger, Retention(keep_successes=3, keep_failures=1))).rows == 6
    kept = {int(run_id[:4]) for run_id in await _ids(ledger, RunFilter())}
    assert kept == {10, 8, 6, 9}


async def test_pruning_counts_each_schedule_by_itself(ledger: Ledger):
    await make(ledger, *(claim(number) for number in range(1, 4)))
    await make(ledger, *(claim(number, schedule_id="other") for number in range(1, 3)))
    assert (await _pruned(ledger, Retention(2, 2))).rows == 1
    assert await ledger.run(claim(1).run_id) is None


async def test_verdicts_without_a_run_count_with_the_successes(ledger: Ledger):
    await make(ledger, claim(1), missed(2, 2, 3), claim(4, state=RunState.SKIPPED, reason=SkipReason.DAYS))
    await _pruned(ledger, Retention(keep_successes=1, keep_failures=0))
    assert await _ids(ledger, RunFilter()) == [claim(4).run_id]


async def test_pruning_lets_go_of_what_is_too_old_and_of_nothing_else(ledger: Ledger):
    await make(ledger, claim(1), claim(3))
    await make(ledger, manual(2), manual(4), state=RunState.FAILED)
    retention = Retention(max_success_age_ms=2 * SLOT, max_failure_age_ms=4 * SLOT)
    await _pruned(ledger, retention, now=5 * SLOT + 1)
    assert await _ids(ledger, RunFilter()) == [manual(4).run_id, claim(3).run_id, manual(2).run_id]


async def test_pruning_never_touches_a_run_that_has_not_ended(ledger: Ledger):
    await ledger.commit(Batch(claims=[claim(1), claim(2)], runs=[manual(3)]))
    await ledger.commit(Batch(changes=[Started(claim(2).run_id, 2, 5, 7)]))
    retention = Retention(0, 0, max_success_age_ms=0, max_failure_age_ms=0)
    assert (await _pruned(ledger, retention, now=99 * SLOT)).rows == 0
    assert len(await ledger.unfinished_runs()) == 3


async def test_a_run_that_is_due_in_the_future_waits_through_restarts_and_pruning(shelf: Shelf):
    later = manual(1, due_at=99 * SLOT)
    await shelf.ledger.commit(Batch(runs=[later]))
    assert (await _pruned(shelf.ledger, Retention(0, 0, 0, 0), now=50 * SLOT)).rows == 0
    assert await (await shelf.reopen()).unfinished_runs() == [later]


async def test_pruning_leaves_the_watermark_where_it_is(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()]))
    await make(ledger, claim(1), claim(2))
    await _pruned(ledger, Retention(0, 0))
    assert await watermark(ledger) == 2 * SLOT


async def test_pruning_returns_the_output_files_of_runs_and_of_their_attempts(ledger: Ledger):
    await ledger.commit(Batch(claims=[claim(1)]))
    failed = finished(claim(1), RunState.FAILED, output_file="first.log")
    await ledger.commit(Batch(changes=[Retrying(claim(1).run_id, 2, 5, failed, 2, 6)]))
    await ledger.commit(Batch(changes=[finished(claim(1), fence=2, output_file="second.log")]))
    pruned = await _pruned(ledger, Retention(0, 0))
    assert set(pruned.output_files) == {"first.log", "second.log"}
    assert await ledger.attempts(claim(1).run_id) == []


async def test_pruning_goes_in_slices_and_comes_to_an_end(ledger: Ledger):
    rows = [manual(1, schedule_id="busy", run_id=f"m{n:06}", state=RunState.SUCCEEDED) for n in range(2500)]
    await ledger.commit(Batch(runs=rows))
    slices = []
    while (pruned := await ledger.prune(Retention(100, 100), 0)).rows:
        slices.append(pruned.rows)
    assert sum(slices) == 2400
    assert max(slices) <= 1000
