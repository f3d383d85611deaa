from tests.runtime.house import House, calls, schedule, shell

from cronsole.model.event import RunFinished
from cronsole.model.instant import HOUR, MINUTE, Instant, from_datetime, from_iso
from cronsole.model.policy import (
    CircuitBreaker,
    Conditions,
    Hours,
    MissedRunPolicy,
    Overlap,
    Retry,
)
from cronsole.model.prospect import StepOutcome, WhyView
from cronsole.model.schedule import Origin
from cronsole.model.trigger import ManualSpec, OnceSpec
from cronsole.planning.gates import Surroundings, explain
from cronsole.runtime.enactment import first_seen
from cronsole.runtime.why_steps import gate_of_reason

# The house's clock begins at half a second past midnight, 2026-11-20.
MIDNIGHT = from_iso("2026-11-20T00:00Z")


async def why(house: House, schedule_id: str = "gc", slot: Instant | None = None) -> WhyView:
    return await house.engine.facade.why(schedule_id, slot)


def stops(view: WhyView) -> list[str]:
    return [step.name for step in view.steps if step.outcome is StepOutcome.STOPS]


def detail(view: WhyView, name: str) -> str:
    (found,) = [step.detail for step in view.steps if step.name == name]
    return found


async def test_the_next_slot_will_run(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *", origin=Origin(name="sample.toml", line=14)))
    await house.seconds(60)
    told = await why(house)
    assert told.conclusion == "will run at 00:10:00 UTC, in 9m"
    assert [step.name for step in told.steps][:3] == ["trigger", "catalog", "owed"]
    assert [step.name for step in told.steps][-3:] == ["overlap", "limits", "ledger"]
    assert stops(told) == []
    assert detail(told, "trigger") == "every 10 minutes (UTC) has a slot at 00:10:00 UTC"
    assert detail(told, "catalog") == "in force from sample.toml:14"
    assert detail(told, "ledger") == "no verdict yet"


async def test_what_only_somebody_s_asking_runs_waits_for_that(house: House) -> None:
    await house.start(schedule("gc", ManualSpec()))
    told = await why(house)
    assert told.conclusion == "waits for somebody to ask: it never fires by time"
    assert detail(told, "trigger") == "when somebody asks, and never by time"
    assert stops(told) == []


async def test_what_only_somebody_s_asking_runs_says_that_it_runs_now_or_cannot(house: House) -> None:
    by_hand = schedule("gc", ManualSpec(), calls("hold"))
    await house.start(
        by_hand, schedule("off", ManualSpec(), enabled=False, origin=Origin(name="a.toml", line=2))
    )
    run_id = await house.engine.control.trigger("gc", actor="ann")
    assert (
        await why(house)
    ).conclusion == f"runs now, as run {run_id}, and then waits for somebody to ask again"
    assert (await why(house, "off")).conclusion == "cannot be asked for: it is disabled in a.toml:2"


async def test_a_slot_that_ran_tells_when_how_late_and_how_it_ended(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("exit 1")))
    await house.seconds(60)
    await house.until(RunFinished)
    told = await why(house, slot=MIDNIGHT + MINUTE)
    assert told.conclusion == "ran at 00:01:00 UTC, on time, and failed with exit code 1"
    assert told.run is not None
    assert told.run.exit_code == 1
    assert detail(told, "ledger").endswith("failed")


