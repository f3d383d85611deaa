from dataclasses import replace
from typing import Any

import pytest
from tests.crash.checker import Kind, check
from tests.crash.records import Bounds, Evidence, Ledger, Life, Line, PastAttempt, Row, Watched, parse_journal

T0 = 1_800_000_000_000
SECOND = 1_000
EACH_TEN = Watched("job", 10 * SECOND)
# The three slots at 0, 10 and 20 s; what is due in the last ten seconds may still be on its way.
ONE_LIFE = (Life(T0 - SECOND, T0 + 30 * SECOND),)
BOUNDS = Bounds(late_ms=5 * SECOND)


def a_row(number: int, **changes: Any) -> Row:
    slot = T0 + number * 10 * SECOND
    row = Row(
        run_id=f"run-{number}",
        schedule_id="job",
        state="succeeded",
        slot=slot,
        first=slot,
        last=slot,
        count=1,
        fence=number + 1,
        due_at=slot,
        created_at=slot,
        started_at=slot + 5,
        finished_at=slot + 1_000,
    )
    return replace(row, **changes)


def a_start(number: int, **changes: Any) -> Line:
    slot = T0 + number * 10 * SECOND
    return replace(Line("start", f"run-{number}", "job", slot, 1, number + 1, slot + 10, pid=7), **changes)


def an_end(number: int, **changes: Any) -> Line:
    slot = T0 + number * 10 * SECOND
    return replace(Line("end", f"run-{number}", "job", slot, 1, number + 1, slot + 900, code=0), **changes)


ROWS = tuple(a_row(number) for number in range(3))
JOURNAL = tuple(line for number in range(3) for line in (a_start(number), an_end(number)))


def found(
    rows=ROWS,
    journal=JOURNAL,
    schedule=EACH_TEN,
    lives=ONE_LIFE,
    attempts=(),
    **evidence,
) -> list[Kind]:
    return [
        finding.kind
        for finding in check(
            Evidence(
                (schedule,), lives, Ledger(tuple(rows), tuple(attempts)), tuple(journal), BOUNDS, **evidence
            )
        )
    ]


def without(records, number: int):
    return tuple(each for each in records if each.run_id != f"run-{number}")


def test_three_records_that_agree_give_no_finding():
    assert found() == []


def test_a_slot_without_a_verdict_is_lost():
    assert found(without(ROWS, 1), without(JOURNAL, 1)) == [Kind.LOST]


def test_the_newest_slots_may_still_be_on_their_way():
    assert found(lives=(Life(T0 - SECOND, T0 + 34 * SECOND),)) == []


def test_slots_before_a_schedule_came_into_force_are_not_expected():
    later = replace(EACH_TEN, since=T0 + 5 * SECOND)
    assert found(without(ROWS, 0), without(JOURNAL, 0), schedule=later) == []


def test_slots_after_a_schedule_was_removed_are_not_expected():
    gone = replace(EACH_TEN, until=T0 + 15 * SECOND)
    assert found(without(ROWS, 2), without(JOURNAL, 2), schedule=gone) == []


def test_a_missed_range_is_the_verdict_of_its_slots():
    missed = a_row(1, state="missed", fence=0, first=T0, last=T0 + 10 * SECOND, count=2)
    assert found((missed, a_row(2)), without(without(JOURNAL, 0), 1)) == []


def test_a_claimed_run_that_was_skipped_is_the_verdict_of_its_own_slot_alone():
    missed = a_row(0, state="missed", fence=0)
    skipped = a_row(1, state="skipped", first=T0, count=2)
    assert found((missed, skipped, a_row(2)), without(without(JOURNAL, 0), 1)) == []


def test_a_missed_range_with_a_wrong_count_is_found():
    missed = a_row(1, state="missed", fence=0, first=T0, last=T0 + 10 * SECOND, count=3)
    assert found((missed, a_row(2)), without(without(JOURNAL, 0), 1)) == [Kind.MISCOUNTED]


def test_two_rows_of_one_slot_are_a_double():
    twice = a_row(1, run_id="run-1b", state="skipped")
    assert found((*ROWS, twice)) == [Kind.DOUBLE]


def test_a_slot_that_ran_and_lies_in_a_missed_range_is_a_double():
    missed = a_row(
        2, run_id="gap", state="missed", fence=0, slot=None, first=T0 + SECOND, last=T0 + 15 * SECOND
    )
    assert found((*ROWS, missed)) == [Kind.DOUBLE]


def test_two_starts_of_one_attempt_are_a_double():
    assert Kind.DOUBLE in found(journal=(*JOURNAL, a_start(1, at=T0 + 11_500, pid=8)))


def test_one_slot_under_two_run_ids_is_a_double():
    again = (a_start(1, run_id="other", at=T0 + 12_000, fence=9), an_end(1, run_id="other", at=T0 + 12_500))
    assert Kind.DOUBLE in found(journal=(*JOURNAL, *again))


def test_a_verdict_for_what_is_no_slot_is_found():
    assert found((*ROWS, a_row(2, run_id="odd", state="skipped", slot=T0 + 123, first=None))) == [
        Kind.PHANTOM
    ]


def test_missed_slots_are_found_where_the_policy_runs_all():
    runs_all = replace(EACH_TEN, missed_run_policy="run_all")
    rows = (a_row(0), a_row(1, state="missed", fence=0), a_row(2))
    assert found(rows, without(JOURNAL, 1), schedule=runs_all) == [Kind.WRONGLY_MISSED]


def test_a_start_that_the_ledger_does_not_know_is_unclaimed():
    assert Kind.UNCLAIMED in found(without(ROWS, 1))


