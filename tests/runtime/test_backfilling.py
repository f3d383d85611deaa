from datetime import datetime

import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.errors import ConfigError, KeyReused, NotNow, ScheduleDisabled, UnknownSchedule
from cronsole.model.ask import BackfillAsk
from cronsole.model.event import RunFinished
from cronsole.model.instant import from_iso, to_datetime, to_iso
from cronsole.model.policy import Overlap, Retry
from cronsole.model.prospect import BackfillView
from cronsole.model.run import Cause, Range, Run


def ask(since: str, until: str, *, preview: bool = False) -> BackfillAsk:
    return BackfillAsk(since=moment(since), until=moment(until), preview=preview)


def moment(text: str) -> datetime:
    return to_datetime(from_iso(text))


YESTERDAY = ask("2026-11-19T01:00Z", "2026-11-19T04:00Z")


async def backfilled(house: House) -> list[Run]:
    return [run for run in await house.rows("gc") if run.cause is Cause.BACKFILL]


async def let_go(house: House) -> str:
    """End the run that holds, and return its slot."""
    context = handlers_in_tests.calls[-1]
    handlers_in_tests.gates[context.run_id].set()
    await house.seconds(1)
    return to_iso(context.scheduled_at_ms)


async def test_every_slot_of_the_range_runs_both_ends_included(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    view = await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.seconds(1)
    runs = await backfilled(house)
    slots = [from_iso(f"2026-11-19T0{hour}:00Z") for hour in (1, 2, 3, 4)]
    assert [run.stands_for for run in runs] == [Range(1, slot, slot) for slot in slots]
    assert [(run.state, run.slot, run.actor) for run in runs] == [("succeeded", None, "ann")] * 4
    assert view == BackfillView(
        schedule_id="gc",
        slots=4,
        first=moment("2026-11-19T01:00Z"),
        last=moment("2026-11-19T04:00Z"),
        run_ids=tuple(run.run_id for run in runs),
    )


async def test_they_run_oldest_first_one_after_another(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", calls("hold")))
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.seconds(1)
    for number in range(1, 5):
        assert len(handlers_in_tests.calls) == number
        assert await let_go(house) == f"2026-11-19T0{number}:00Z"
    assert [run.state for run in await backfilled(house)] == ["succeeded"] * 4


@pytest.mark.parametrize("overlap", list(Overlap))
async def test_none_is_dropped_whatever_happens_on_overlap(house: House, overlap: Overlap) -> None:
    await house.start(
        schedule("gc", "*/30 * * * *", calls("hold"), overlap=overlap, max_parallel=3, queue_limit=1)
    )
    await house.engine.control.backfill("gc", ask("2026-11-19T00:00Z", "2026-11-19T03:00Z"), actor="ann")
    await house.seconds(1900)
    while len(handlers_in_tests.gates) < 8:
        for gate in handlers_in_tests.gates.values():
            gate.set()
        await house.seconds(1)
    for gate in handlers_in_tests.gates.values():
        gate.set()
    await house.seconds(1)
    assert [run.state for run in await backfilled(house)] == ["succeeded"] * 7
    assert [run.state for run in await house.rows("gc") if run.slot is not None] == ["succeeded"]


async def test_only_one_runs_at_a_time_where_others_may_run_in_parallel(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", calls("hold"), overlap=Overlap.ALLOW, max_parallel=3))
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    running = [run.cause for run in await house.rows("gc") if run.state == "running"]
    assert running == [Cause.BACKFILL, Cause.MANUAL]
    await let_go(house)
    running = [run.cause for run in await house.rows("gc") if run.state == "running"]
    assert running == [Cause.BACKFILL]


async def test_a_slot_that_comes_meanwhile_goes_before_the_rest(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", calls("hold")))
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.seconds(3601)
    assert await let_go(house) == "2026-11-19T01:00Z"
    assert await let_go(house) == "2026-11-20T01:00Z"
    assert await let_go(house) == "2026-11-19T02:00Z"


async def test_slots_that_pile_up_behind_a_backfill_are_skipped_as_ever(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.engine.control.backfill("gc", ask("2026-11-19T00:00Z", "2026-11-19T00:01Z"), actor="ann")
    await house.seconds(181)
    assert [run.state for run in await house.rows("gc") if run.slot] == ["queued", "skipped", "skipped"]


async def test_a_backfill_moves_neither_the_watermark_nor_the_count_of_runs(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", max_runs=3))
    before = (await house.engine.ledger.schedule_states())["gc"]
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.seconds(1)
    assert len(await backfilled(house)) == 4
    assert (await house.engine.ledger.schedule_states())["gc"] == before


async def test_each_finds_its_slot_in_its_environment(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", shell('echo "for $CRONSOLE_SLOT"')))
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.until(RunFinished, count=4)
    assert [run.output for run in await backfilled(house)] == [
        f"for 2026-11-19T0{hour}:00Z\n" for hour in (1, 2, 3, 4)
    ]


async def test_a_slot_that_has_run_runs_again(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.seconds(61)
    await house.engine.control.backfill("gc", ask("2026-11-20T00:01Z", "2026-11-20T00:01Z"), actor="ann")
    await house.seconds(1)
    assert await house.verdicts("gc") == ["succeeded", "succeeded"]


async def test_one_that_fails_does_not_stop_the_others_and_is_tried_again_first(house: House) -> None:
    handlers_in_tests.failures_left["gc"] = 3
    await house.start(schedule("gc", "0 * * * *", calls("fail_at_first"), retry=Retry(attempts=1)))
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.seconds(60)
    assert [(run.state, run.attempt) for run in await backfilled(house)] == [
        ("failed", 2),
        ("succeeded", 2),
        ("succeeded", 1),
        ("succeeded", 1),
    ]


async def test_a_backfill_goes_on_after_a_kill_in_its_order(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", calls("hold")))
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.seconds(1)
    await house.kill()
    await house.start()
    await house.seconds(1)
    assert await let_go(house) == "2026-11-19T02:00Z"
    assert await let_go(house) == "2026-11-19T03:00Z"
    assert await let_go(house) == "2026-11-19T04:00Z"
    assert [run.state for run in await backfilled(house)] == ["lost", *["succeeded"] * 3]


async def test_a_preview_tells_which_slots_there_are_and_runs_none(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    preview = ask("2026-11-19T01:00Z", "2026-11-19T04:00Z", preview=True)
    view = await house.engine.control.backfill("gc", preview, actor="ann")
    assert (view.slots, view.is_preview, view.run_ids) == (4, True, ())
    assert (view.first, view.last) == (moment("2026-11-19T01:00Z"), moment("2026-11-19T04:00Z"))
    assert await house.rows("gc") == []
    assert await house.engine.ledger.audit_trail() == []


async def test_slots_beyond_number_are_counted_without_going_through_them(house: House) -> None:
    await house.start(schedule("gc", "* * * * * *"))
    preview = ask("1970-01-01T00:00:00Z", "2026-11-19T23:59:59Z", preview=True)
    view = await house.engine.control.backfill("gc", preview, actor="ann")
    assert view.slots == 20_777 * 86_400


async def test_a_backfill_that_is_too_large_is_refused_with_its_size(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    with pytest.raises(ConfigError, match="1,001 slots are in this range; one backfill may have 1,000"):
        await house.engine.control.backfill("gc", ask("2026-11-19T00:00Z", "2026-11-19T16:40Z"), actor="ann")
    view = await house.engine.control.backfill(
        "gc", ask("2026-11-19T00:01Z", "2026-11-19T16:40Z"), actor="ann"
    )
    assert (view.slots, len(view.run_ids)) == (1_000, 1_000)


async def test_slots_that_have_not_come_are_refused(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    with pytest.raises(NotNow, match="gc has a slot at 2026-11-20T01:00Z, which has not come yet"):
        await house.engine.control.backfill("gc", ask("2026-11-19T01:00Z", "2026-11-20T02:00Z"), actor="ann")
    view = await house.engine.control.backfill(
        "gc", ask("2026-11-19T23:00Z", "2026-11-20T00:30Z"), actor="ann"
    )
    assert view.slots == 2


async def test_slots_outside_of_the_schedules_own_bounds_are_none(house: House) -> None:
    start, end = from_iso("2026-11-19T02:00Z"), from_iso("2026-11-19T03:00Z")
    await house.start(schedule("gc", "0 * * * *", start=start, end=end))
    view = await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    assert (view.first, view.last, view.slots) == (
        moment("2026-11-19T02:00Z"),
        moment("2026-11-19T03:00Z"),
        2,
    )


async def test_a_range_without_slots_runs_nothing_and_says_so(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    view = await house.engine.control.backfill(
        "gc", ask("2026-11-19T01:01Z", "2026-11-19T01:59Z"), actor="ann"
    )
    assert view == BackfillView(schedule_id="gc", slots=0)


async def test_a_range_that_ends_before_it_starts_is_refused(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    with pytest.raises(ConfigError, match=r"since: .* is after until"):
        await house.engine.control.backfill("gc", ask("2026-11-19T04:00Z", "2026-11-19T01:00Z"), actor="ann")


async def test_what_is_unknown_or_disabled_is_not_backfilled(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", enabled=False))
    with pytest.raises(ScheduleDisabled):
        await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    with pytest.raises(UnknownSchedule):
        await house.engine.control.backfill("cg", YESTERDAY, actor="ann")


async def test_a_backfill_under_a_key_is_made_once(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    made = await house.engine.control.backfill("gc", YESTERDAY, actor="ann", idempotency_key="k")
    await house.restart()
    assert await house.engine.control.backfill("gc", YESTERDAY, actor="ann", idempotency_key="k") == made
    assert len(await backfilled(house)) == 4
    other = ask("2026-11-19T01:00Z", "2026-11-19T05:00Z")
    with pytest.raises(KeyReused):
        await house.engine.control.backfill("gc", other, actor="ann", idempotency_key="k")


async def test_a_backfill_is_on_record(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    (entry,) = await house.engine.ledger.audit_trail()
    assert (entry.actor, entry.verb, entry.target) == ("ann", "backfill", "gc")
    assert entry.detail == "4 slots from 2026-11-19T01:00Z to 2026-11-19T04:00Z"


async def test_one_of_a_backfill_that_waits_can_be_cancelled(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", calls("hold")))
    view = await house.engine.control.backfill("gc", YESTERDAY, actor="ann")
    await house.seconds(1)
    await house.engine.control.cancel(view.run_ids[1], actor="ann")
    assert await let_go(house) == "2026-11-19T01:00Z"
    assert await let_go(house) == "2026-11-19T03:00Z"
