"""Day of month and day of week: either matches, unless one of the two starts with a star (Debian)."""

import pytest
from tests.triggers.asking import fires, trigger

JANUARY = "2026-01-01T00:00Z"


def days(expression: str, count: int) -> list[str]:
    return [fire[5:10] for fire in fires(trigger(f"0 12 {expression}"), JANUARY, count)]


def test_either_field_may_match_when_neither_starts_with_a_star():
    assert days("13 * fri", 6) == ["01-02", "01-09", "01-13", "01-16", "01-23", "01-30"]


@pytest.mark.parametrize("starred", ["*", "?"])
def test_a_star_in_one_leaves_the_other_alone(starred: str):
    assert days(f"13 * {starred}", 2) == ["01-13", "02-13"]
    assert days(f"{starred} * fri", 2) == ["01-02", "01-09"]


def test_both_must_match_when_the_day_of_month_starts_with_a_star():
    assert days("*/2 * fri", 4) == ["01-09", "01-23", "02-13", "02-27"]


def test_both_must_match_when_the_day_of_week_starts_with_a_star():
    assert days("13 * */5", 2) == ["02-13", "03-13"]


def test_a_full_range_is_no_star():
    assert days("13 * 0-6", 3) == ["01-01", "01-02", "01-03"]


def test_nth_weekdays_and_the_last_day_follow_the_same_rule():
    assert days("L * mon#1", 4) == ["01-05", "01-31", "02-02", "02-28"]
    assert days("*/2 * mon#1", 2) == ["01-05", "06-01"]


def test_a_weekday_nearest_a_day_follows_the_same_rule():
    assert days("15W * mon#1", 4) == ["01-05", "01-15", "02-02", "02-16"]
