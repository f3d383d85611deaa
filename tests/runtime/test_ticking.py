from pathlib import Path
from typing import Any

import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.config.load import load
from cronsole.model.event import RunFinished, RunStarted, ScheduleExhausted, Warned
from cronsole.model.instant import HOUR, MINUTE, from_iso
from cronsole.model.run import Cause, Verdict
from cronsole.model.schedule import Schedule
from cronsole.model.trigger import IntervalSpec, ManualSpec, OnceSpec, StartupSpec
from cronsole.planning.plan import plan
from cronsole.runtime import claimer


async def test_a_schedule_fires_at_each_of_its_slots(house: House) -> None:
    await house.start(schedule("gc", "*/2 * * * *"))
    await house.seconds(6 * 60)
    slots = [run.slot for run in await house.rows("gc")]
    assert slots == [from_iso(f"2026-11-20T00:0{minute}Z") for minute in (2, 4, 6)]
    assert await house.verdicts("gc") == ["succeeded"] * 3


async def test_nominal_due_and_actual_start_are_all_kept(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", jitter_ms=30_000))
    await house.seconds(120)
    run = (await house.rows("gc"))[0]
    assert run.slot == from_iso("2026-11-20T00:01Z")
    assert run.slot <= run.due_at < run.slot + 30_000
    assert run.started_at is not None
    assert run.due_at <= run.started_at < run.due_at + 1_000


async def test_the_claim_is_committed_before_anything_starts(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(60)
    (run,) = await house.rows("gc")
    assert [context.run_id for context in handlers_in_tests.calls] == [run.run_id]
    assert run.fence > 0


async def test_a_fence_rises_with_every_claim(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.seconds(180)
    await house.restart()
    await house.seconds(120)
    fences = [run.fence for run in await house.rows("gc")]
    assert fences == sorted(set(fences))


async def test_a_command_starts_at_its_due_instant_though_it_was_claimed_before(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.4)
    (claimed,) = await house.rows("gc")
    assert claimed.state == "starting"
    assert house.of(RunStarted) == []
    await house.seconds(0.2)
    finished = await house.until(RunFinished)
    assert finished.state == "succeeded"


async def test_a_schedule_never_seen_before_owes_nothing(house: House) -> None:
    await house.start(schedule("gc", "0 0 * * *"))
    await house.seconds(5)
    assert await house.rows("gc") == []


async def test_an_interval_keeps_its_anchor_over_a_restart(house: House) -> None:
    definition = schedule("gc", IntervalSpec(every_ms=60_000))
    await house.start(definition)
    await house.seconds(90)
    await house.restart()
    await house.seconds(60)
    slots = [run.slot or 0 for run in await house.rows("gc")]
    assert slots[1] - slots[0] == 60_000


async def test_run_at_start_fires_once_at_the_first_start(house: House) -> None:
    await house.start(schedule("gc", IntervalSpec(every_ms=3_600_000, run_at_start=True)))
    await house.seconds(1)
    await house.restart()
    await house.seconds(1)
    assert await house.verdicts("gc") == ["succeeded"]


async def test_startup_fires_once_at_each_start(house: House) -> None:
    await house.start(schedule("boot", StartupSpec()))
    await house.seconds(1)
    await house.restart()
    await house.seconds(1)
    assert await house.verdicts("boot") == ["succeeded"] * 2


async def test_manual_fires_for_nobody_s_asking_alone_and_is_never_exhausted(house: House) -> None:
    await house.start(schedule("by-hand", ManualSpec()))
    await house.seconds(3600)
    await house.restart()
    assert await house.verdicts("by-hand") == []
    await house.engine.control.trigger("by-hand", actor="ann")
    await house.seconds(3600)
    assert await house.verdicts("by-hand") == ["succeeded"]
    assert not house.of(ScheduleExhausted)


async def test_a_one_shot_is_exhausted_after_it_ran_and_keeps_its_history(house: House) -> None:
    await house.start(schedule("once", OnceSpec(after_ms=5_000)))
    await house.seconds(10)
    assert [event.schedule_id for event in house.of(ScheduleExhausted)] == ["once"]
    await house.restart()
    await house.seconds(60)
    assert await house.verdicts("once") == ["succeeded"]


async def test_max_runs_ends_a_schedule(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", max_runs=2))
    await house.seconds(300)
    assert await house.verdicts("gc") == ["succeeded"] * 2


async def test_the_run_is_told_who_it_is(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("note"), config='{"depth": 3}'))
    await house.seconds(60)
    (context,) = handlers_in_tests.calls
    assert context.schedule_id == "gc"
    assert context.scheduled_at_ms == from_iso("2026-11-20T00:01Z")
    assert (context.run_count, context.attempt, context.is_catchup) == (1, 1, False)
    assert context.config_json == '{"depth": 3}'


async def test_downtime_is_caught_up_by_one_run_that_stands_for_all(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *"))
    await house.stop()
    house.clock.step(45 * 60_000)
    await house.start()
    await house.seconds(5)
    missed, run = await house.rows("gc")
    assert missed.stands_for is not None
    assert missed.stands_for.count == 3
    assert (run.cause, run.is_catchup) == (Cause.CATCHUP, True)
    assert run.stands_for is not None
    assert run.stands_for.count == 4


async def test_catch_ups_of_many_schedules_are_spread(house: House) -> None:
    many = [schedule(f"job-{number}", "*/10 * * * *") for number in range(40)]
    await house.start(*many)
    await house.stop()
    house.clock.step(15 * 60_000)
    await house.start()
    await house.seconds(10)
    starts = [run.started_at for run in await house.rows() if run.is_catchup]
    assert len(starts) == 40
    assert len(set(starts)) > 10


async def test_run_all_catches_up_oldest_first_one_after_another(house: House) -> None:
    from cronsole.model.policy import MissedRunPolicy

    definition = schedule("log", "*/10 * * * *", calls("hold"), missed_run_policy=MissedRunPolicy.RUN_ALL)
    await house.start(definition)
    await house.stop()
    house.clock.step(35 * 60_000)
    await house.start()
    for expected in (1, 2, 3):
        await house.seconds(5)
        assert len(handlers_in_tests.calls) == expected
        handlers_in_tests.gates[handlers_in_tests.calls[-1].run_id].set()
    await house.seconds(5)
    slots = [context.scheduled_at_ms for context in handlers_in_tests.calls]
    assert slots == sorted(slots)
    assert await house.verdicts("log") == ["succeeded"] * 3


async def test_a_one_shot_in_the_past_when_first_seen_is_expired_and_no_failed_start(house: House) -> None:
    await house.start(schedule("once", OnceSpec(at=from_iso("2020-01-01T00:00Z"))))
    await house.seconds(5)
    assert await house.verdicts("once") == ["skipped(expired)"]
    await house.restart()
    await house.seconds(5)
    assert await house.verdicts("once") == ["skipped(expired)"]


async def test_a_one_shot_with_a_changed_time_is_armed_again(house: House) -> None:
    await house.start(schedule("once", OnceSpec(at=from_iso("2026-11-20T00:01Z"))))
    await house.seconds(70)
    await house.reload(schedule("once", OnceSpec(at=from_iso("2026-11-20T00:05Z"))))
    await house.seconds(300)
    assert await house.verdicts("once") == ["succeeded", "succeeded"]


async def test_one_schedule_that_cannot_be_planned_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(definition: Schedule, *args: Any, **options: Any) -> tuple[Verdict, ...]:
        if definition.id == "bad":
            raise ArithmeticError("no such time")
        return plan(definition, *args, **options)

    monkeypatch.setattr(claimer, "plan", broken)
    await house.start(schedule("bad", "* * * * *"), schedule("gc", "* * * * *"))
    await house.seconds(70)
    assert await house.verdicts("gc") == ["succeeded"]
    assert "bad cannot be planned: ArithmeticError('no such time')" in {
        event.detail for event in house.of(Warned)
    }


async def test_the_three_tasks_of_the_document_fire_as_written(house: House, tmp_path: Path) -> None:
    file = tmp_path / "bext.config.toml"
    file.write_text(
        '[[tasks]]\nid          = "gc"\ncron        = "5m"\n'
        'description = "garbage collect expired tokens"\n\n'
        '[[tasks]]\nid          = "daily-report"\ncron        = "@daily"\n'
        'description = "email yesterday\'s traffic report"\n'
        'config_json = \'{"recipients":["ops@example.com"]}\'\n\n'
        '[[tasks]]\nid          = "cache-warm"\ncron        = "*/10 * * * *"\n'
        'description = "warm edge cache for top 100 pages"\n'
    )
    house.clock.step(23 * HOUR + 45 * MINUTE)
    house.configuration = load(file, environ={}, now=house.clock.now())
    await house.start()
    await house.seconds(16 * 60)
    assert await house.verdicts("gc") == ["succeeded"] * 3
    assert [run.slot for run in await house.rows("daily-report")] == [from_iso("2026-11-21T00:00Z")]
    assert [run.slot for run in await house.rows("cache-warm")] == [
        from_iso("2026-11-20T23:50Z"),
        from_iso("2026-11-21T00:00Z"),
    ]
