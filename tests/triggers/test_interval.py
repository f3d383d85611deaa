import pytest
from tests.triggers.asking import backwards, between, fires, trigger

from cronsole.errors import TriggerError
from cronsole.model.instant import DAY, HOUR, from_iso
from cronsole.model.trigger import IntervalSpec
from cronsole.triggers.compile import compile_trigger


def interval(every_ms: int, start: str, timezone: str = "UTC"):
    spec = IntervalSpec(every_ms, start_at=from_iso(start))
    return compile_trigger(spec, schedule_id="a", timezone=timezone)


@pytest.mark.parametrize("text", ["10m", "2d"])
def test_without_a_start_the_first_fire_is_one_interval_after_the_schedule_was_first_seen(text: str):
    first = {"10m": "2026-01-01T00:10Z", "2d": "2026-01-03T00:00Z"}[text]
    assert fires(trigger(text, anchor="2026-01-01T00:00Z"), "2020-01-01T00:00Z", 1) == [first]


@pytest.mark.parametrize("every_ms", [HOUR, 2 * DAY])
def test_a_start_that_was_given_fires_itself(every_ms: int):
    asked = interval(every_ms, "2026-01-01T00:10Z")
    assert fires(asked, "2020-01-01T00:00Z", 1) == ["2026-01-01T00:10Z"]
    assert asked.previous(from_iso("2026-01-01T00:09Z")) is None


def test_a_restart_shifts_nothing():
    asked = trigger("90m", anchor="2026-01-01T00:00Z")
    assert fires(asked, "2026-01-02T00:17:33Z", 2) == ["2026-01-02T01:30Z", "2026-01-02T03:00Z"]


def test_below_a_day_it_follows_elapsed_time():
    asked = trigger("12h", "Europe/Berlin", anchor="2026-03-28T11:00Z")
    assert fires(asked, "2026-03-28T11:00Z", 3) == [
        "2026-03-28T23:00Z",
        "2026-03-29T11:00Z",
        "2026-03-29T23:00Z",
    ]


def test_more_than_a_day_but_no_whole_days_follows_elapsed_time():
    asked = trigger("36h", "Europe/Berlin", anchor="2026-03-28T11:00Z")
    assert fires(asked, "2026-03-28T11:00Z", 1) == ["2026-03-29T23:00Z"]


def test_whole_days_keep_wall_time():
    asked = trigger("1d", "Europe/Berlin", anchor="2026-03-27T11:00Z")
    assert fires(asked, "2026-03-27T11:00Z", 2) == ["2026-03-28T11:00Z", "2026-03-29T10:00Z"]


def test_a_wall_time_in_the_gap_fires_at_the_first_instant_after_it():
    asked = trigger("1d", "Europe/Berlin", anchor="2026-03-27T01:30Z")
    assert fires(asked, "2026-03-28T12:00Z", 2) == ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]


def test_a_wall_time_that_is_repeated_fires_the_first_time():
    asked = trigger("1d", "Europe/Berlin", anchor="2026-10-23T00:30Z")
    assert fires(asked, "2026-10-24T12:00Z", 2) == ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]


@pytest.mark.parametrize("text", ["7m", "36h", "1d", "2d", "1w"])
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe"])
def test_previous_and_count_agree_with_next(text: str, timezone: str):
    asked = trigger(text, timezone, anchor="2011-12-20T12:30Z")
    for after, until in (
        ("2011-12-01T00:00Z", "2012-01-20T12:30Z"),
        ("2011-12-28T10:00Z", "2011-12-31T10:00Z"),
    ):
        low, high = from_iso(after), from_iso(until)
        found = between(asked, low, high)
        assert backwards(asked, low, high) == found
        assert asked.count(low, high) == len(found)


def test_two_days_that_fall_together_at_the_date_line_make_one_fire():
    asked = trigger("1d", "Pacific/Apia", anchor="2011-12-20T10:00Z")
    low, high = from_iso("2011-12-29T00:00Z"), from_iso("2012-01-01T00:00Z")
    assert len(between(asked, low, high)) == len(set(between(asked, low, high))) == asked.count(low, high)


@pytest.mark.parametrize("text", ["0s", "0m", "@every 0s"])
def test_an_interval_of_zero_is_refused(text: str):
    with pytest.raises(TriggerError, match="never moves"):
        trigger(text)


def test_an_interval_of_zero_is_refused_however_it_was_made():
    with pytest.raises(TriggerError, match="never moves"):
        compile_trigger(IntervalSpec(0), schedule_id="a")
