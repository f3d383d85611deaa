"""The three policies where local time jumps; in Berlin 02:00–03:00 is lost in March and repeated in October."""

import pytest
from tests.triggers.asking import fires, trigger

GAP, FOLD = "2026-03-28T12:00Z", "2026-10-24T12:00Z"
POLICIES = ("cron", "physical", "skip")


def in_berlin(expression: str, policy: str, after: str, count: int) -> list[str]:
    return fires(trigger(expression, "Europe/Berlin", policy), after, count)


def test_a_fixed_time_in_the_gap_fires_once_at_the_first_instant_after_it():
    assert in_berlin("30 2 * * *", "cron", GAP, 2) == ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]


def test_several_fixed_times_in_the_gap_make_one_fire():
    assert in_berlin("0,15,30 2 * * *", "cron", GAP, 2) == ["2026-03-29T01:00Z", "2026-03-30T00:00Z"]


def test_a_fixed_time_in_the_gap_and_one_at_its_end_make_one_fire():
    assert in_berlin("0 2,3 * * *", "cron", GAP, 2) == ["2026-03-29T01:00Z", "2026-03-30T00:00Z"]


def test_a_fixed_time_that_is_repeated_fires_the_first_time_only():
    assert in_berlin("30 2 * * *", "cron", FOLD, 2) == ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]


def test_seconds_do_not_make_a_fixed_time_a_wildcard():
    assert in_berlin("*/30 30 2 * * *", "cron", GAP, 2) == ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]
    assert in_berlin("*/30 30 2 * * *", "cron", FOLD, 3)[2] == "2026-10-26T01:30Z"


@pytest.mark.parametrize("policy", ["cron", "physical"])
def test_a_wildcard_follows_elapsed_time_through_the_gap(policy: str):
    expected = ["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z"]
    assert in_berlin("*/30 * * * *", policy, "2026-03-29T00:00Z", 3) == expected


@pytest.mark.parametrize("policy", ["cron", "physical"])
def test_a_wildcard_follows_elapsed_time_through_the_repeated_hour(policy: str):
    expected = ["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z"]
    assert in_berlin("30 * * * *", policy, "2026-10-25T00:00Z", 3) == expected


def test_a_star_with_a_step_in_either_field_makes_a_wildcard():
    assert in_berlin("*/30 2 * * *", "cron", GAP, 1) == ["2026-03-30T00:00Z"]
    assert in_berlin("30 */2 * * *", "cron", "2026-03-29T00:00Z", 1) == ["2026-03-29T02:30Z"]


def test_a_full_range_makes_no_wildcard():
    assert in_berlin("30 0-23 * * *", "cron", "2026-10-25T00:00Z", 2) == [
        "2026-10-25T00:30Z",
        "2026-10-25T02:30Z",
    ]


@pytest.mark.parametrize("policy", ["physical", "skip"])
def test_physical_and_skip_leave_out_a_time_in_the_gap(policy: str):
    assert in_berlin("30 2 * * *", policy, GAP, 1) == ["2026-03-30T00:30Z"]


def test_physical_fires_a_repeated_time_twice():
    assert in_berlin("30 2 * * *", "physical", FOLD, 2) == ["2026-10-25T00:30Z", "2026-10-25T01:30Z"]


def test_skip_fires_a_repeated_time_once_wildcards_too():
    assert in_berlin("30 2 * * *", "skip", FOLD, 2) == ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]
    assert in_berlin("30 * * * *", "skip", "2026-10-25T00:00Z", 2) == [
        "2026-10-25T00:30Z",
        "2026-10-25T02:30Z",
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_time_at_the_end_of_the_gap_is_an_ordinary_one(policy: str):
    assert in_berlin("0 3 * * *", policy, GAP, 2) == ["2026-03-29T01:00Z", "2026-03-30T01:00Z"]


def test_half_an_hour_is_lost_at_lord_howe():
    asked = trigger("15 2 * * *", "Australia/Lord_Howe")
    assert fires(asked, "2026-10-03T00:00Z", 2) == ["2026-10-03T15:30Z", "2026-10-04T15:15Z"]


def test_half_an_hour_is_repeated_at_lord_howe():
    asked = trigger("45 1 * * *", "Australia/Lord_Howe", "physical")
    assert fires(asked, "2026-04-04T12:00Z", 2) == ["2026-04-04T14:45Z", "2026-04-04T15:15Z"]


def test_midnight_is_lost_in_beirut():
    assert fires(trigger("0 0 * * *", "Asia/Beirut"), "2026-03-28T12:00Z", 2) == [
        "2026-03-28T22:00Z",
        "2026-03-29T21:00Z",
    ]


def test_a_whole_day_is_lost_in_samoa():
    asked = trigger("0 12 * * *", "Pacific/Apia")
    # Noon of the 30th is lost and fires as the 31st begins.
    assert fires(asked, "2011-12-29T20:00Z", 4) == [
        "2011-12-29T22:00Z",
        "2011-12-30T10:00Z",
        "2011-12-30T22:00Z",
        "2011-12-31T22:00Z",
    ]


def test_a_change_of_standard_time_counts_like_any_other():
    # Pyongyang went forward half an hour at 23:30 on 4 May 2018.
    assert fires(trigger("45 23 * * *", "Asia/Pyongyang"), "2018-05-04T00:00Z", 1) == ["2018-05-04T15:00Z"]


def test_croniter_fires_twice_where_we_do_not():
    assert len(in_berlin("30 2 25 10 *", "cron", FOLD, 1)) == 1
    assert in_berlin("30 2 25 10 *", "cron", FOLD, 2)[1].startswith("2027")
