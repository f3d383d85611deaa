"""Who is told what: from the end of a run, or a slot that was not run, to the channel."""

from tests.notify.conftest import Server, delivered, wait
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell
from tests.runtime.test_recovering import left_behind, output_file, unfinished

from cronsole.model.channel import LogChannel, MemoryChannel
from cronsole.model.event import Level, MessageLogged, RunFinished
from cronsole.model.instant import SECOND
from cronsole.model.message import Message
from cronsole.model.policy import Conditions, Delivery, MissedRunPolicy, Notify, Retry
from cronsole.model.run import Finished, RunState
from cronsole.store.base import Batch

ALL = Notify(*[("memo",)] * 5)
MEMO = (MemoryChannel("memo"),)
YEARLY = "0 0 1 1 *"


async def told(house: House) -> list[Message]:
    """What the memory channel was told, oldest first."""
    await delivered(house)
    return list(reversed(await house.engine.ledger.remembered("memo")))


async def kinds(house: House) -> list[str]:
    return [message.kind.value for message in await told(house)]


async def test_a_failure_is_told_once_when_its_retries_are_used_up(house: House) -> None:
    retry = Retry(attempts=2, delay_ms=5 * SECOND)
    await house.start(schedule("gc", YEARLY, calls("fail"), retry=retry, notify=ALL), channels=MEMO)
    run_id = await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(8)
    assert await told(house) == []
    await house.seconds(30)
    (message,) = await told(house)
    assert (message.id, message.kind, message.state) == (f"{run_id}.failure", "failure", "failed")
    assert (message.attempt, message.schedule_id) == (3, "gc")
    assert "no luck" in message.detail


async def test_a_message_carries_what_the_run_was_and_the_last_lines_it_wrote(house: House) -> None:
    gc = schedule("gc", YEARLY, shell("seq 1 5000; exit 3"), description="Collects garbage", notify=ALL)
    await house.start(gc, channels=MEMO)
    await house.engine.control.trigger("gc", actor="ann")
    await house.until(RunFinished)
    (message,) = await told(house)
    assert (message.description, message.exit_code, message.detail) == ("Collects garbage", 3, "exit code 3")
    assert message.output.endswith("4999\n5000\n")
    assert 3_000 < len(message.output) <= 4_096


async def test_lost_notifies_like_a_failure(house: House) -> None:
    """SEMANTICS, Delivery: a crash in between ends as `lost`, and `lost` notifies like a failure."""
    run = unfinished(RunState.STARTING)
    await left_behind(house, run, schedule("gc", "0 0 * * *", shell("true"), notify=Notify(("memo",))))
    output_file(house, run).touch()
    house.define(*house.configuration.schedules, channels=MEMO)
    await house.start()
    await house.seconds(1)
    (message,) = await told(house)
    assert (message.kind, message.state, message.slot) == ("failure", "lost", run.slot)


async def test_a_lost_attempt_that_is_followed_by_another_is_no_failure_yet(house: House) -> None:
    run = unfinished(RunState.STARTING)
    notify = Notify(on_failure=("memo",))
    gc = schedule("gc", "0 0 * * *", shell("true"), delivery=Delivery.AT_LEAST_ONCE, notify=notify)
    await left_behind(house, run, gc)
    output_file(house, run).touch()
    house.define(gc, channels=MEMO)
    await house.start()
    await house.seconds(1)
    await house.until(RunFinished)
    assert await told(house) == []


async def test_a_timeout_is_a_failure(house: House) -> None:
    gc = schedule("gc", YEARLY, shell("sleep 60"), timeout_ms=50, kill_grace_ms=50, notify=ALL)
    await house.start(gc, channels=MEMO)
    await house.engine.control.trigger("gc", actor="ann")
    await house.until(RunFinished)
    (message,) = await told(house)
    assert (message.kind, message.state) == ("failure", "timed_out")


async def test_a_run_that_a_person_cancels_is_told_to_nobody(house: House) -> None:
    await house.start(schedule("gc", YEARLY, calls("hold"), notify=ALL), channels=MEMO)
    run_id = await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)
    await house.engine.control.cancel(run_id, actor="ann")
    assert (await house.until(RunFinished)).state == "cancelled"
    assert await told(house) == []


async def test_the_first_success_after_failures_is_a_recovery_and_the_next_is_none(house: House) -> None:
    notify = Notify(on_failure=("memo",), on_recovery=("memo",))
    await house.start(schedule("gc", "* * * * *", calls("fail_at_first"), notify=notify), channels=MEMO)
    handlers_in_tests.failures_left["gc"] = 2
    await house.seconds(4 * 60)
    assert await kinds(house) == ["failure", "failure", "recovery"]


