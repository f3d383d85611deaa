from hypothesis import given
from hypothesis import strategies as st
from tests.planning.stand_ins import HOURLY, T0, a_schedule, a_state, planned

from cronsole.model.instant import HOUR, MINUTE, Instant
from cronsole.model.policy import MissedRunPolicy, Policy
from cronsole.model.run import Range, RunState, Verdict
from cronsole.model.schedule import Pause, Schedule, ScheduleState
from cronsole.planning.due import due_at

instants = st.integers(T0, T0 + 40 * HOUR)
policies = st.builds(
    Policy,
    missed_run_policy=st.sampled_from(MissedRunPolicy),
    catchup_window_ms=st.integers(0, 50 * HOUR),
    catchup_limit=st.integers(0, 10),
    late_grace_ms=st.integers(0, 2 * HOUR),
    jitter_ms=st.one_of(st.just(0), st.integers(0, 2 * HOUR)),
)
pauses = st.one_of(st.none(), st.builds(Pause, since=instants, until=st.one_of(st.none(), instants)))
schedules = st.builds(a_schedule, policies, enabled=st.booleans(), end=st.one_of(st.none(), instants))
states = st.builds(a_state, watermark=instants, pause=pauses)
moments = st.tuples(instants, st.integers(0, 5 * HOUR))


def expected(schedule: Schedule, state: ScheduleState, horizon: Instant) -> list[Instant]:
    slots = (T0 + n * HOUR for n in range(1, 60))
    return [
        slot
        for slot in slots
        if slot > state.watermark
        and (schedule.end is None or slot <= schedule.end)
        and due_at(HOURLY, schedule.id, slot, schedule.policy.jitter_ms) <= horizon
    ]


def covered(verdict: Verdict, owed: list[Instant]) -> list[Instant]:
    """Return the slots that a verdict is the verdict of: a run's is its own, however many it stands for."""
    spans = Range(1, verdict.slot, verdict.slot) if verdict.state is RunState.QUEUED else verdict.stands_for
    slots = [slot for slot in owed if spans.first <= slot <= spans.last]
    assert spans.count == len(slots)
    return slots


@given(schedules, states, moments)
def test_every_slot_that_is_due_gets_exactly_one_verdict_in_order(schedule, state, moment):
    now, ahead_ms = moment
    verdicts = planned(schedule, state, now, ahead_ms=ahead_ms)
    owed = expected(schedule, state, now + ahead_ms)
    assert [slot for verdict in verdicts for slot in covered(verdict, owed)] == owed


@given(schedules, states, moments)
def test_a_run_is_a_catchup_exactly_when_its_own_slot_is_late(schedule, state, moment):
    now, ahead_ms = moment
    policy = schedule.policy
    for verdict in planned(schedule, state, now, ahead_ms=ahead_ms):
        if verdict.state is RunState.QUEUED:
            due = due_at(HOURLY, schedule.id, verdict.slot, policy.jitter_ms)
            assert verdict.is_catchup == (now - due > policy.late_grace_ms)


@given(schedules, states, moments)
def test_no_slot_within_a_pause_runs(schedule, state, moment):
    now, ahead_ms = moment
    verdicts = planned(schedule, state, now, ahead_ms=ahead_ms)
    ran = [each.slot for each in verdicts if each.state is RunState.QUEUED]
    assert not [slot for slot in ran if state.pause is not None and state.pause.holds_at(slot)]


@given(schedules, states, moments, st.integers(1, 4))
def test_no_more_runs_are_made_than_max_runs_allows(schedule, state, moment, left):
    now, ahead_ms = moment
    bounded = a_schedule(schedule.policy, enabled=schedule.enabled, end=schedule.end, max_runs=left)
    verdicts = planned(bounded, state, now, ahead_ms=ahead_ms)
    assert sum(each.state is RunState.QUEUED for each in verdicts) <= left


@given(schedules, states, instants, st.lists(st.integers(0, 90 * MINUTE), max_size=20))
def test_the_same_slots_are_covered_however_often_one_looks(schedule, state, begin, steps):
    watermark, now = state.watermark, begin
    seen: list[Instant] = []
    for step in steps:
        now += step
        looked_at = a_state(watermark=watermark, pause=state.pause)
        for verdict in planned(schedule, looked_at, now):
            seen += covered(verdict, expected(schedule, looked_at, now))
            watermark = verdict.slot
    assert seen == (expected(schedule, state, now) if steps else [])
