from tests.semantics.story import at, entries, job

from cronsole.model.instant import MINUTE
from cronsole.model.policy import Policy, Retry
from cronsole.simulate.happenings import Down, Failure
from cronsole.simulate.summary import Summary, Tally, summary_record


def summed(*told: object, **happens: object) -> Summary:
    tally = Tally()
    for entry in entries(*told, to="06:30", **happens):  # type: ignore[arg-type] # the tests hand on schedules
        tally.add(entry)
    return tally.summary()


def test_the_worst_minute_is_the_one_in_which_most_runs_start():
    jobs = [job("0 * * * *", id="a"), job("0 3 * * *", id="b"), job("30 * * * * *", id="c")]
    summary = summed(*jobs)
    assert (summary.worst_minute, summary.worst_starts) == (at("03:00"), 3)
    assert set(summary.worst_schedules) == {("a", 1), ("b", 1), ("c", 1)}


def test_the_first_of_equally_bad_minutes_is_named():
    assert summed(job("0 * * * *")).worst_minute == at("00:00")


def test_states_reasons_and_missed_slots_are_counted():
    outage = Down(begin=at("00:30"), end=at("03:30"))
    summary = summed(job("0 * * * *", id="a"), job("0 * * * *", id="b", enabled=False), down=outage)
    assert dict(summary.by_state) == {"succeeded": 5, "skipped": 5, "missed": 1}
    assert summary.by_reason == (("disabled", 7),)
    assert (summary.missed_slots, summary.catchups) == (2, 1)


def test_an_attempt_that_is_followed_by_another_counts_as_a_retry_and_as_no_verdict():
    policy = Policy(retry=Retry(attempts=1, delay_ms=MINUTE))
    summary = summed(job("0 3 * * *", policy), failure=Failure(attempts=1))
    assert (summary.by_state, summary.retries) == ((("succeeded", 1),), 1)


def test_nothing_that_starts_has_no_worst_minute():
    summary = summed(job("0 8 * * *"))
    assert summary.worst_minute is None
    assert summary_record(summary)["states"] == {}


def test_a_summary_is_written_for_programs():
    assert summary_record(summed(job("0 3 * * *"))) == {
        "kind": "summary",
        "states": {"succeeded": 1},
        "reasons": {},
        "missed_slots": 0,
        "catchups": 0,
        "retries": 0,
        "worst_minute": {"at": "2026-03-02T03:00Z", "starts": 1, "schedules": {"job": 1}},
    }
