import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.errors import KeyReused, NotNow, ScheduleDisabled, UnknownRun, UnknownSchedule
from cronsole.model.ask import TriggerAsk
from cronsole.model.event import RunFinished
from cronsole.model.instant import from_iso
from cronsole.model.policy import Conditions, Overlap
from cronsole.model.run import Cause, Range, Run

SLOT = from_iso("2026-11-20T00:01Z")


async def row(house: House, run_id: str) -> Run:
    await house.settle()
    run = await house.engine.ledger.run(run_id)
    assert run is not None
    return run


async def test_a_failed_run_is_done_once_more_for_its_slot(house: House) -> None:
    await house.start(schedule("gc", "0-1 0 * * *", calls("fail_at_first")))
    await house.seconds(61)
    (failed,) = await house.rows("gc")
    retried = await house.engine.control.retry(failed.run_id, actor="ann")
    await house.seconds(1)
    run = await row(house, retried)
    assert (run.state, run.cause, run.actor, run.slot) == ("succeeded", Cause.MANUAL, "ann", None)
    assert run.stands_for == Range(1, SLOT, SLOT)
    assert (await row(house, failed.run_id)).state == "failed"
    assert [context.scheduled_at_ms for context in handlers_in_tests.calls] == [SLOT, SLOT]


async def test_a_command_finds_the_slot_that_it_repeats_in_its_environment(house: House) -> None:
    await house.start(schedule("gc", "1 0 * * *", shell('echo "for $CRONSOLE_SLOT"')))
    await house.seconds(61)
    ended = await house.until(RunFinished)
    retried = await house.engine.control.retry(ended.run_id, actor="ann")
    await house.until(RunFinished, count=2)
    assert (await row(house, retried)).output == "for 2026-11-20T00:01Z\n"


async def test_a_retry_moves_neither_the_watermark_nor_the_count_of_runs(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", max_runs=5))
    await house.seconds(61)
    (ended,) = await house.rows("gc")
    before = (await house.engine.ledger.schedule_states())["gc"]
    await house.engine.control.retry(ended.run_id, actor="ann")
    await house.seconds(1)
    assert (await house.engine.ledger.schedule_states())["gc"] == before


async def test_a_retry_carries_the_same_payload(house: House) -> None:
    await house.start(schedule("gc", "@yearly", calls("note")))
    first = await house.engine.control.trigger("gc", TriggerAsk(payload={"day": 1}), actor="ops")
    await house.seconds(1)
    second = await house.engine.control.retry(first, actor="ann")
    await house.seconds(1)
    assert [context.payload for context in handlers_in_tests.calls] == ['{"day":1}'] * 2
    assert (await row(house, second)).stands_for is None


async def test_what_a_retry_repeats_is_told_while_it_waits_and_in_the_audit_trail(house: House) -> None:
    await house.start(schedule("gc", "@yearly", calls("hold")))
    first = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    handlers_in_tests.gates[first].set()
    await house.seconds(1)
    await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    retried = await house.engine.control.retry(first, actor="ann")
    run = await row(house, retried)
    assert (run.state, run.detail) == ("queued", f"repeats {first}")
    (newest, *_) = await house.engine.ledger.audit_trail()
    assert (newest.verb, newest.actor, newest.target) == ("retry", "ann", "gc")
    assert newest.detail == f"{first} as {retried}"


async def test_a_slot_that_was_skipped_can_be_run_after_all(house: House) -> None:
    await house.start(schedule("gc", "1 0 * * *", conditions=Conditions(environment=frozenset({"staging"}))))
    await house.seconds(61)
    (skipped,) = await house.rows("gc")
    assert skipped.state == "skipped"
    retried = await house.engine.control.retry(skipped.run_id, actor="ann")
    await house.seconds(1)
    run = await row(house, retried)
    assert (run.state, run.stands_for, run.bypassed) == ("succeeded", Range(1, SLOT, SLOT), "environment")
    assert (await row(house, skipped.run_id)).state == "skipped"


async def test_slots_that_were_missed_can_be_run_after_all_by_one_run(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.stop()
    house.clock.step(10 * 60_000)
    await house.start()
    await house.seconds(5)
    missed, _ = await house.rows("gc")
    retried = await house.engine.control.retry(missed.run_id, actor="ann")
    await house.seconds(1)
    run = await row(house, retried)
    assert missed.stands_for is not None
    assert (run.state, run.stands_for, missed.stands_for.count) == ("succeeded", missed.stands_for, 9)


async def test_a_run_that_has_not_ended_is_not_repeated(house: House) -> None:
    await house.start(schedule("gc", "1 0 * * *", calls("hold")))
    await house.seconds(61)
    (run,) = await house.rows("gc")
    with pytest.raises(NotNow, match=f"{run.run_id} has not ended: it is running"):
        await house.engine.control.retry(run.run_id, actor="ann")


async def test_a_run_that_nobody_knows_is_not_repeated(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    with pytest.raises(UnknownRun, match="'nonsense'"):
        await house.engine.control.retry("nonsense", actor="ann")


async def test_a_run_of_a_schedule_that_is_gone_or_disabled_is_not_repeated(house: House) -> None:
    await house.start(schedule("gc", "@yearly"), schedule("b", "@yearly"))
    run_id = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    await house.reload(schedule("gc", "@yearly", enabled=False), schedule("b", "@yearly"))
    with pytest.raises(ScheduleDisabled):
        await house.engine.control.retry(run_id, actor="ann")
    await house.reload(schedule("b", "@yearly"))
    with pytest.raises(UnknownSchedule):
        await house.engine.control.retry(run_id, actor="ann")


async def test_a_retry_under_a_key_is_made_once(house: House) -> None:
    await house.start(schedule("gc", "@yearly", overlap=Overlap.QUEUE_ALL))
    first = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    made = await house.engine.control.retry(first, actor="ann", idempotency_key="k")
    await house.restart()
    assert await house.engine.control.retry(first, actor="ann", idempotency_key="k") == made
    with pytest.raises(KeyReused):
        await house.engine.control.trigger("gc", actor="ann", idempotency_key="k")
    assert len(await house.rows("gc")) == 2
