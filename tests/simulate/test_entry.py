from tests.semantics.story import at, entries, job

from cronsole.model.policy import Policy, Retry
from cronsole.simulate.entry import record
from cronsole.simulate.happenings import Down, Failure


def test_an_attempt_is_written_with_its_times():
    policy = Policy(retry=Retry(attempts=1, delay_ms=60_000))
    first, second = entries(job("0 1 * * *", policy), to="02:00", failure=Failure(attempts=1))
    assert record(first) == {
        "at": "2026-03-02T01:00Z",
        "kind": "run",
        "schedule": "job",
        "state": "failed",
        "cause": "slot",
        "slot": "2026-03-02T01:00Z",
        "due": "2026-03-02T01:00Z",
        "start": "2026-03-02T01:00Z",
        "end": "2026-03-02T01:00Z",
        "retry_at": "2026-03-02T01:01Z",
        "attempt": 1,
        "stands_for": {"count": 1, "first": "2026-03-02T01:00Z", "last": "2026-03-02T01:00Z"},
        "detail": "exit code 1",
    }
    assert (record(second)["attempt"], "retry_at" in record(second)) == (2, False)


def test_a_missed_range_is_written_with_its_count():
    outage = Down(begin=at("00:30"), end=at("03:30"))
    told = [record(entry) for entry in entries(job("0 * * * *"), since="00:10", to="03:45", down=outage)]
    assert [(each["kind"], each.get("stands_for", {})) for each in told if each["kind"] == "missed"] == [
        ("missed", {"count": 2, "first": "2026-03-02T01:00Z", "last": "2026-03-02T02:00Z"})
    ]
    assert told[-1]["is_catchup"] is True


def test_a_note_has_no_state():
    told = [
        record(entry)
        for entry in entries(job("0 * * * *"), to="00:50", down=Down(begin=at("00:30"), end=at("00:40")))
    ]
    assert told[1] == {"at": "2026-03-02T00:30Z", "kind": "note", "detail": "the engine dies"}


def test_a_skipped_slot_has_its_reason():
    (told,) = entries(job("0 0 * * *", enabled=False), to="00:50")
    assert (record(told)["kind"], record(told)["reason"]) == ("skipped", "disabled")
