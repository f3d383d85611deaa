"""The ledger's contract: claims, watermarks, and a batch as one transaction."""

from typing import Any

import pytest
from tests.contract.conftest import Shelf
from tests.contract.ledger_rows import SLOT, claim, defined, finished, make, manual, missed, watermark

from cronsole.errors import CronsoleError
from cronsole.model.run import Range, RunState, SkipReason
from cronsole.store.base import AuditEntry, Batch, ClaimRetracted, Ledger, Retention, WatermarkMoved


async def test_a_claim_above_the_watermark_is_granted_and_read_back_whole(ledger: Ledger):
    run = claim(1, is_catchup=True, unfenced=True, boot_id="b", stands_for=Range(3, 1, SLOT))
    assert not (await ledger.commit(Batch(states=[defined()], claims=[run]))).refused
    assert await ledger.run(run.run_id) == run
    assert await watermark(ledger) == SLOT


async def test_a_claim_that_says_everything_is_read_back_whole(ledger: Ledger):
    run = claim(
        1,
        reason=SkipReason.OVERLAP,
        state=RunState.SKIPPED,
        stands_for=None,
        scope="n1",
        started_at=1,
        finished_at=2,
        retry_at=3,
        exit_code=4,
        detail="d",
        output="o",
        output_file="f",
        output_bytes=5,
        pid=6,
        pid_started=7,
        actor="a",
        payload="{}",
        bypassed="days",
    )
    await ledger.commit(Batch(claims=[run]))
    assert await ledger.run(run.run_id) == run


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": "{}"},
        {"actor": "ann"},
        {"detail": "why"},
        {"started_at": 5},
        {"pid": 7},
        {"reason": SkipReason.DAYS},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_a_claim_that_says_one_thing_more_is_read_back_whole(ledger: Ledger, fields: dict[str, Any]):
    run = claim(1, **fields)
    await ledger.commit(Batch(claims=[run]))
    assert await ledger.run(run.run_id) == run


async def test_a_claim_at_or_below_the_watermark_is_refused(ledger: Ledger):
    await ledger.commit(Batch(states=[defined(watermark=5 * SLOT)]))
    refused = (await ledger.commit(Batch(claims=[claim(4), claim(5), claim(6)]))).refused
    assert refused == {claim(4).run_id, claim(5).run_id}
    assert await ledger.run(claim(4).run_id) is None
    assert await watermark(ledger) == 6 * SLOT


async def test_a_slot_that_has_a_row_is_refused_even_above_the_watermark(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()], claims=[claim(3)]))
    await ledger.commit(Batch(states=[WatermarkMoved("tidy", 0)]))
    again = claim(3, run_id="other")
    assert (await ledger.commit(Batch(claims=[again]))).refused == {"other"}
    assert await watermark(ledger) == 0


async def test_one_refused_claim_does_not_hold_back_the_others_of_its_batch(ledger: Ledger):
    await make(ledger, claim(2))
    batch = Batch(claims=[claim(1), claim(1, schedule_id="other")], audit=[AuditEntry(1, "a", "v", "t")])
    assert (await ledger.commit(batch)).refused == {claim(1).run_id}
    assert await ledger.run(claim(1, schedule_id="other").run_id) is not None
    assert len(await ledger.audit_trail()) == 1


async def test_a_pruned_slot_can_never_be_claimed_again(ledger: Ledger):
    await make(ledger, *(claim(number) for number in range(1, 6)))
    while (await ledger.prune(Retention(0, 0), now=9 * SLOT)).rows:
        pass
    for number in range(1, 6):
        again = claim(number, run_id="again")
        assert (await ledger.commit(Batch(claims=[again]))).refused == {"again"}


async def test_scopes_have_watermarks_of_their_own(ledger: Ledger):
    claims = [claim(1, scope="n1"), claim(1, scope="n2"), claim(1)]
    assert not (await ledger.commit(Batch(claims=claims))).refused


async def test_a_missed_range_stands_before_the_run_that_follows_it_in_one_batch(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()]))
    assert not (await ledger.commit(Batch(claims=[missed(1, 1, 4), claim(5)]))).refused
    assert await watermark(ledger) == 5 * SLOT


async def test_a_claim_inside_a_missed_range_is_refused(ledger: Ledger):
    batch = Batch(states=[defined()], claims=[missed(1, 1, 4), claim(3)])
    assert (await ledger.commit(batch)).refused == {claim(3).run_id}


async def test_a_claim_without_a_slot_is_refused(ledger: Ledger):
    run = claim(1, stands_for=None)
    unplaced = manual(1, run_id=run.run_id)
    assert (await ledger.commit(Batch(claims=[unplaced]))).refused == {run.run_id}


