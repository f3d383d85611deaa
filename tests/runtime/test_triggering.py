import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.errors import ConfigError, KeyReused, NotNow, ScheduleDisabled, StoreUnavailable
from cronsole.model.ask import TriggerAsk
from cronsole.model.event import RunFinished, RunQueued
from cronsole.model.instant import HOUR, MINUTE, to_datetime
from cronsole.model.policy import Conditions, Overlap
from cronsole.model.run import Run


def later(house: House, ms: int, **fields: Any) -> TriggerAsk:
    return TriggerAsk(at=to_datetime(house.clock.now() + ms), **fields)


async def row(house: House, run_id: str) -> Run:
    await house.settle()
    run = await house.engine.ledger.run(run_id)
    assert run is not None
    return run


async def test_a_payload_is_handed_to_the_run_as_json(house: House) -> None:
    await house.start(schedule("gc", "@yearly", calls("note")))
    await house.engine.control.trigger("gc", TriggerAsk(payload={"a": [1, None]}), actor="ops")
    await house.seconds(1)
    (context,) = handlers_in_tests.calls
    assert context.payload == '{"a":[1,null]}'


async def test_a_payload_that_no_command_could_be_handed_is_refused(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    with pytest.raises(ConfigError, match="payload: takes 70,002 bytes"):
        await house.engine.control.trigger("gc", TriggerAsk(payload="x" * 70_000), actor="ops")
    assert await house.rows("gc") == []


async def test_a_run_that_is_asked_for_at_a_time_waits_for_it(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.seconds(3599)
    assert (await row(house, run_id)).state == "queued"
    await house.seconds(2)
    run = await row(house, run_id)
    assert (run.state, run.due_at, run.started_at) == ("succeeded", run.due_at, run.due_at)


async def test_a_run_that_waits_for_its_time_is_on_show_as_waiting(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    lane = house.engine.control.lane("gc")
    assert [run.run_id for run in lane.appointed.values()] == [run_id]
    assert [event.run_id for event in house.of(RunQueued)] == [run_id]
    assert (await house.engine.facade.schedule("gc")).schedule.waiting == 1


async def test_a_time_that_has_passed_means_now(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, -HOUR), actor="ops")
    await house.seconds(1)
    run = await row(house, run_id)
    assert (run.state, run.due_at) == ("succeeded", run.created_at)


async def test_a_time_without_an_offset_is_refused(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    local = (to_datetime(house.clock.now()) + timedelta(hours=1)).replace(tzinfo=None)
    with pytest.raises(ConfigError, match=r"at: .* has no offset"):
        await house.engine.control.trigger("gc", TriggerAsk(at=local), actor="ops")


async def test_a_run_asked_for_at_a_time_survives_a_restart(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.restart()
    await house.seconds(1800)
    assert (await row(house, run_id)).state == "queued"
    await house.seconds(1801)
    assert (await row(house, run_id)).state == "succeeded"


async def test_a_run_whose_time_came_while_no_engine_ran_starts_with_the_next(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.stop()
    house.clock.step(2 * HOUR)
    await house.start()
    await house.seconds(1)
    assert (await row(house, run_id)).state == "succeeded"


async def test_a_run_asked_for_at_a_time_survives_a_kill(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.kill()
    await house.start()
    await house.seconds(3601)
    assert (await row(house, run_id)).state == "succeeded"


async def test_a_run_that_waits_for_its_time_can_be_cancelled(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.engine.control.cancel(run_id, actor="ann")
    await house.seconds(3601)
    run = await row(house, run_id)
    assert (run.state, run.detail) == ("cancelled", "cancelled by ann")


async def test_a_run_that_waits_for_its_time_holds_up_no_slot(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.seconds(120)
    assert [run.state for run in await house.rows("gc") if run.slot is not None] == ["succeeded"] * 2


async def test_a_pause_and_its_end_leave_a_run_that_waits_for_its_time_alone(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.engine.control.pause(["gc"], actor="ops")
    await house.seconds(3601)
    assert (await row(house, run_id)).state == "succeeded"


async def test_a_run_that_waits_for_its_time_is_skipped_with_its_schedule(house: House) -> None:
    await house.start(schedule("gc", "@yearly"), schedule("b", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.reload(schedule("b", "@yearly"))
    assert (await row(house, run_id)).reason == "disabled"
    assert house.engine.lanes.get("gc") is None


async def test_a_run_that_waits_for_its_time_is_skipped_when_its_schedule_is_disabled(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.reload(schedule("gc", "@yearly", enabled=False))
    assert (await row(house, run_id)).reason == "disabled"


async def test_a_run_that_waits_for_its_time_is_skipped_where_its_schedule_went_while_no_engine_ran(
    house: House,
) -> None:
    await house.start(schedule("gc", "@yearly"), schedule("b", "@yearly"))
    run_id = await house.engine.control.trigger("gc", later(house, HOUR), actor="ops")
    await house.restart(schedule("b", "@yearly"))
    await house.seconds(3601)
    assert (await row(house, run_id)).reason == "disabled"


async def test_a_closed_gate_refuses_a_run_that_is_to_heed_gates_and_is_named(house: House) -> None:
    staging = Conditions(environment=frozenset({"staging"}))
    await house.start(schedule("gc", "@yearly", conditions=staging))
    await house.engine.control.pause(["gc"], actor="ops", reason="deploy")
    with pytest.raises(
        NotNow, match=r"gc may not run: pause \(paused since .* by ops: deploy\); environment \("
    ):
        await house.engine.control.trigger("gc", TriggerAsk(is_gated=True), actor="ops")
    assert await house.rows("gc") == []


async def test_gates_are_read_for_the_time_that_was_asked_for(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    await house.engine.control.pause(["gc"], actor="ops", until=house.clock.now() + MINUTE)
    await house.engine.control.trigger("gc", later(house, HOUR, is_gated=True), actor="ops")
    with pytest.raises(NotNow, match="pause"):
        await house.engine.control.trigger("gc", later(house, MINUTE // 2, is_gated=True), actor="ops")


async def test_gates_that_are_passed_by_are_on_record(house: House) -> None:
    await house.start(schedule("gc", "@yearly", conditions=Conditions(environment=frozenset({"staging"}))))
    run_id = await house.engine.control.trigger("gc", actor="ops")
    assert (await row(house, run_id)).bypassed == "environment"


async def test_a_request_that_is_repeated_under_its_key_starts_nothing_again(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    trigger, ask = house.engine.control.trigger, TriggerAsk(payload=1)
    first = await trigger("gc", ask, actor="ops", idempotency_key="k")
    assert await trigger("gc", ask, actor="ops", idempotency_key="k") == first
    assert len(await house.rows("gc")) == 1


async def test_a_key_is_remembered_over_a_restart(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    first = await house.engine.control.trigger("gc", actor="ops", idempotency_key="k")
    await house.kill()
    await house.start()
    assert await house.engine.control.trigger("gc", actor="ops", idempotency_key="k") == first
    assert len(await house.rows("gc")) == 1


async def test_a_key_that_was_used_for_something_else_is_refused(house: House) -> None:
    await house.start(schedule("gc", "@yearly"), schedule("b", "@yearly"))
    trigger = house.engine.control.trigger
    await trigger("gc", actor="ops", idempotency_key="k")
    with pytest.raises(KeyReused, match="'k'"):
        await trigger("b", actor="ops", idempotency_key="k")
    with pytest.raises(KeyReused):
        await trigger("gc", TriggerAsk(payload=1), actor="ops", idempotency_key="k")
    assert len(await house.rows()) == 1


async def test_a_key_is_its_askers_own(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    trigger = house.engine.control.trigger
    first = await trigger("gc", actor="ops", idempotency_key="k")
    assert await trigger("gc", actor="ann", idempotency_key="k") != first


async def test_two_requests_under_one_key_at_once_start_one_run(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    trigger = house.engine.control.trigger
    made = await asyncio.gather(*(trigger("gc", actor="ops", idempotency_key="k") for _ in range(5)))
    assert len(set(made)) == 1
    assert len(await house.rows("gc")) == 1


async def test_a_repeated_request_is_answered_even_where_it_would_now_be_refused(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    first = await house.engine.control.trigger("gc", actor="ops", idempotency_key="k")
    await house.reload(schedule("gc", "@yearly", enabled=False))
    assert await house.engine.control.trigger("gc", actor="ops", idempotency_key="k") == first
    with pytest.raises(ScheduleDisabled):
        await house.engine.control.trigger("gc", actor="ops")


async def test_a_run_that_has_ended_cannot_be_cancelled(house: House) -> None:
    await house.start(schedule("gc", "@yearly"))
    run_id = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    with pytest.raises(NotNow, match=f"{run_id} has ended: succeeded"):
        await house.engine.control.cancel(run_id, actor="ops")


async def test_a_command_that_was_claimed_for_a_moment_ahead_can_be_cancelled(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.4)
    (claimed,) = await house.rows("gc")
    await house.engine.control.cancel(claimed.run_id, actor="ops")
    await house.seconds(5)
    assert await house.verdicts("gc") == ["cancelled"]


async def test_a_kill_is_on_record_as_one(house: House) -> None:
    await house.start(schedule("gc", "@yearly", shell("sleep 60")))
    run_id = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)
    await house.engine.control.cancel(run_id, actor="ops", by_force=True)
    await house.until(RunFinished)
    trail = await house.engine.ledger.audit_trail()
    assert [(entry.verb, entry.target, entry.detail) for entry in trail] == [
        ("kill", "gc", run_id),
        ("trigger", "gc", run_id),
    ]


async def test_a_run_can_be_cancelled_while_the_ledger_cannot_be_read(house: House) -> None:
    await house.start(schedule("gc", "@yearly", calls("hold"), overlap=Overlap.QUEUE_ALL))
    first = await house.engine.control.trigger("gc", actor="ops")
    second = await house.engine.control.trigger("gc", actor="ops")
    await house.seconds(1)

    async def unreadable(_run_id: str) -> Run | None:
        raise StoreUnavailable("gone")

    house.engine.ledger.run = unreadable  # type: ignore[assignment, method-assign]
    await house.engine.control.cancel(second, actor="ops")
    await house.engine.control.cancel(first, actor="ops")
    del house.engine.ledger.run
    await house.seconds(1)
    assert await house.verdicts("gc") == ["cancelled", "cancelled"]
