"""The ledger's contract: what happens to a run, under its fence."""

from typing import Any

from tests.contract.conftest import Shelf
from tests.contract.ledger_rows import claim, finished

from cronsole.model.run import (
    Attempt,
    Rejected,
    Requeued,
    Retrying,
    Run,
    RunChange,
    RunState,
    SkipReason,
    Started,
    Starting,
)
from cronsole.store.base import Batch, Ledger


async def _claimed(ledger: Ledger, **fields: Any) -> Run:
    run = claim(10, **fields)
    await ledger.commit(Batch(claims=[run]))
    return run


async def _now(ledger: Ledger, run: Run) -> Run:
    found = await ledger.run(run.run_id)
    assert found is not None
    return found


async def test_a_run_goes_from_queued_to_starting_to_running_to_its_end(ledger: Ledger):
    run = await _claimed(ledger)
    await ledger.commit(Batch(changes=[Starting(run.run_id, 10, 1, 100, "boot")]))
    starting = await _now(ledger, run)
    assert (starting.state, starting.started_at, starting.boot_id) == (RunState.STARTING, 100, "boot")
    await ledger.commit(Batch(changes=[Started(run.run_id, 10, 101, 7, 8, "boot", "out")]))
    running = await _now(ledger, run)
    assert (running.state, running.pid, running.pid_started, running.output_file) == (
        RunState.RUNNING,
        7,
        8,
        "out",
    )
    await ledger.commit(
        Batch(changes=[finished(run, RunState.FAILED, exit_code=3, detail="why", output="o")])
    )
    ended = await _now(ledger, run)
    assert (ended.state, ended.exit_code, ended.detail, ended.output) == (RunState.FAILED, 3, "why", "o")
    assert ended.started_at == 101
    assert ended.output_file == "out"


async def test_a_run_too_short_to_be_told_as_started_gets_its_start_with_its_end(ledger: Ledger):
    run = await _claimed(ledger, state=RunState.STARTING)
    await ledger.commit(Batch(changes=[finished(run, started_at=55)]))
    assert (await _now(ledger, run)).started_at == 55


async def test_all_of_a_run_may_stand_in_one_batch(ledger: Ledger):
    run = await _claimed(ledger)
    changes: list[RunChange] = [
        Starting(run.run_id, 10, 1, 100),
        Started(run.run_id, 10, 101, 7),
        Retrying(run.run_id, 11, 102, finished(run, RunState.FAILED), 2, 110),
        Starting(run.run_id, 11, 2, 110),
        finished(run, fence=11),
    ]
    assert not (await ledger.commit(Batch(changes=changes))).refused
    ended = await _now(ledger, run)
    assert (ended.state, ended.attempt, ended.fence) == (RunState.SUCCEEDED, 2, 11)
    assert [attempt.state for attempt in await ledger.attempts(run.run_id)] == [RunState.FAILED]


async def test_a_change_under_a_stale_fence_is_refused_and_changes_nothing(ledger: Ledger):
    run = await _claimed(ledger)
    before = await _now(ledger, run)
    stale = finished(run, fence=9)
    other = claim(11)
    batch = Batch(claims=[other], changes=[stale, finished(other)])
    assert (await ledger.commit(batch)).refused == {run.run_id}
    assert await _now(ledger, run) == before
    assert (await _now(ledger, other)).state is RunState.SUCCEEDED


async def test_a_change_under_a_higher_fence_takes_the_run_over(ledger: Ledger):
    run = await _claimed(ledger)
    await ledger.commit(Batch(changes=[Starting(run.run_id, 20, 1, 100)]))
    assert (await ledger.commit(Batch(changes=[finished(run)]))).refused == {run.run_id}
    assert (await _now(ledger, run)).fence == 20


async def test_a_run_that_has_ended_stays_as_it_ended(ledger: Ledger):
    run = await _claimed(ledger)
    await ledger.commit(Batch(changes=[finished(run)]))
    for change in (
        finished(run, RunState.LOST, fence=99),
        Starting(run.run_id, 99, 2, 200),
        Rejected(run.run_id, 99, 200, SkipReason.OVERLAP),
        Retrying(run.run_id, 99, 200, finished(run, RunState.FAILED), 2, 300),
        Requeued(run.run_id, 99),
    ):
        assert (await ledger.commit(Batch(changes=[change]))).refused == {run.run_id}
    assert (await _now(ledger, run)).state is RunState.SUCCEEDED
    assert await ledger.attempts(run.run_id) == []


async def test_a_change_of_a_run_that_does_not_exist_is_refused(ledger: Ledger):
    assert (await ledger.commit(Batch(changes=[finished(claim(1))]))).refused == {claim(1).run_id}


async def test_a_retry_archives_the_attempt_and_queues_the_run_again(ledger: Ledger):
    run = await _claimed(ledger)
    await ledger.commit(
        Batch(changes=[Starting(run.run_id, 10, 1, 90), Started(run.run_id, 10, 100, 7, 8, "b", "f")])
    )
    failed = finished(run, RunState.TIMED_OUT, at=150, exit_code=9, detail="slow", output="o", output_bytes=1)
    await ledger.commit(Batch(changes=[Retrying(run.run_id, 11, 150, failed, 2, 160)]))
    queued = await _now(ledger, run)
    assert (queued.state, queued.attempt, queued.retry_at, queued.fence) == (RunState.QUEUED, 2, 160, 11)
    assert (queued.pid, queued.exit_code, queued.output, queued.started_at) == (None, None, "", None)
    assert await ledger.attempts(run.run_id) == [
        Attempt(run.run_id, 1, 10, 100, 150, RunState.TIMED_OUT, 9, "slow", "o", "f", 1)
    ]


async def test_a_claim_rejected_at_its_start_ends_as_skipped(ledger: Ledger):
    run = await _claimed(ledger)
    await ledger.commit(Batch(changes=[Rejected(run.run_id, 10, 100, SkipReason.OVERLAP, "busy")]))
    ended = await _now(ledger, run)
    assert (ended.state, ended.reason, ended.detail, ended.finished_at) == (
        RunState.SKIPPED,
        SkipReason.OVERLAP,
        "busy",
        100,
    )


async def test_a_claim_that_was_to_start_at_once_goes_back_to_the_queue(ledger: Ledger):
    run = await _claimed(ledger, state=RunState.STARTING, boot_id="b")
    await ledger.commit(Batch(changes=[Requeued(run.run_id, 10)]))
    queued = await _now(ledger, run)
    assert (queued.state, queued.boot_id) == (RunState.QUEUED, "")


async def test_a_run_that_runs_does_not_go_back_to_the_queue(ledger: Ledger):
    run = await _claimed(ledger)
    await ledger.commit(Batch(changes=[Started(run.run_id, 10, 100, 7)]))
    assert (await ledger.commit(Batch(changes=[Requeued(run.run_id, 10)]))).refused == {run.run_id}


async def test_unfinished_runs_are_found_after_a_restart(shelf: Shelf):
    runs = [claim(number, schedule_id=f"s{number}") for number in range(1, 5)]
    await shelf.ledger.commit(Batch(claims=runs))
    changes: list[RunChange] = [
        finished(runs[0]),
        Started(runs[1].run_id, 2, 5, 7),
        Starting(runs[2].run_id, 3, 1, 5),
    ]
    await shelf.ledger.commit(Batch(changes=changes))
    found = await (await shelf.reopen()).unfinished_runs()
    assert [(run.run_id, run.state) for run in found] == [
        (runs[1].run_id, RunState.RUNNING),
        (runs[2].run_id, RunState.STARTING),
        (runs[3].run_id, RunState.QUEUED),
    ]
