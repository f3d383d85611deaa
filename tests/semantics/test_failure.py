import msgspec
from tests.semantics.story import at, entries, job, notes, story, takes

from cronsole.model.instant import HOUR, MINUTE, SECOND
from cronsole.model.policy import CircuitBreaker, Expect, Overlap, Policy, Retry
from cronsole.simulate.happenings import CancelAt, Failure, PauseAt, ResumeAt, TriggerAt

HOURLY = "0 * * * *"
BREAKER = Policy(circuit_breaker=CircuitBreaker(threshold=2, reset_after_ms=150 * MINUTE))


def test_an_exit_code_that_is_not_expected_is_a_failure():
    (told,) = entries(job(HOURLY), to="00:30", failure=Failure(exit_code=3))
    assert (told.state, told.detail) == ("failed", "exit code 3")


def test_an_exit_code_that_is_expected_is_a_success():
    policy = Policy(expect=Expect(exit_codes=frozenset({0, 3})))
    assert story(job(HOURLY, policy), to="00:30", failure=Failure(exit_code=3)) == ["00:00 succeeded"]


def test_a_run_that_is_too_fast_is_suspicious():
    policy = Policy(expect=Expect(min_duration_ms=MINUTE))
    assert story(job(HOURLY, policy), to="00:30", duration=takes(SECOND)) == ["00:00:01 failed slot 00:00"]


def test_a_run_that_is_too_slow_is_a_failure():
    policy = Policy(expect=Expect(max_duration_ms=SECOND))
    assert story(job(HOURLY, policy), to="00:30", duration=takes(MINUTE)) == ["00:01 failed slot 00:00"]


def test_a_run_that_takes_too_long_is_timed_out():
    told = story(job(HOURLY, Policy(timeout_ms=MINUTE)), to="00:30", duration=takes(HOUR))
    assert told == ["00:01 timed_out slot 00:00"]


def test_retries_are_attempts_of_the_same_slot_and_are_spaced_by_the_backoff():
    policy = Policy(retry=Retry(attempts=2, delay_ms=MINUTE))
    assert story(job(HOURLY, policy), to="00:30", failure=Failure()) == [
        "00:00 failed",
        "00:01 failed #2 slot 00:00",
        "00:03 failed #3 slot 00:00",
    ]


def test_a_retry_that_succeeds_ends_the_run():
    policy = Policy(retry=Retry(attempts=2, delay_ms=MINUTE))
    told = entries(job(HOURLY, policy), to="00:30", failure=Failure(attempts=1))
    assert [entry.is_verdict for entry in told] == [False, True]
    assert told[-1].state == "succeeded"


def test_a_timeout_is_tried_again():
    policy = Policy(timeout_ms=MINUTE, retry=Retry(attempts=1, delay_ms=MINUTE))
    assert story(job(HOURLY, policy), to="00:30", duration=takes(HOUR)) == [
        "00:01 timed_out slot 00:00",
        "00:03 timed_out #2 slot 00:00 started 00:02",
    ]


def test_a_wrong_configuration_is_not_tried_again():
    policy = Policy(retry=Retry(attempts=5))
    assert story(job(HOURLY, policy), to="00:30", failure=Failure(exit_code=78)) == ["00:00 failed"]


def test_a_cancelled_run_is_not_tried_again():
    policy = Policy(retry=Retry(attempts=5))
    told = story(job(HOURLY, policy), to="00:30", duration=takes(HOUR), cancel=CancelAt(at=at("00:10")))
    assert told == ["00:10 cancelled slot 00:00"]


def test_a_retry_that_is_cancelled_does_not_start():
    policy = Policy(retry=Retry(attempts=5, delay_ms=20 * MINUTE))
    told = story(job(HOURLY, policy), to="00:50", failure=Failure(), cancel=CancelAt(at=at("00:10")))
    assert told == ["00:00 failed", "00:10 cancelled #2 slot 00:00"]


def test_a_pause_defers_retries():
    policy = Policy(retry=Retry(attempts=1, delay_ms=10 * MINUTE))
    told = story(
        job("0 0 * * *", policy),
        to="02:00",
        failure=Failure(attempts=1),
        pause=PauseAt(at=at("00:05")),
        resume=ResumeAt(at=at("00:45")),
    )
    assert told == ["00:00 failed", "00:45 succeeded #2 slot 00:00"]