@pytest.mark.parametrize("state", ["skipped", "missed", "queued"])
def test_a_start_of_what_the_ledger_never_let_start_is_unclaimed(state):
    assert Kind.UNCLAIMED in found((a_row(0), a_row(1, state=state), a_row(2)))


def test_a_start_of_an_attempt_ahead_of_the_ledger_is_unclaimed():
    again = (a_start(1, attempt=2, fence=8, at=T0 + 11_500), an_end(1, attempt=2, at=T0 + 11_900))
    assert Kind.UNCLAIMED in found(journal=(*JOURNAL, *again))


def test_a_start_long_after_its_slot_is_late():
    late = (a_start(1, at=T0 + 16_000), an_end(1, at=T0 + 16_100))
    assert found(journal=(*without(JOURNAL, 1), *late)) == [Kind.LATE]


def test_a_start_soon_after_the_engine_came_back_is_not_late():
    lives = (Life(T0 - SECOND, T0 + 2_000, was_killed=True), Life(T0 + 14_000, T0 + 30_000))
    back = (a_start(1, at=T0 + 16_000), an_end(1, at=T0 + 16_100))
    assert found(journal=(*without(JOURNAL, 1), *back), lives=lives) == []


def test_a_start_soon_after_the_run_in_front_ended_is_not_late():
    long = (a_start(0), an_end(0, at=T0 + 15_500), a_start(1, at=T0 + 16_000), an_end(1, at=T0 + 16_100))
    assert found(journal=(*long, *JOURNAL[4:])) == []


def test_a_start_before_its_slot_is_early():
    assert found(journal=(*without(JOURNAL, 1), a_start(1, at=T0 + 9_900), an_end(1))) == [Kind.EARLY]


def test_two_runs_at_once_overlap():
    assert found(journal=(a_start(0), an_end(0, at=T0 + 10_500), *JOURNAL[2:])) == [Kind.OVERLAP]


def test_a_run_without_an_end_overlaps_until_the_ledger_closed_it():
    rows = (a_row(0, state="cancelled", finished_at=T0 + 10_500), *ROWS[1:])
    assert found(rows, (JOURNAL[0], *JOURNAL[2:])) == [Kind.OVERLAP]


def test_a_lost_run_that_told_of_no_end_may_still_run():
    rows = (a_row(0, state="lost"), *ROWS[1:])
    assert Kind.OVERLAP in found(rows, (JOURNAL[0], *JOURNAL[2:]))


def test_as_many_runs_at_once_as_the_policy_allows_do_not_overlap():
    two = replace(EACH_TEN, parallel=2)
    assert found(journal=(a_start(0), an_end(0, at=T0 + 10_500), *JOURNAL[2:]), schedule=two) == []


def test_a_skip_for_an_overlap_with_nothing_is_groundless():
    skipped = a_row(2, state="skipped", reason="overlap", finished_at=T0 + 20_000)
    assert found((a_row(0), a_row(1), skipped), without(JOURNAL, 2)) == [Kind.GROUNDLESS_SKIP]


def test_a_fence_that_falls_between_claims_is_stale():
    journal = (*JOURNAL[:2], a_start(1, fence=1), an_end(1), *JOURNAL[4:])
    assert found(journal=journal) == [Kind.STALE_FENCE]


def test_a_fence_that_stays_between_attempts_is_stale():
    rows = (a_row(0), a_row(1, attempt=2), a_row(2))
    again = (a_start(1, attempt=2, at=T0 + 11_500), an_end(1, attempt=2, at=T0 + 11_900))
    journal = (*JOURNAL[:3], an_end(1, code=1), *again, *JOURNAL[4:])
    assert found(rows, journal, attempts=(PastAttempt("run-1", 1, 2, "failed"),)) == [Kind.STALE_FENCE]


@pytest.mark.parametrize("state", ["starting", "running"])
def test_a_run_that_is_under_way_after_a_clean_stop_is_unresolved(state):
    assert found((a_row(0), a_row(1), a_row(2, state=state))) == [Kind.UNRESOLVED]


def test_a_run_that_waits_for_nothing_is_unresolved():
    rows = (a_row(0, state="queued"), *ROWS[1:])
    lives = (Life(T0 - SECOND, T0 + 33_000),)
    assert found(rows, without(JOURNAL, 0), lives=lives) == [Kind.UNRESOLVED]


def test_nothing_is_unresolved_before_the_final_stop():
    assert found((a_row(0), a_row(1), a_row(2, state="running")), stopped_cleanly=False) == []


def test_a_success_without_an_end_is_a_disagreement():
    assert Kind.DISAGREEMENT in found(journal=JOURNAL[:5])


def test_a_success_without_a_start_is_a_disagreement():
    assert found(journal=without(JOURNAL, 1)) == [Kind.DISAGREEMENT]


@pytest.mark.parametrize("state", ["failed", "lost"])
def test_an_end_that_the_ledger_tells_otherwise_is_a_disagreement(state):
    assert found((a_row(0), a_row(1, state=state), a_row(2))) == [Kind.DISAGREEMENT]


def test_a_lost_run_is_no_disagreement_where_no_exit_status_is_left_behind():
    lax = replace(EACH_TEN, leaves_exit_status=False)
    assert found((a_row(0), a_row(1, state="lost"), a_row(2)), schedule=lax) == []


def test_a_line_of_the_journal_is_read_back():
    text = (
        '{"event":"end","run":"r","schedule":"s","slot":"2027-01-15T08:00:01Z","attempt":2,"fence":9,"pid":4,'
        '"up":12.34,"code":"3"}'
    )
    assert parse_journal([text], T0) == (Line("end", "r", "s", T0 + 1_000, 2, 9, T0 + 12_340, 4, 3),)
