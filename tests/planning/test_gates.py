from datetime import date

import pytest
from tests.planning.stand_ins import AROUND, T0, a_schedule, a_state

from cronsole.model.instant import HOUR, MINUTE, from_iso
from cronsole.model.policy import Calendar, CircuitBreaker, Conditions, Hours, Locking, Policy, Span
from cronsole.model.run import Cause, Run, RunState, SkipReason
from cronsole.model.schedule import Breaker, Origin, Pause
from cronsole.planning.gates import Surroundings, explain, first_closed, variables

SATURDAY = from_iso("2026-03-07T12:00Z")
NINE_TO_FIVE = Hours(9 * 60, 17 * 60)
NIGHT = Hours(22 * 60, 6 * 60)


def under(conditions: Conditions, at: int, around: Surroundings = AROUND) -> SkipReason | None:
    closed = first_closed(a_schedule(Policy(conditions=conditions)), a_state(), around, at, at)
    return closed and closed[0]


def test_without_conditions_every_gate_is_open():
    assert first_closed(a_schedule(), a_state(), AROUND, T0, T0) is None


def test_a_disabled_schedule_names_the_place_where_it_is_disabled():
    schedule = a_schedule(enabled=False, origin=Origin(name="jobs.toml", line=14))
    assert first_closed(schedule, a_state(), AROUND, T0, T0) == (
        SkipReason.DISABLED,
        "disabled in jobs.toml:14",
    )


def test_a_pause_tells_who_why_and_how_long():
    state = a_state(pause=Pause(T0, T0 + HOUR, "database is moved", "ada"))
    reason, detail = first_closed(a_schedule(), state, AROUND, T0, T0) or (None, "")
    assert reason is SkipReason.PAUSED
    assert detail == "paused since 2026-03-02T00:00Z until 2026-03-02T01:00Z by ada: database is moved"


def test_a_pause_that_is_over_closes_nothing():
    state = a_state(pause=Pause(T0, T0 + HOUR))
    assert first_closed(a_schedule(), state, AROUND, T0 + HOUR, T0 + HOUR) is None


def test_days_close_on_the_others():
    assert under(Conditions(days=frozenset({0, 1, 2, 3, 4})), SATURDAY) is SkipReason.DAYS


def test_days_are_those_of_the_condition_s_own_zone():
    friday_there = Conditions(days=frozenset({4}), timezone="Pacific/Pago_Pago")
    assert under(friday_there, from_iso("2026-03-07T10:59Z")) is None
    assert under(friday_there, from_iso("2026-03-07T11:00Z")) is SkipReason.DAYS


def test_hours_are_those_of_the_schedule_s_zone():
    schedule = a_schedule(Policy(conditions=Conditions(hours=(NINE_TO_FIVE,))), timezone="Europe/Berlin")
    assert first_closed(schedule, a_state(), AROUND, from_iso("2026-03-02T08:00Z"), T0) is None


@pytest.mark.parametrize(("minute", "is_open"), [(539, False), (540, True), (1019, True), (1020, False)])
def test_hours_hold_their_start_and_not_their_end(minute, is_open):
    closed = under(Conditions(hours=(NINE_TO_FIVE,)), T0 + minute * MINUTE)
    assert closed is (None if is_open else SkipReason.HOURS)


@pytest.mark.parametrize(("hour", "is_open"), [(21, False), (22, True), (23, True), (5, True), (6, False)])
def test_hours_may_go_over_midnight(hour, is_open):
    assert (under(Conditions(hours=(NIGHT,)), T0 + hour * HOUR) is None) is is_open


def test_hours_are_open_when_one_of_several_spans_is():
    assert under(Conditions(hours=(NINE_TO_FIVE, NIGHT)), T0 + 23 * HOUR) is None


def test_a_listed_date_is_a_day_of_rest():
    assert under(Conditions(calendar=Calendar(dates=frozenset({"2026-03-02"}))), T0) is SkipReason.CALENDAR


def test_a_blackout_holds_its_start_and_not_its_end():
    calendar = Conditions(calendar=Calendar(blackouts=(Span(T0, T0 + HOUR),)))
    assert under(calendar, T0) is SkipReason.CALENDAR
    assert under(calendar, T0 + HOUR) is None


def test_a_holiday_is_a_day_of_rest():
    calendar = Conditions(calendar=Calendar(country="DE"), timezone="Europe/Berlin")
    assert under(calendar, from_iso("2026-12-25T08:00Z")) is SkipReason.CALENDAR
    assert under(calendar, from_iso("2026-12-28T08:00Z")) is None


def test_holidays_may_be_asked_of_someone_else():
    around = Surroundings(
        is_holiday=lambda calendar, day: (calendar.country, day) == ("DE", date(2026, 3, 2))
    )
    assert under(Conditions(calendar=Calendar(country="DE")), T0, around) is SkipReason.CALENDAR


