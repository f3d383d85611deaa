import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.stand_ins import HOURLY, T0, Every, Listed, a_once, a_schedule, a_state

from cronsole.model.instant import DAY, HOUR, MINUTE
from cronsole.model.policy import Policy
from cronsole.model.run import Range
from cronsole.model.trigger import IntervalSpec
from cronsole.planning.due import due_at, last_slot_due, next_due, owed, owing_since


def test_slots_are_owed_above_the_first_bound_and_up_to_the_second():
    assert owed(HOURLY, after=T0, until=T0 + 3 * HOUR) == Range(3, T0 + HOUR, T0 + 3 * HOUR)


def test_nothing_is_owed_between_two_slots():
    assert owed(HOURLY, after=T0, until=T0 + HOUR - 1) is None


def test_nothing_is_owed_in_a_stretch_that_ends_before_it_begins():
    assert owed(HOURLY, after=T0, until=T0 - HOUR) is None


def test_without_jitter_a_run_is_due_at_its_slot():
    assert due_at(HOURLY, "job", T0, 0) == T0


@given(st.text(), st.integers(0, 10_000), st.integers(0, 3 * HOUR))
def test_jitter_ends_before_the_next_slot(schedule_id, hours, jitter_ms):
    slot = T0 + hours * HOUR
    assert slot <= due_at(HOURLY, schedule_id, slot, jitter_ms) < slot + HOUR


def test_jitter_of_the_last_slot_is_not_clipped():
    slots = [T0 + n for n in range(50)]
    assert max(due_at(Listed(slot), "job", slot, DAY) - slot for slot in slots) > HOUR


@given(st.text(), st.integers(0, 10 * HOUR), st.integers(0, 3 * HOUR))
def test_a_bound_has_exactly_the_slots_below_it_that_are_due(schedule_id, by, jitter_ms):
    bound = last_slot_due(HOURLY, schedule_id, T0 + by, jitter_ms)
    due = [
        slot for n in range(12) if due_at(HOURLY, schedule_id, slot := T0 + n * HOUR, jitter_ms) <= T0 + by
    ]
    assert owed(HOURLY, after=T0 - 1, until=bound) == (Range(len(due), due[0], due[-1]) if due else None)


@pytest.mark.parametrize("field", ["watermark", "created_at", "trigger_changed_at", "resumed_at"])
def test_owing_begins_above_the_latest_of_what_the_ledger_remembers(field):
    assert owing_since(a_schedule(), a_state(**{field: T0 + DAY})) == T0 + DAY


def test_a_slot_at_the_very_start_of_a_schedule_is_owed():
    assert next_due(a_schedule(start=T0 + DAY), HOURLY, a_state()) == (T0 + DAY, T0 + DAY)


def test_a_slot_at_the_very_end_of_a_schedule_is_owed():
    assert next_due(a_schedule(end=T0 + HOUR), HOURLY, a_state()) == (T0 + HOUR, T0 + HOUR)


def test_a_slot_after_the_end_is_not_owed():
    assert next_due(a_schedule(end=T0 + HOUR - 1), HOURLY, a_state()) is None


def test_an_interval_that_runs_at_start_owes_the_instant_at_which_it_was_first_seen():
    schedule = msgspec.structs.replace(a_schedule(), trigger=IntervalSpec(HOUR, run_at_start=True))
    assert next_due(schedule, HOURLY, a_state()) == (T0, T0)


def test_an_interval_that_ran_at_start_does_not_do_so_again():
    schedule = msgspec.structs.replace(a_schedule(), trigger=IntervalSpec(HOUR, run_at_start=True))
    assert next_due(schedule, HOURLY, a_state(watermark=T0)) == (T0 + HOUR, T0 + HOUR)


def test_the_due_instant_holds_the_jitter():
    slot, due = next_due(a_schedule(Policy(jitter_ms=10 * MINUTE)), HOURLY, a_state()) or (0, 0)
    assert due == due_at(HOURLY, "job", slot, 10 * MINUTE) != slot


@pytest.mark.parametrize("field", ["exhausted_at", "archived_at"])
def test_what_is_over_has_no_next_slot(field):
    assert next_due(a_schedule(), HOURLY, a_state(**{field: T0})) is None


def test_used_up_runs_leave_no_next_slot():
    assert next_due(a_schedule(max_runs=2), HOURLY, a_state(runs_made=2)) is None


def test_an_exhausted_trigger_has_no_next_slot():
    assert next_due(a_schedule(), Listed(T0 + 1), a_state(watermark=T0 + 1)) is None


def test_a_once_in_the_past_when_first_seen_still_needs_its_verdict():
    assert next_due(a_once(T0 - 1), Listed(T0 - 1), a_state()) == (T0 - 1, T0 - 1)


def test_a_once_in_the_past_that_has_its_verdict_needs_no_other():
    assert next_due(a_once(T0 - 1), Listed(T0 - 1), a_state(watermark=T0 - 1)) is None


def test_a_schedule_never_seen_before_owes_nothing():
    assert next_due(a_schedule(), Every(HOUR), a_state(created_at=T0 + 5 * HOUR)) == (
        T0 + 6 * HOUR,
        T0 + 6 * HOUR,
    )
