from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule

from cronsole.model.event import RunQueued, RunRetryScheduled, SlotSkipped
from cronsole.model.policy import CircuitBreaker, MissedRunPolicy, Overlap, Retry
from cronsole.model.run import SkipReason


def release(number: int = -1) -> None:
    context = handlers_in_tests.calls[number]
    handlers_in_tests.gates[context.run_id].set()


async def test_overlap_skip_skips_while_a_run_is_under_way(house: House) -> None:
    await house.start(schedule("slow", "* * * * *", calls("hold")))
    await house.seconds(130)
    assert len(handlers_in_tests.calls) == 1
    assert [event.reason for event in house.of(SlotSkipped)] == [SkipReason.OVERLAP]
    release()
    await house.seconds(60)
    assert len(handlers_in_tests.calls) == 2


async def test_overlap_queue_one_lets_one_wait(house: House) -> None:
    await house.start(schedule("slow", "* * * * *", calls("hold"), overlap=Overlap.QUEUE_ONE))
    await house.seconds(200)
    assert await house.verdicts("slow") == ["running", "queued", "skipped(overlap)"]
    release()
    await house.seconds(1)
    assert len(handlers_in_tests.calls) == 2


async def test_overlap_queue_all_lets_all_wait_in_slot_order(house: House) -> None:
    await house.start(schedule("slow", "* * * * *", calls("hold"), overlap=Overlap.QUEUE_ALL, queue_limit=2))
    await house.seconds(250)
    assert await house.verdicts("slow") == ["running", "queued", "queued", "skipped(queue_full)"]
    for _ in range(3):
        release()
        await house.seconds(1)
    slots = [context.scheduled_at_ms for context in handlers_in_tests.calls]
    assert slots == sorted(slots)
    assert len(slots) == 3


async def test_overlap_cancel_old_asks_the_old_run_to_stop_and_then_starts(house: House) -> None:
    await house.start(schedule("slow", "* * * * *", calls("hold"), overlap=Overlap.CANCEL_OLD))
    await house.seconds(125)
    assert await house.verdicts("slow") == ["cancelled", "running"]


async def test_overlap_allow_runs_as_many_as_it_may(house: House) -> None:
    await house.start(schedule("slow", "* * * * *", calls("hold"), overlap=Overlap.ALLOW, max_parallel=2))
    await house.seconds(190)
    assert await house.verdicts("slow") == ["running", "running", "queued"]


async def test_what_waits_for_room_in_the_engine_is_queued_and_visible(house: House) -> None:
    await house.start(
        schedule("a", "* * * * *", calls("hold")), schedule("b", "* * * * *", calls("hold")), max_running=1
    )
    await house.seconds(61)
    assert await house.verdicts("b") == ["queued"]
    assert [event.schedule_id for event in house.of(RunQueued)] == ["b"]
    release()
    await house.seconds(1)
    assert [context.schedule_id for context in handlers_in_tests.calls] == ["a", "b"]


async def test_a_full_engine_does_not_pile_up_runs_of_one_schedule(house: House) -> None:
    await house.start(
        schedule("a", "* * * * *", calls("hold")), schedule("b", "* * * * *", calls("hold")), max_running=1
    )
    await house.seconds(190)
    assert await house.verdicts("b") == ["queued", "skipped(overlap)", "skipped(overlap)"]


async def test_a_tag_has_a_limit_of_its_own(house: House) -> None:
    await house.start(
        schedule("a", "* * * * *", calls("hold"), tags=("db",)),
        schedule("b", "* * * * *", calls("hold"), tags=("db",)),
        schedule("c", "* * * * *", calls("hold")),
        tag_limits=(("db", 1),),
    )
    await house.seconds(61)
    assert await house.verdicts("b") == ["queued"]
    assert await house.verdicts("c") == ["running"]


async def test_a_run_gives_back_the_room_it_took_though_its_tags_have_changed_meanwhile(house: House) -> None:
    held = schedule("a", "* * * * *", calls("hold"), tags=("db",))
    other = schedule("b", "* * * * *", calls("note"), tags=("db",))
    await house.start(held, other, tag_limits=(("db", 1),))
    await house.seconds(61)
    await house.reload(schedule("a", "@yearly", calls("hold")), other, tag_limits=(("db", 1),))
    release()
    await house.seconds(61)
    assert await house.verdicts("b") == ["succeeded", "succeeded"]


async def test_a_failed_run_is_tried_again_as_an_attempt_of_the_same_slot(house: House) -> None:
    retry = Retry(attempts=2, delay_ms=10_000, backoff=2.0)
    await house.start(schedule("flaky", "*/5 * * * *", calls("fail_at_first"), retry=retry))
    await house.seconds(330)
    (run,) = await house.rows("flaky")
    assert (run.state, run.attempt) == ("succeeded", 2)
    (failed,) = await house.engine.ledger.attempts(run.run_id)
    assert (failed.attempt, failed.state) == (1, "failed")
    assert run.fence > failed.fence


async def test_retries_back_off_and_end(house: House) -> None:
    retry = Retry(attempts=2, delay_ms=10_000, backoff=2.0)
    await house.start(schedule("flaky", "*/5 * * * *", calls("fail"), retry=retry))
    await house.seconds(340)
    assert await house.verdicts("flaky") == ["failed"]
    waits = [event.retry_at - event.at for event in house.of(RunRetryScheduled)]
    assert waits == [10_000, 20_000]


async def test_a_run_that_waits_to_retry_counts_as_running(house: House) -> None:
    retry = Retry(attempts=1, delay_ms=90_000)
    await house.start(schedule("flaky", "* * * * *", calls("fail_at_first"), retry=retry))
    await house.seconds(125)
    assert await house.verdicts("flaky") == ["queued", "skipped(overlap)"]


async def test_a_pause_defers_a_retry(house: House) -> None:
    retry = Retry(attempts=1, delay_ms=10_000)
    await house.start(schedule("flaky", "*/5 * * * *", calls("fail_at_first"), retry=retry))
    await house.seconds(301)
    await house.engine.control.pause(["flaky"], actor="ops", reason="deploy")
    await house.seconds(60)
    assert await house.verdicts("flaky") == ["queued"]
    await house.engine.control.resume(["flaky"], actor="ops")
    await house.seconds(1)
    assert await house.verdicts("flaky") == ["succeeded"]


async def test_the_circuit_opens_after_failures_in_a_row_and_lets_one_through_later(house: House) -> None:
    circuit = CircuitBreaker(threshold=2, reset_after_ms=150_000)
    await house.start(schedule("shaky", "* * * * *", calls("fail"), circuit_breaker=circuit))
    await house.seconds(330)
    assert await house.verdicts("shaky") == [
        "failed",
        "failed",
        "skipped(circuit_open)",
        "skipped(circuit_open)",
        "failed",
    ]


async def test_a_schedule_pauses_itself_after_failures_and_keeps_the_cause(house: House) -> None:
    await house.start(schedule("shaky", "* * * * *", calls("fail"), pause_after_failures=2))
    await house.seconds(190)
    assert await house.verdicts("shaky") == ["failed", "failed", "skipped(paused)"]
    state = (await house.engine.ledger.schedule_states())["shaky"]
    assert state.pause is not None
    assert state.pause.reason == "2 failures in a row"


async def test_a_skipped_catch_up_leaves_one_missed_row(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *", missed_run_policy=MissedRunPolicy.SKIP))
    await house.stop()
    house.clock.step(45 * 60_000)
    await house.start()
    await house.seconds(2)
    assert await house.verdicts("gc") == ["missed(4)"]
