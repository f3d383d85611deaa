import msgspec
import pytest
from tests.planning.stand_ins import AROUND, HOURLY, T0, Every, Listed, a_once, a_schedule, a_state, planned

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND
from cronsole.model.policy import CircuitBreaker, Conditions, MissedRunPolicy, Policy
from cronsole.model.run import Range, RunState, SkipReason, Verdict
from cronsole.model.schedule import Breaker, Pause
from cronsole.planning.due import due_at
from cronsole.planning.plan import Surroundings, lift

RUN_ONCE = Policy()
SKIP = Policy(missed_run_policy=MissedRunPolicy.SKIP)
RUN_ALL = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL)


def ran(verdicts: tuple[Verdict, ...]) -> list[int]:
    return [(each.slot - T0) // HOUR for each in verdicts if each.state is RunState.QUEUED]


def missed(verdicts: tuple[Verdict, ...]) -> list[Range]:
    return [each.stands_for for each in verdicts if each.state is RunState.MISSED]


def reasons(verdicts: tuple[Verdict, ...]) -> list[SkipReason | None]:
    return [each.reason for each in verdicts if each.state is RunState.SKIPPED]


def hours(first: int, last: int) -> Range:
    return Range(last - first + 1, T0 + first * HOUR, T0 + last * HOUR)


def test_one_slot_that_is_due_runs_on_time():
    slot = T0 + HOUR
    assert planned(a_schedule(), a_state(), slot + 5) == (
        Verdict(RunState.QUEUED, slot, slot, Range(1, slot, slot)),
    )


def test_before_its_slot_nothing_is_decided():
    assert planned(a_schedule(), a_state(), T0 + HOUR - 1) == ()


def test_a_slot_may_be_claimed_ahead():
    assert ran(planned(a_schedule(), a_state(), T0 + HOUR - 500, ahead_ms=SECOND)) == [1]


def test_a_slot_within_the_grace_is_no_catchup():
    (verdict,) = planned(a_schedule(), a_state(), T0 + HOUR + MINUTE)
    assert not verdict.is_catchup


def test_a_single_slot_beyond_the_grace_is_a_catchup_due_now():
    now = T0 + HOUR + MINUTE + 1
    (verdict,) = planned(a_schedule(), a_state(), now)
    assert (verdict.is_catchup, verdict.due_at) == (True, now)


def test_a_single_slot_beyond_the_grace_is_missed_under_skip():
    now = T0 + HOUR + MINUTE + 1
    assert missed(planned(a_schedule(SKIP), a_state(), now)) == [hours(1, 1)]


def test_run_once_runs_the_newest_for_all_and_counts_the_others():
    verdicts = planned(a_schedule(RUN_ONCE), a_state(), T0 + 5 * HOUR + 1)
    assert (ran(verdicts), missed(verdicts)) == ([5], [hours(1, 4)])
    assert verdicts[-1].stands_for == hours(1, 5)


def test_the_newest_of_several_is_no_catchup_when_it_is_on_time():
    verdicts = planned(a_schedule(RUN_ONCE), a_state(), T0 + 5 * HOUR + 1)
    assert not verdicts[-1].is_catchup


def test_the_newest_of_several_is_a_catchup_when_it_is_late():
    verdicts = planned(a_schedule(RUN_ONCE), a_state(), T0 + 5 * HOUR + 30 * MINUTE)
    assert verdicts[-1].is_catchup


def test_skip_runs_the_newest_when_it_is_on_time():
    verdicts = planned(a_schedule(SKIP), a_state(), T0 + 5 * HOUR + 1)
    assert (ran(verdicts), missed(verdicts)) == ([5], [hours(1, 4)])


def test_a_run_under_skip_stands_for_itself():
    verdicts = planned(a_schedule(SKIP), a_state(), T0 + 5 * HOUR + 1)
    assert verdicts[-1].stands_for == hours(5, 5)


def test_skip_runs_nothing_when_the_newest_is_late():
    verdicts = planned(a_schedule(SKIP), a_state(), T0 + 5 * HOUR + 2 * MINUTE)
    assert (ran(verdicts), missed(verdicts)) == ([], [hours(1, 5)])


def test_run_all_runs_the_oldest_first():
    assert ran(planned(a_schedule(RUN_ALL), a_state(), T0 + 5 * HOUR + 1)) == [1, 2, 3, 4, 5]


def test_run_all_keeps_the_newest_up_to_the_limit():
    policy = msgspec.structs.replace(RUN_ALL, catchup_limit=2)
    verdicts = planned(a_schedule(policy), a_state(), T0 + 5 * HOUR + 1)
    assert (ran(verdicts), missed(verdicts)) == ([4, 5], [hours(1, 3)])


def test_each_run_of_run_all_stands_for_itself():
    verdicts = planned(a_schedule(RUN_ALL), a_state(), T0 + 2 * HOUR + 1)
    assert [each.stands_for for each in verdicts] == [hours(1, 1), hours(2, 2)]


@pytest.mark.parametrize("policy", [RUN_ONCE, SKIP, RUN_ALL])
def test_what_is_older_than_the_window_is_missed_and_counted(policy):
    policy = msgspec.structs.replace(policy, catchup_window_ms=0)
    verdicts = planned(a_schedule(policy), a_state(), T0 + 5 * HOUR + 30 * MINUTE)
    assert (ran(verdicts), missed(verdicts)) == ([], [hours(1, 5)])


def test_what_is_on_time_runs_however_short_the_window():
    policy = Policy(catchup_window_ms=0)
    assert ran(planned(a_schedule(policy), a_state(), T0 + HOUR + 50)) == [1]


def test_a_run_stands_for_what_is_within_the_window():
    policy = Policy(catchup_window_ms=2 * HOUR)
    verdicts = planned(a_schedule(policy), a_state(), T0 + 5 * HOUR + 1)
    assert verdicts[-1].stands_for == hours(4, 5)
    assert missed(verdicts) == [hours(1, 4)]


def test_a_slot_at_the_edge_of_the_window_is_still_made_up_for():
    policy = Policy(catchup_window_ms=2 * HOUR)
    assert ran(planned(a_schedule(policy), a_state(watermark=T0), T0 + 3 * HOUR - 1)) == [2]


def test_slots_claimed_ahead_are_not_subject_to_the_policy():
    verdicts = planned(a_schedule(), a_state(), T0 + HOUR, trigger=Every(SECOND), ahead_ms=2 * SECOND)
    assert [each.slot - T0 - HOUR for each in verdicts if each.state is RunState.QUEUED] == [0, 1000, 2000]


def test_a_catchup_is_due_at_its_place_in_the_spread():
    now = T0 + HOUR + 30 * MINUTE
    dues = [
        planned(a_schedule(id=name), a_state(), now, spread_ms=MINUTE)[0].due_at - now for name in ("a", "b")
    ]
    assert dues[0] != dues[1]
    assert all(0 <= due < MINUTE for due in dues)


def test_what_is_on_time_is_not_spread():
    (verdict,) = planned(a_schedule(), a_state(), T0 + HOUR, spread_ms=MINUTE)
    assert verdict.due_at == T0 + HOUR


@pytest.mark.parametrize(("beyond_ms", "is_catchup"), [(0, False), (1, True)])
def test_lateness_is_measured_against_the_jittered_due_instant(beyond_ms, is_catchup):
    policy = Policy(jitter_ms=30 * MINUTE)
    due = due_at(HOURLY, "job", T0 + HOUR, policy.jitter_ms)
    (verdict,) = planned(a_schedule(policy), a_state(), due + policy.late_grace_ms + beyond_ms)
    assert verdict.is_catchup is is_catchup


def test_a_slot_that_still_waits_for_its_jitter_is_not_decided():
    policy = Policy(jitter_ms=30 * MINUTE)
    due = due_at(HOURLY, "job", T0 + HOUR, policy.jitter_ms)
    assert planned(a_schedule(policy), a_state(), due - 1) == ()


def test_more_runs_than_are_left_are_not_owed():
    verdicts = planned(a_schedule(RUN_ALL, max_runs=5), a_state(runs_made=3), T0 + 5 * HOUR + 1)
    assert [(each.slot - T0) // HOUR for each in verdicts] == [1, 2]


def test_a_slot_that_a_gate_closes_uses_up_no_run():
    policy = msgspec.structs.replace(RUN_ALL, conditions=Conditions(expression="x"))
    around = Surroundings(evaluate=lambda _, known: known["now"].hour != 1)
    verdicts = planned(a_schedule(policy, max_runs=1), a_state(), T0 + 3 * HOUR + 1, around=around)
    assert (ran(verdicts), reasons(verdicts)) == ([2], [SkipReason.CONDITION])


def test_paused_slots_are_one_row_with_a_range():
    state = a_state(pause=Pause(T0))
    (verdict,) = planned(a_schedule(), state, T0 + 3 * HOUR)
    assert (verdict.reason, verdict.stands_for) == (SkipReason.PAUSED, hours(1, 3))


def test_after_a_pause_that_is_over_the_policy_applies():
    state = a_state(pause=Pause(T0 + 2 * HOUR, T0 + 4 * HOUR))
    verdicts = planned(a_schedule(RUN_ALL), state, T0 + 5 * HOUR + 1)
    assert ran(verdicts) == [1, 4, 5]
    assert [each.stands_for for each in verdicts if each.reason] == [hours(2, 3)]


def test_slots_before_and_after_a_pause_are_owed_together():
    state = a_state(pause=Pause(T0 + 2 * HOUR, T0 + 4 * HOUR))
    verdicts = planned(a_schedule(), state, T0 + 5 * HOUR + 1)
    assert (ran(verdicts), missed(verdicts)) == ([5], [hours(1, 1), hours(4, 4)])
    assert verdicts[-1].stands_for == Range(3, T0 + HOUR, T0 + 5 * HOUR)


def test_a_catchup_from_before_a_pause_does_not_run_while_it_holds():
    state = a_state(pause=Pause(T0 + 2 * HOUR))
    verdicts = planned(a_schedule(), state, T0 + 3 * HOUR + 1)
    assert [(each.slot, each.reason) for each in verdicts] == [
        (T0 + HOUR, SkipReason.PAUSED),
        (T0 + 3 * HOUR, SkipReason.PAUSED),
    ]


def test_the_instant_at_which_a_pause_ends_is_not_paused():
    state = a_state(pause=Pause(T0, T0 + HOUR))
    assert ran(planned(a_schedule(), state, T0 + HOUR)) == [1]


def test_a_disabled_schedule_has_one_row_for_all_its_slots():
    (verdict,) = planned(a_schedule(enabled=False), a_state(), T0 + 3 * HOUR)
    assert (verdict.reason, verdict.stands_for) == (SkipReason.DISABLED, hours(1, 3))


def test_a_once_in_the_past_when_first_seen_is_expired():
    (verdict,) = planned(a_once(T0 - HOUR), a_state(), T0, trigger=Listed(T0 - HOUR))
    assert (verdict.state, verdict.reason) == (RunState.SKIPPED, SkipReason.EXPIRED)


def test_a_once_that_came_while_nobody_looked_is_made_up_for():
    (verdict,) = planned(a_once(T0 + HOUR), a_state(), T0 + 2 * HOUR, trigger=Listed(T0 + HOUR))
    assert (verdict.state, verdict.is_catchup) == (RunState.QUEUED, True)


def test_a_catchup_needs_its_gates_open_now_too():
    policy = Policy(conditions=Conditions(expression="x"))
    around = Surroundings(evaluate=lambda _, known: known["now"].minute == 0)
    verdicts = planned(a_schedule(policy), a_state(), T0 + HOUR + 30 * MINUTE, around=around)
    assert reasons(verdicts) == [SkipReason.CONDITION]


def test_a_slot_on_time_needs_its_gates_open_at_its_nominal_instant():
    policy = Policy(conditions=Conditions(expression="x"))
    around = Surroundings(evaluate=lambda _, known: known["now"].second == 0)
    assert ran(planned(a_schedule(policy), a_state(), T0 + HOUR + 30 * SECOND, around=around)) == [1]


def test_a_half_open_circuit_lets_one_of_many_through():
    policy = msgspec.structs.replace(RUN_ALL, circuit_breaker=CircuitBreaker(reset_after_ms=MINUTE))
    state = a_state(breaker=Breaker(3, opened_at=T0))
    verdicts = planned(a_schedule(policy), state, T0 + 3 * HOUR + 1)
    assert (ran(verdicts), reasons(verdicts)) == ([1], [SkipReason.CIRCUIT_OPEN] * 2)


def test_no_slot_after_the_end_is_owed_however_late_it_is():
    assert ran(planned(a_schedule(RUN_ALL, end=T0 + 2 * HOUR), a_state(), T0 + 5 * HOUR)) == [1, 2]


@pytest.mark.parametrize("field", ["exhausted_at", "archived_at"])
def test_what_is_over_owes_nothing(field):
    assert planned(a_schedule(), a_state(**{field: T0}), T0 + DAY) == ()


def test_a_pause_that_ends_gives_its_slots_that_still_wait_for_their_jitter_a_verdict():
    schedule = a_schedule(Policy(jitter_ms=50 * MINUTE))
    state = a_state(pause=Pause(T0 + HOUR, T0 + HOUR + 1))
    (verdict,) = lift(schedule, HOURLY, state, AROUND, now=T0 + HOUR + 1)
    assert (verdict.slot, verdict.reason) == (T0 + HOUR, SkipReason.PAUSED)


def test_a_pause_that_ends_leaves_the_slots_before_it_owed():
    schedule = a_schedule(Policy(jitter_ms=50 * MINUTE))
    state = a_state(pause=Pause(T0 + HOUR + 1))
    assert lift(schedule, HOURLY, state, AROUND, now=T0 + HOUR + 2) == ()


def test_without_a_pause_there_is_nothing_to_lift():
    assert lift(a_schedule(), HOURLY, a_state(), AROUND, now=T0 + HOUR) == ()