async def test_a_run_that_is_cancelled_after_a_failure_does_not_hide_the_recovery(house: House) -> None:
    notify = Notify(on_recovery=("memo",))
    gc = schedule("gc", YEARLY, calls("fail_at_first"), notify=notify)
    await house.start(gc, channels=MEMO)
    await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)
    await house.reload(schedule("gc", YEARLY, calls("hold"), notify=notify))
    run_id = await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)
    await house.engine.control.cancel(run_id, actor="ann")
    await house.until(RunFinished, count=2)
    await house.reload(gc)
    await house.engine.control.trigger("gc", actor="ann")
    await house.until(RunFinished, count=3)
    assert await kinds(house) == ["recovery"]


async def test_closing_the_circuit_by_hand_does_not_hide_the_recovery(house: House) -> None:
    gc = schedule("gc", YEARLY, calls("fail_at_first"), notify=Notify(on_recovery=("memo",)))
    await house.start(gc, channels=MEMO)
    await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)
    await house.engine.control.resume(["gc"], actor="ann")
    await house.engine.control.trigger("gc", actor="ann")
    await house.until(RunFinished, count=2)
    assert await kinds(house) == ["recovery"]


async def test_a_recovery_is_known_across_a_restart(house: House) -> None:
    notify = Notify(on_recovery=("memo",))
    gc = schedule("gc", "* * * * *", calls("fail_at_first"), notify=notify)
    await house.start(gc, channels=MEMO)
    await house.seconds(60)
    await house.restart(gc)
    await house.seconds(60)
    assert await kinds(house) == ["recovery"]


async def test_a_channel_that_is_told_of_a_recovery_is_not_told_of_the_success_as_well(house: House) -> None:
    notify = Notify(on_success=("memo",), on_recovery=("memo",))
    await house.start(schedule("gc", "* * * * *", calls("fail_at_first"), notify=notify), channels=MEMO)
    await house.seconds(3 * 60)
    assert await kinds(house) == ["recovery", "success"]


async def test_a_skipped_slot_is_told_with_its_reason(house: House) -> None:
    gc = schedule("gc", "* * * * *", conditions=Conditions(environment=frozenset({"lab"})), notify=ALL)
    await house.start(gc, channels=MEMO)
    await house.seconds(60)
    (message,) = await told(house)
    assert (message.kind, message.state, message.reason) == ("skip", "skipped", "environment")


async def test_a_claimed_slot_that_was_not_started_is_told_as_skipped(house: House) -> None:
    gc = schedule("gc", "* * * * *", calls("hold"), notify=Notify(on_skip=("memo",)))
    await house.start(gc, channels=MEMO)
    await house.seconds(2 * 60)
    (message,) = await told(house)
    assert (message.reason, message.attempt) == ("overlap", 1)
    assert "has not ended" in message.detail


async def test_missed_slots_are_told_with_their_count(house: House) -> None:
    notify = Notify(on_missed=("memo",))
    gc = schedule("gc", "* * * * *", notify=notify, missed_run_policy=MissedRunPolicy.SKIP)
    await house.start(gc, channels=MEMO)
    await house.stop()
    house.clock.step(10 * 60_000 + 30_000)
    await house.start()
    await house.seconds(1)
    (message,) = await told(house)
    assert message.kind == "missed"
    assert message.stands_for is not None
    assert message.stands_for.count >= 9


async def test_what_nobody_asked_to_be_told_of_is_told_to_nobody(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("fail")), channels=MEMO)
    await house.seconds(60)
    assert await told(house) == []
    assert await house.engine.ledger.waiting_channels() == {}


async def test_a_log_channel_writes_a_line_as_loud_as_it_is_told(house: House) -> None:
    channels = (LogChannel("log"), LogChannel("whisper", Level.DEBUG))
    notify = Notify(on_failure=("log", "whisper"), on_success=("log",))
    await house.start(schedule("gc", YEARLY, calls("fail"), notify=notify), channels=channels)
    await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)
    await delivered(house)
    lines = {event.channel: (event.level, event.text) for event in house.of(MessageLogged)}
    assert lines["log"][0] is Level.ERROR
    assert lines["whisper"][0] is Level.DEBUG
    assert lines["log"][1].startswith("gc failed: ValueError: no luck")


async def test_a_refused_outcome_is_told_to_nobody(house: House, server: Server) -> None:
    gc = schedule("gc", YEARLY, calls("hold"), notify=Notify(on_success=("ops",)))
    await house.start(gc, channels=(server.channel(),))
    run_id = await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)
    (row,) = await house.rows("gc")
    taken_over = Finished(run_id, row.fence + 1, house.clock.now(), RunState.LOST)
    await house.engine.ledger.commit(Batch(changes=[taken_over]))
    handlers_in_tests.gates[run_id].set()
    await house.until(RunFinished)
    await wait(house, 1)
    assert server.bodies == []