def test_the_end_of_a_pause_lets_deferred_retries_start():
    policy = Policy(retry=Retry(attempts=1, delay_ms=10 * MINUTE))
    pause = PauseAt(at=at("00:05"), until=at("00:30"))
    told = story(job("0 0 * * *", policy), to="02:00", failure=Failure(attempts=1), pause=pause)
    assert told == ["00:00 failed", "00:30 succeeded #2 slot 00:00"]


def test_a_circuit_opens_after_failures_in_a_row_and_lets_one_run_through_when_it_is_reset():
    assert story(job(HOURLY, BREAKER), to="08:00", failure=Failure(end=at("04:00"))) == [
        "00:00 failed",
        "01:00 failed",
        "02:00 skipped(circuit_open)",
        "03:00 skipped(circuit_open)",
        "04:00 succeeded",
        "05:00 succeeded",
        "06:00 succeeded",
        "07:00 succeeded",
    ]


def test_each_transition_of_a_circuit_is_on_record():
    assert notes(job(HOURLY, BREAKER), to="05:00", failure=Failure(end=at("04:00"))) == [
        "01:00 circuit opened after 2 failures in a row",
        "04:00 circuit half-open: one run is let through",
        "04:00 circuit closed",
    ]


def test_a_circuit_opens_again_when_the_run_that_it_let_through_fails():
    assert story(job(HOURLY, BREAKER), to="08:00", failure=Failure())[4:] == [
        "04:00 failed",
        "05:00 skipped(circuit_open)",
        "06:00 skipped(circuit_open)",
        "07:00 failed",
    ]


def test_a_half_open_circuit_lets_only_one_run_through_at_a_time():
    policy = msgspec.structs.replace(BREAKER, overlap=Overlap.ALLOW, max_parallel=9)
    told = story(
        job(HOURLY, policy), to="07:30", failure=Failure(end=at("04:00")), duration=takes(90 * MINUTE)
    )
    assert told == [
        "01:30 failed slot 00:00",
        "02:30 failed slot 01:00",
        "03:00 skipped(circuit_open)",
        "03:30 failed slot 02:00",
        "04:00 skipped(circuit_open)",
        "06:00 skipped(circuit_open)",
        "06:30 succeeded slot 05:00",
        "07:30 running slot 07:00",
    ]


def test_resume_closes_a_circuit():
    told = story(
        job(HOURLY, BREAKER), to="03:00", failure=Failure(end=at("02:00")), resume=ResumeAt(at=at("01:30"))
    )
    assert told == ["00:00 failed", "01:00 failed", "02:00 succeeded"]


def test_a_cancelled_run_counts_neither_way_for_a_circuit():
    told = story(
        job(HOURLY, BREAKER),
        to="03:30",
        failure=Failure(),
        duration=takes(10 * MINUTE),
        cancel=CancelAt(at=at("01:05")),
    )
    assert told == [
        "00:10 failed slot 00:00",
        "01:05 cancelled slot 01:00",
        "02:10 failed slot 02:00",
        "03:00 skipped(circuit_open)",
    ]


def test_a_manual_run_passes_an_open_circuit():
    told = story(job(HOURLY, BREAKER), to="02:00", failure=Failure(), trigger=TriggerAt(at=at("01:30")))
    assert told[-1] == "01:30 failed manual"


def test_a_schedule_can_pause_itself_after_failures_and_keeps_the_cause():
    policy = Policy(pause_after_failures=2)
    told = entries(job(HOURLY, policy), to="02:30", failure=Failure())
    assert [entry.detail for entry in told if entry.state is None] == ["paused itself: 2 failures in a row"]
    assert told[-1].reason == "paused"
    assert told[-1].detail.endswith("by cronsole: 2 failures in a row")


def test_failures_by_chance_are_the_same_each_time():
    told = story(job("* * * * *"), to="03:00", failure=Failure(probability=0.3, seed="x"))
    assert told == story(job("* * * * *"), to="03:00", failure=Failure(probability=0.3, seed="x"))
    assert 20 < sum("failed" in each for each in told) < 90