async def test_runs_made_counts_claims_that_are_to_run_and_no_others(ledger: Ledger):
    skipped = claim(2, state=RunState.SKIPPED, reason=SkipReason.PAUSED)
    starting = claim(4, state=RunState.STARTING)
    await ledger.commit(Batch(states=[defined()], claims=[claim(1), skipped, missed(3, 3, 3), starting]))
    await ledger.commit(Batch(runs=[manual(5)]))
    assert (await ledger.schedule_states())["tidy"].runs_made == 2


async def test_a_manual_run_moves_no_watermark(ledger: Ledger):
    await ledger.commit(Batch(states=[defined(watermark=7)], runs=[manual(5)]))
    assert await watermark(ledger) == 7
    assert await ledger.run(manual(5).run_id) == manual(5)


async def test_a_run_written_twice_is_refused_the_second_time(ledger: Ledger):
    await ledger.commit(Batch(runs=[manual(5)]))
    assert (await ledger.commit(Batch(runs=[manual(5)]))).refused == {manual(5).run_id}


async def test_a_new_definition_never_lowers_the_watermark(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()], claims=[claim(5)]))
    await ledger.commit(Batch(states=[defined(watermark=SLOT)]))
    assert await watermark(ledger) == 5 * SLOT
    await ledger.commit(Batch(states=[defined(watermark=9 * SLOT)]))
    assert await watermark(ledger) == 9 * SLOT


async def test_a_watermark_moves_down_when_told_so(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()], claims=[claim(5)]))
    await ledger.commit(Batch(states=[WatermarkMoved("tidy", SLOT)]))
    assert await watermark(ledger) == SLOT


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.STARTING])
async def test_a_retracted_claim_leaves_nothing_and_its_slot_can_be_claimed_again(
    ledger: Ledger, state: RunState
):
    await ledger.commit(Batch(states=[defined(watermark=7)], claims=[claim(5, state=state)]))
    again = claim(5, run_id="again")
    retracted = ClaimRetracted(claim(5).run_id, "tidy", 7)
    assert not (await ledger.commit(Batch(states=[retracted]))).refused
    after = (await ledger.schedule_states())["tidy"]
    assert (after.watermark, after.runs_made) == (7, 0)
    assert not (await ledger.commit(Batch(claims=[again]))).refused


async def test_a_claim_that_ran_cannot_be_retracted(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()], claims=[claim(5)]))
    await ledger.commit(Batch(changes=[finished(claim(5))]))
    retracted = ClaimRetracted(claim(5).run_id, "tidy", 0)
    assert (await ledger.commit(Batch(states=[retracted]))).refused == {claim(5).run_id}
    assert await watermark(ledger) == 5 * SLOT


async def test_a_claim_can_be_retracted_and_made_anew_in_one_batch(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()], claims=[claim(5)]))
    batch = Batch(states=[ClaimRetracted(claim(5).run_id, "tidy", 0)], claims=[claim(4)])
    assert not (await ledger.commit(batch)).refused
    assert await watermark(ledger) == 4 * SLOT


async def test_a_batch_with_a_row_that_cannot_be_written_writes_nothing(ledger: Ledger):
    batch = Batch(
        states=[defined()],
        claims=[claim(1)],
        runs=[manual(2, due_at=2**70)],
        audit=[AuditEntry(1, "a", "v", "t")],
    )
    with pytest.raises((OverflowError, ValueError, CronsoleError)):
        await ledger.commit(batch)
    assert await ledger.schedule_states() == {}
    assert await ledger.run(claim(1).run_id) is None
    assert await ledger.audit_trail() == []


async def test_text_that_no_database_can_hold_does_not_block_the_others(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()], claims=[claim(1)], runs=[manual(2)]))
    changes = [finished(claim(1), output="caf\udce9"), finished(manual(2), output="fine")]
    assert not (await ledger.commit(Batch(changes=list(changes)))).refused
    run = await ledger.run(claim(1).run_id)
    assert run is not None
    assert run.output == "caf?"


async def test_an_empty_batch_is_committed(ledger: Ledger):
    assert not (await ledger.commit(Batch())).refused


async def test_each_fence_handed_out_is_above_the_last_and_every_start_begins_higher(shelf: Shelf):
    first = await shelf.ledger.next_fence()
    second = await shelf.ledger.next_fence()
    third = await (await shelf.reopen()).next_fence()
    assert first > 0
    assert first + 1_000_000 <= second
    assert second + 1_000_000 <= third
