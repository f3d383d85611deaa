import pytest
from tests.semantics.story import at, entries, job, story

from cronsole.model.instant import HOUR, MINUTE
from cronsole.model.policy import Calendar, Conditions, Hours, Locking, MissedRunPolicy, Policy, Span
from cronsole.model.settings import Settings
from cronsole.simulate.happenings import Down, SessionAt, TriggerAt

NINE_TO_ELEVEN = Hours(9 * 60, 11 * 60)


def when(**conditions: object) -> Policy:
    return Policy(conditions=Conditions(**conditions))  # type: ignore[arg-type] # each test names a condition's field


def test_days_leave_out_the_others():
    told = story(job("0 12 * * *", when(days=frozenset({0, 2}))), to="2026-03-05T00:00Z")
    assert told == ["12:00 succeeded", "03-03 12:00 skipped(days)", "03-04 12:00 succeeded"]


def test_hours_hold_their_start_and_not_their_end():
    told = story(job("0 * * * *", when(hours=(NINE_TO_ELEVEN,))), since="08:00", to="11:30")
    assert told == [
        "08:00 skipped(hours)",
        "09:00 succeeded",
        "10:00 succeeded",
        "11:00 skipped(hours)",
    ]


def test_hours_over_midnight_wrap():
    told = story(job("0 */8 * * *", when(hours=(Hours(22 * 60, 60),))), to="2026-03-03T01:00Z")
    assert told == [
        "00:00 succeeded",
        "08:00 skipped(hours)",
        "16:00 skipped(hours)",
        "03-03 00:00 succeeded",
    ]


def test_hours_are_in_the_condition_s_zone():
    policy = when(hours=(NINE_TO_ELEVEN,), timezone="Asia/Tokyo")
    assert story(job("0 * * * *", policy), to="01:30") == ["00:00 succeeded", "01:00 succeeded"]


def test_a_listed_date_rests():
    policy = when(calendar=Calendar(dates=frozenset({"2026-03-03"})))
    assert story(job("0 12 * * *", policy), to="2026-03-04T00:00Z") == [
        "12:00 succeeded",
        "03-03 12:00 skipped(calendar)",
    ]


def test_a_country_s_holidays_rest():
    policy = when(calendar=Calendar(country="DE"))
    told = story(job("0 12 * * *", policy), since="2026-12-24T00:00Z", to="2026-12-26T00:00Z")
    assert told == ["12-24 12:00 succeeded", "12-25 12:00 skipped(calendar)"]


def test_a_blackout_rests():
    policy = when(calendar=Calendar(blackouts=(Span(at("01:00"), at("02:00")),)))
    assert story(job("0 * * * *", policy), to="02:30") == [
        "00:00 succeeded",
        "01:00 skipped(calendar)",
        "02:00 succeeded",
    ]


def test_another_environment_does_not_run_it():
    policy = when(environment=frozenset({"production"}))
    told = story(job("0 0 * * *", policy), to="01:00", settings=Settings(environment="staging"))
    assert told == ["00:00 skipped(environment)"]


def test_a_session_decides_while_it_is_wanted():
    sessions = (SessionAt(at=at("00:30"), active=True), SessionAt(at=at("01:30"), active=False))
    assert story(job("0 * * * *", when(session_active=True)), to="02:30", session=sessions) == [
        "00:00 skipped(session)",
        "01:00 succeeded",
        "02:00 skipped(session)",
    ]


def test_an_expression_decides():
    assert story(job("0 * * * *", when(expression="now.getHours() != 1")), to="02:30") == [
        "00:00 succeeded",
        "01:00 skipped(condition)",
        "02:00 succeeded",
    ]


def test_an_expression_that_errors_does_not_run_and_says_why():
    (told,) = entries(job("0 0 * * *", when(expression="nowhere > 1")), to="01:00")
    assert told.reason == "condition_error"
    assert "nowhere" in told.detail


def test_a_global_lock_needs_a_fleet():
    assert story(job("0 0 * * *", Policy(locking=Locking.REQUIRE_GLOBAL)), to="01:00") == [
        "00:00 skipped(no_global_lock)"
    ]


def test_a_disabled_schedule_is_skipped():
    assert story(job("0 * * * *", enabled=False), to="01:30") == [
        "00:00 skipped(disabled)",
        "01:00 skipped(disabled)",
    ]


def test_the_slots_of_an_outage_of_a_disabled_schedule_make_one_row():
    outage = Down(begin=at("00:30"), end=at("05:30"))
    assert story(job("0 * * * *", enabled=False), since="00:10", to="05:45", down=outage) == [
        "05:30 skipped(disabled) slot 05:00 ×5"
    ]


def test_gates_apply_to_a_catchup_at_its_slot():
    outage = Down(begin=at("08:30"), end=at("09:30"))
    told = story(job("45 8 * * *", when(hours=(NINE_TO_ELEVEN,))), since="08:00", to="10:00", down=outage)
    assert told == ["09:30 skipped(hours) catchup slot 08:45"]


def test_gates_apply_to_a_catchup_as_they_stand_now():
    outage = Down(begin=at("10:30"), end=at("12:00"))
    told = story(job("45 10 * * *", when(hours=(NINE_TO_ELEVEN,))), since="08:00", to="13:00", down=outage)
    assert told == ["12:00 skipped(hours) catchup slot 10:45"]


def test_each_run_of_run_all_passes_the_gates_by_itself():
    policy = Policy(
        missed_run_policy=MissedRunPolicy.RUN_ALL, conditions=Conditions(expression="now.getMinutes() != 15")
    )
    outage = Down(begin=at("00:01"), end=at("00:40"))
    assert story(job("*/15 * * * *", policy), since="00:01", to="00:41", down=outage) == [
        "00:40 skipped(condition) catchup slot 00:15",
        "00:40 succeeded catchup slot 00:30",
    ]


@pytest.mark.parametrize("policy", [when(days=frozenset({6})), when(hours=(NINE_TO_ELEVEN,))])
def test_gates_do_not_apply_to_manual_runs_and_are_recorded(policy):
    (told,) = entries(job("0 12 * * *", policy), to="02:00", trigger=TriggerAt(at=at("01:00")))
    assert (told.cause, told.state) == ("manual", "succeeded")
    assert told.detail in ("bypassed: days", "bypassed: hours")


def test_a_skipped_slot_uses_up_no_run():
    policy = when(hours=(NINE_TO_ELEVEN,))
    told = story(job("0 * * * *", policy, max_runs=1), since="08:00", to="12:00")
    assert told == ["08:00 skipped(hours)", "09:00 succeeded"]


def test_every_closed_slot_gives_its_reason():
    told = entries(job("*/10 * * * *", when(hours=(NINE_TO_ELEVEN,))), to="2026-03-03T00:00Z")
    assert all(entry.reason == "hours" and entry.detail for entry in told if entry.state == "skipped")
    assert sum(entry.state == "succeeded" for entry in told) == 2 * HOUR // (10 * MINUTE)
