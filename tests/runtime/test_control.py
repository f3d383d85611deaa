import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.errors import ScheduleDisabled, UnknownRun, UnknownSchedule
from cronsole.model.ask import TriggerAsk
from cronsole.model.event import ScheduleResumed, SlotSkipped
from cronsole.model.policy import Conditions, MissedRunPolicy
from cronsole.model.run import Cause
from cronsole.model.schedule import Origin


async def test_paused_slots_are_skipped_and_runs_in_flight_go_on(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(61)
    await house.engine.control.pause(["gc"], actor="ops", reason="deploy")
    await house.seconds(120)
    assert await house.verdicts("gc") == ["running", "skipped(paused)", "skipped(paused)"]


async def test_a_pause_holds_for_a_command_that_was_claimed_already(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.4)
    assert await house.verdicts("gc") == ["starting"]
    await house.engine.control.pause(["gc"], actor="ops", reason="deploy")
    await house.seconds(2)
    assert await house.verdicts("gc") == ["skipped(paused)"]


async def test_a_pause_survives_a_restart(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops", reason="deploy")
    await house.restart()
    await house.seconds(70)
    assert await house.verdicts("gc") == ["skipped(paused)"]


async def test_a_pause_survives_a_reload(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops")
    await house.reload(schedule("gc", "* * * * *", description="collect"))
    await house.seconds(70)
    assert await house.verdicts("gc") == ["skipped(paused)"]


async def test_a_pause_ends_by_itself(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops", until=house.clock.now() + 90_000)
    await house.seconds(130)
    assert await house.verdicts("gc") == ["skipped(paused)", "succeeded"]
    assert [event.schedule_id for event in house.of(ScheduleResumed)] == ["gc"]


async def test_resume_is_from_now(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops")
    await house.seconds(200)
    await house.engine.control.resume(["gc"], actor="ops")
    await house.seconds(1)
    assert await house.verdicts("gc") == ["skipped(paused)"] * 3
    await house.seconds(60)
    assert (await house.verdicts("gc"))[-1] == "succeeded"


async def test_resume_with_catch_up_applies_the_policy_to_the_paused_range(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops")
    await house.seconds(200)
    await house.engine.control.resume(["gc"], actor="ops", catch_up=True)
    await house.seconds(1)
    (run,) = [run for run in await house.rows("gc") if run.cause is Cause.CATCHUP]
    assert (run.state, run.is_catchup) == ("succeeded", True)
    assert run.stands_for is not None
    assert run.stands_for.count == 3


async def test_resume_with_catch_up_makes_each_run_where_the_policy_is_run_all(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", missed_run_policy=MissedRunPolicy.RUN_ALL))
    await house.engine.control.pause(["gc"], actor="ops")
    await house.seconds(200)
    await house.engine.control.resume(["gc"], actor="ops", catch_up=True)
    await house.seconds(1)
    assert [run.state for run in await house.rows("gc") if run.cause is Cause.CATCHUP] == ["succeeded"] * 3


async def test_a_manual_run_is_allowed_while_paused_and_changes_nothing_else(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", max_runs=5))
    await house.engine.control.pause(["gc"], actor="ops")
    before = house.engine.lanes.get("gc")
    assert before is not None
    watermark, made = before.state.watermark, before.state.runs_made
    run_id = await house.engine.control.trigger("gc", TriggerAsk(payload={}), actor="ops")
    await house.seconds(1)
    run = await house.engine.ledger.run(run_id)
    assert run is not None
    assert (run.state, run.cause, run.actor, run.slot) == ("succeeded", Cause.MANUAL, "ops", None)
    assert run.bypassed == "pause"
    state = (await house.engine.ledger.schedule_states())["gc"]
    assert (state.watermark, state.runs_made) == (watermark, made)
    assert state.pause is not None


async def test_gates_do_not_apply_to_manual_runs(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", conditions=Conditions(environment=frozenset({"staging"}))))
    run_id = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    run = await house.engine.ledger.run(run_id)
    assert run is not None
    assert (run.state, run.bypassed) == ("succeeded", "environment")


async def test_a_manual_run_waits_for_the_one_that_is_under_way(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(61)
    await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    assert await house.verdicts("gc") == ["running", "queued"]


async def test_a_schedule_disabled_in_its_file_is_refused_with_file_and_line(house: House) -> None:
    origin = Origin(name="jobs.toml", line=14)
    await house.start(schedule("gc", "* * * * *", enabled=False, origin=origin))
    with pytest.raises(ScheduleDisabled, match=r"gc is disabled in jobs\.toml:14"):
        await house.engine.control.trigger("gc", actor="ops")


async def test_an_unknown_schedule_names_the_nearest(house: House) -> None:
    await house.start(schedule("cache-warm", "* * * * *"))
    with pytest.raises(UnknownSchedule, match="'cache-warm' is"):
        await house.engine.control.trigger("cache-worm", actor="ops")


async def test_cancel_stops_a_command_and_its_children(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("sleep 60 & sleep 60; wait")))
    run_id = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    await house.engine.control.cancel(run_id, actor="ops")
    from cronsole.model.event import RunFinished

    finished = await house.until(RunFinished)
    assert (finished.state, finished.detail) == ("cancelled", "cancelled by ops")


async def test_cancel_takes_a_waiting_run_out_of_its_queue(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(61)
    run_id = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    await house.engine.control.cancel(run_id, actor="ops")
    await house.seconds(1)
    assert await house.verdicts("gc") == ["running", "cancelled"]
    assert len(handlers_in_tests.calls) == 1


async def test_cancel_of_what_does_not_run_says_so(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    with pytest.raises(UnknownRun):
        await house.engine.control.cancel("nonsense", actor="ops")


async def test_every_verb_is_on_record_with_its_actor(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    control = house.engine.control
    await control.pause(["gc"], actor="uid 0")
    await control.resume(["gc"], actor="uid 0")
    await control.trigger("gc", actor="uid 7")
    trail = await house.engine.ledger.audit_trail()
    assert sorted((entry.verb, entry.actor) for entry in trail) == [
        ("pause", "uid 0"),
        ("resume", "uid 0"),
        ("trigger", "uid 7"),
    ]
    assert house.of(SlotSkipped) == []


async def test_a_pause_that_ended_while_no_engine_ran_still_covers_its_slots(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.pause(["gc"], actor="ops", until=house.clock.now() + 150_000)
    await house.stop()
    house.clock.step(200_000)
    await house.start()
    await house.seconds(1)
    assert await house.verdicts("gc") == ["skipped(paused)", "succeeded"]
    assert (await house.engine.ledger.schedule_states())["gc"].pause is None


async def test_a_slot_that_waits_for_its_jitter_keeps_its_verdict_over_a_resume(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", jitter_ms=50_000))
    await house.engine.control.pause(["gc"], actor="ops")
    await house.seconds(59.6)
    await house.engine.control.resume(["gc"], actor="ops")
    await house.seconds(1)
    assert await house.verdicts("gc") == ["skipped(paused)"]