async def test_a_late_start_is_told_in_milliseconds(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", jitter_ms=20_000))
    await house.seconds(90)
    told = await why(house, slot=MIDNIGHT + MINUTE)
    assert told.conclusion.startswith("ran at 00:01:")
    assert told.conclusion.endswith("and succeeded")
    assert "±20s" in detail(told, "trigger")


async def test_a_slot_within_a_pause_names_who_paused_it_and_since_when(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops", reason="deploy")
    await house.seconds(70)
    told = await why(house, slot=MIDNIGHT + MINUTE)
    assert told.conclusion == "skipped: paused since 2026-11-20T00:00:00.500Z by ops: deploy"
    assert stops(told) == ["pause", "ledger"]
    assert "days" not in [step.name for step in told.steps]


async def test_the_next_slot_of_a_paused_schedule_will_be_skipped(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops")
    told = await why(house)
    assert told.conclusion.startswith("will be skipped at 00:01:00 UTC, in 1m: paused since")
    assert stops(told) == ["pause"]


async def test_a_slot_after_the_end_of_a_pause_will_run(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    await house.engine.control.pause(["gc"], actor="ops", until=MIDNIGHT + 90 * MINUTE)
    told = await why(house, slot=MIDNIGHT + 2 * HOUR)
    assert told.conclusion == "will run at 02:00:00 UTC, in 2h"


async def test_a_slot_before_the_schedule_was_made_was_never_owed(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    told = await why(house, slot=MIDNIGHT - HOUR)
    assert told.conclusion == ("was never owed: the schedule was created after it, at 00:00:00.500 UTC")
    assert stops(told) == ["owed"]


async def test_a_slot_before_the_trigger_was_changed_was_never_owed(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    await house.seconds(600)
    await house.reload(schedule("gc", "*/5 * * * *"))
    told = await why(house, slot=MIDNIGHT + 5 * MINUTE)
    assert told.conclusion.startswith("was never owed: its trigger was changed after it, at 00:10:")


async def test_an_instant_that_is_no_slot_names_the_nearest_ones(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *"))
    told = await why(house, slot=MIDNIGHT + 3 * MINUTE)
    assert told.conclusion == "00:03:00 UTC is no slot of gc; the nearest are 00:00:00 UTC and 00:10:00 UTC"
    assert stops(told) == ["trigger"]


async def test_a_slot_in_the_far_future_will_run(house: House) -> None:
    await house.start(schedule("gc", "0 3 * * *"))
    told = await why(house, slot=from_iso("2027-11-20T03:00Z"))
    assert told.conclusion == "will run at 2027-11-20 03:00:00 UTC, in 365d 3h"


async def test_a_slot_beyond_the_end_of_the_schedule_will_not_run(house: House) -> None:
    await house.start(schedule("gc", "0 3 * * *", end=MIDNIGHT + 30 * HOUR))
    told = await why(house, slot=from_iso("2026-11-25T03:00Z"))
    told_end = "will not run: the end of the schedule comes before it, at 2026-11-21 06:00:00 UTC"
    assert told.conclusion == told_end
    assert stops(told) == ["owed"]


async def test_a_slot_for_which_no_run_is_left_will_not_run(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", max_runs=2))
    told = await why(house, slot=MIDNIGHT + 5 * MINUTE)
    assert told.conclusion == "will not run: the 2 runs that are left come before it"


async def test_a_schedule_whose_runs_are_used_up_will_not_run_again(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", max_runs=1))
    await house.seconds(70)
    told = await why(house)
    assert told.slot is None
    assert told.conclusion == "will not run again: it has made 1 of 1 runs"


async def test_a_once_that_has_run_will_not_run_again(house: House) -> None:
    await house.start(schedule("gc", OnceSpec(at=MIDNIGHT + MINUTE)))
    await house.seconds(70)
    assert (await why(house)).conclusion == "will not run again: its trigger has no more slots"


async def test_the_slots_of_a_disabled_schedule_name_its_line(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", enabled=False, origin=Origin(name="sample.toml", line=14)))
    told = await why(house)
    assert told.conclusion == "will be skipped at 00:01:00 UTC, in 1m: disabled in sample.toml:14"
    await house.seconds(60)
    past = await why(house, slot=MIDNIGHT + MINUTE)
    assert past.conclusion == "skipped: disabled in sample.toml:14"
    assert stops(past) == ["enabled", "ledger"]


async def test_a_closed_gate_is_told_with_what_it_saw(house: House) -> None:
    night = Conditions(hours=(Hours(22 * 60, 6 * 60),), days=frozenset({0, 1, 2, 3, 4}))
    await house.start(schedule("gc", "0 * * * *", conditions=night))
    told = await why(house, slot=from_iso("2026-11-21T12:00Z"))
    assert stops(told) == ["days", "hours"]
    assert told.conclusion == (
        "will be skipped at 2026-11-21 12:00:00 UTC, in 1d 12h: days, Sat; runs on Mon, Tue, Wed, Thu, Fri"
    )


async def test_a_session_that_is_missing_now_may_be_there_then(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", conditions=Conditions(session_active=True)))
    told = await why(house)
    assert told.conclusion == (
        "will be skipped at 01:00:00 UTC, in 1h, unless this changes: session, no session is active"
    )


async def test_a_broken_circuit_is_told_with_its_failures(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("fail"), circuit_breaker=CircuitBreaker(threshold=1)))
    await house.seconds(70)
    told = await why(house)
    assert "1 failures in a row, open since" in told.conclusion
    assert stops(told) == ["circuit breaker"]


async def test_a_run_that_is_under_way_is_a_doubt_for_the_next(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(70)
    (run,) = await house.rows("gc")
    told = await why(house)
    assert (
        told.conclusion == f"will run at 00:02:00 UTC, in 50s, unless run {run.run_id} has not ended by then"
    )
    now = await why(house, slot=MIDNIGHT + MINUTE)
    assert now.conclusion == "runs since 00:01:00 UTC, on time"


async def test_a_slot_that_met_a_run_that_had_not_ended_is_told_by_it(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(130)
    first, _ = await house.rows("gc")
    told = await why(house, slot=MIDNIGHT + 2 * MINUTE)
    assert told.conclusion == f"skipped: overlap, run {first.run_id} has not ended"
    assert stops(told) == ["overlap", "ledger"]


async def test_a_queued_slot_names_what_it_waits_for(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold"), overlap=Overlap.QUEUE_ONE))
    await house.seconds(130)
    first, _ = await house.rows("gc")
    told = await why(house, slot=MIDNIGHT + 2 * MINUTE)
    assert told.conclusion == f"is queued until run {first.run_id} has ended"


async def test_a_slot_that_waits_for_room_in_the_engine_says_so(house: House) -> None:
    await house.start(schedule("hog", "* * * * *", calls("hold")), schedule("gc", "1 * * * *"), max_running=1)
    await house.seconds(70)
    told = await why(house, slot=MIDNIGHT + MINUTE)
    assert told.conclusion == "is queued: 1 of 1 runs are under way"


async def test_a_slot_that_waits_to_be_tried_again_says_when(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("fail"), retry=Retry(attempts=2, delay_ms=30_000)))
    await house.seconds(60)
    told = await why(house, slot=MIDNIGHT + MINUTE)
    assert told.conclusion.startswith("attempt 1 failed; attempt 2 comes in ")


async def test_what_a_catch_up_stands_for_is_told_of_each_of_its_slots(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *"))
    await house.stop()
    house.clock.step(65 * MINUTE)
    await house.start()
    await house.seconds(5)
    told = await why(house, slot=MIDNIGHT + HOUR)
    assert "for 6 slots and succeeded" in told.conclusion
    assert "one run stands for 6 slots from 00:10:00 UTC to 01:00:00 UTC" in detail(told, "catch-up")


async def test_a_missed_slot_names_the_policy(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *", missed_run_policy=MissedRunPolicy.SKIP))
    await house.stop()
    house.clock.step(65 * MINUTE)
    await house.start()
    await house.seconds(5)
    told = await why(house, slot=MIDNIGHT + 20 * MINUTE)
    assert told.conclusion == (
        "missed with 5 others: nothing claimed it in time, and catch-up (skip) did not make up for it"
    )
    assert stops(told) == ["catch-up", "ledger"]


async def test_a_slot_that_is_claimed_ahead_is_about_to_start(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.4)
    told = await why(house)
    assert told.slot is not None
    assert from_datetime(told.slot) == MIDNIGHT + MINUTE
    assert told.conclusion == "is claimed and starts in 1s"


def test_every_gate_that_may_close_a_slot_is_known_by_the_reason_it_gives() -> None:
    around, now = Surroundings(), MIDNIGHT
    plain = schedule("gc", "* * * * *")
    readings = explain(plain, first_seen(plain, now), around, at=now, now=now)
    given = {reading.name: reading.reason for reading in readings if reading.reason is not None}
    assert {gate_of_reason(reason) for reason in given.values()} == set(given)