def test_a_calendar_that_cannot_be_read_keeps_its_schedule_at_rest():
    closed = first_closed(
        a_schedule(Policy(conditions=Conditions(calendar=Calendar(country="XX")))), a_state(), AROUND, T0, T0
    )
    assert closed == (
        SkipReason.CALENDAR,
        "the calendar cannot be read: no holidays are known for 'XX'",
    )


def test_an_environment_that_is_not_listed_closes():
    staging = Conditions(environment=frozenset({"staging"}))
    assert under(staging, T0) is SkipReason.ENVIRONMENT
    assert under(staging, T0, Surroundings(environment="staging")) is None


@pytest.mark.parametrize("wanted", [True, False])
def test_a_session_must_be_as_it_is_wanted(wanted):
    assert under(Conditions(session_active=wanted), T0, Surroundings(session_active=wanted)) is None
    closed = under(Conditions(session_active=wanted), T0, Surroundings(session_active=not wanted))
    assert closed is SkipReason.SESSION


def test_an_expression_decides():
    assert under(Conditions(expression="now.getHours() == 0"), T0) is None
    assert under(Conditions(expression="now.getHours() == 1"), T0) is SkipReason.CONDITION


def test_an_expression_that_fails_does_not_run_and_says_why():
    schedule = a_schedule(Policy(conditions=Conditions(expression="last.color == 'red'")))
    reason, detail = first_closed(schedule, a_state(), AROUND, T0, T0) or (None, "")
    assert reason is SkipReason.CONDITION_ERROR
    assert "color" in detail


def test_an_expression_may_ask_about_everything_that_is_promised():
    run = Run(
        run_id="r",
        schedule_id="job",
        cause=Cause.SLOT,
        state=RunState.FAILED,
        due_at=T0,
        created_at=T0,
        finished_at=T0,
        exit_code=3,
    )
    around = Surroundings(session_active=True, env={"SITE": "north"}, last_run=lambda _: run)
    expression = (
        "last.state == 'failed' && last.exit_code == 3 && now - last.finished_at == duration('60s')"
        " && env.SITE == 'north' && session.active && 'nightly' in schedule.tags && schedule.id == 'job'"
    )
    schedule = a_schedule(Policy(conditions=Conditions(expression=expression)), tags=("nightly",))
    assert first_closed(schedule, a_state(), around, T0 + MINUTE, T0) is None


def test_an_expression_may_ask_about_the_last_run_when_there_was_none():
    assert variables(a_schedule(), AROUND, T0)["last"]["state"] == ""


def test_an_open_circuit_closes_until_it_is_reset():
    schedule = a_schedule(Policy(circuit_breaker=CircuitBreaker(reset_after_ms=HOUR)))
    state = a_state(breaker=Breaker(3, opened_at=T0))
    assert first_closed(schedule, state, AROUND, T0 + HOUR - 1, T0) is not None
    assert first_closed(schedule, state, AROUND, T0 + HOUR, T0) is None


def test_a_global_lock_needs_a_fleet():
    schedule = a_schedule(Policy(locking=Locking.REQUIRE_GLOBAL))
    reason, _ = first_closed(schedule, a_state(), AROUND, T0, T0) or (None, "")
    assert reason is SkipReason.NO_GLOBAL_LOCK
    assert first_closed(schedule, a_state(), Surroundings(has_fleet=True), T0, T0) is None


def test_the_first_closed_gate_gives_the_reason_in_the_order_of_the_rules():
    conditions = Conditions(
        days=frozenset({0}),
        hours=(NINE_TO_FIVE,),
        calendar=Calendar(dates=frozenset({"2026-03-07"})),
        environment=frozenset({"staging"}),
        session_active=True,
        expression="false",
    )
    policy = Policy(conditions=conditions, circuit_breaker=CircuitBreaker(), locking=Locking.REQUIRE_GLOBAL)
    schedule = a_schedule(policy, enabled=False)
    at = SATURDAY - 6 * HOUR
    state = a_state(pause=Pause(T0), breaker=Breaker(3, opened_at=at))
    readings = explain(schedule, state, AROUND, at, at)
    assert [each.name for each in readings if not each.is_open] == [
        "enabled",
        "pause",
        "days",
        "hours",
        "calendar",
        "environment",
        "session",
        "condition",
        "circuit breaker",
        "lock",
    ]
    assert first_closed(schedule, state, AROUND, at, at) == (SkipReason.DISABLED, "disabled in file")


def test_an_explanation_tells_of_the_bounds_too():
    schedule = a_schedule(max_runs=2)
    bounds = {each.name: each for each in explain(schedule, a_state(runs_made=2), AROUND, T0, T0)}["bounds"]
    assert (bounds.is_open, bounds.detail) == (False, "2 of 2 runs made")


@pytest.mark.parametrize(
    ("fields", "told"), [({"start": T0 + 1}, "starts at"), ({"end": T0 - 1}, "ended at")]
)
def test_an_explanation_tells_of_start_and_end(fields, told):
    readings = explain(a_schedule(**fields), a_state(), AROUND, T0, T0)
    assert [each.detail[: len(told)] for each in readings if not each.is_open] == [told]
