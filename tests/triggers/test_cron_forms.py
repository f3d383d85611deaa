import pytest
from tests.triggers.asking import fires, trigger

from cronsole.triggers.cron_expression import parse_fields


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("30 2 * * *", "2026-01-01T00:00Z", "2026-01-01T02:30Z"),
        ("15 30 2 * * *", "2026-01-01T00:00Z", "2026-01-01T02:30:15Z"),
        ("15 30 2 1 1 * 2028", "2026-01-01T00:00Z", "2028-01-01T02:30:15Z"),
    ],
)
def test_five_fields_six_with_seconds_first_and_seven_with_the_year_last(
    expression: str, after: str, expected: str
):
    assert fires(trigger(expression), after, 1) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/20", (0, 20, 40)),
        ("5,1,3-4", (1, 3, 4, 5)),
        ("10-20/5", (10, 15, 20)),
        ("50/4", (50, 54, 58)),
        ("58-2", (0, 1, 2, 58, 59)),
        ("55-10/5", (0, 5, 10, 55)),
        ("07", (7,)),
        ("*,5", tuple(range(60))),
    ],
)
def test_lists_ranges_and_steps_over_the_end_of_the_field_too(text: str, expected: tuple[int, ...]):
    assert parse_fields(f"{text} * * * *").minute.values == expected


def test_a_range_over_the_end_keeps_its_step():
    assert parse_fields("0 21-4/2 * * *").hour.values == (1, 3, 21, 23)


def test_a_range_of_one_value_is_that_value():
    assert parse_fields("5-5 * * * *").minute.values == (5,)


def test_a_step_from_the_last_value_is_that_value():
    assert parse_fields("59/15 * * * *").minute.values == (59,)


@pytest.mark.parametrize(("text", "expected"), [("jan,Mar-MAY", (1, 3, 4, 5)), ("nov-feb", (1, 2, 11, 12))])
def test_months_have_names(text: str, expected: tuple[int, ...]):
    assert parse_fields(f"0 0 1 {text} *").month.values == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", (0,)),
        ("7", (0,)),
        ("Sun", (0,)),
        ("5-7", (0, 5, 6)),
        ("7-2", (0, 1, 2)),
        ("7-0", (0,)),
        ("1-7/2", (0, 1, 3, 5)),
        ("0-7", (0, 1, 2, 3, 4, 5, 6)),
        ("fri-MON", (0, 1, 5, 6)),
        ("7/2", (0,)),
    ],
)
def test_weekdays_have_names_and_sunday_is_0_and_7(text: str, expected: tuple[int, ...]):
    assert parse_fields(f"0 0 * * {text}").day_of_week.values == expected


def test_l_is_the_last_day_of_the_month():
    expected = ["2028-01-31T00:00Z", "2028-02-29T00:00Z", "2028-03-31T00:00Z", "2028-04-30T00:00Z"]
    assert fires(trigger("0 0 L * *"), "2028-01-01T00:00Z", 4) == expected


def test_l_may_stand_in_a_list():
    assert fires(trigger("0 0 15,L 2 *"), "2027-01-01T00:00Z", 2) == [
        "2027-02-15T00:00Z",
        "2027-02-28T00:00Z",
    ]


def test_l_may_end_a_range():
    assert fires(trigger("0 0 27-L 2 *"), "2027-01-01T00:00Z", 3)[1:] == [
        "2027-02-28T00:00Z",
        "2028-02-27T00:00Z",
    ]


@pytest.mark.parametrize("text", ["L5", "5L", "friL", "l5"])
def test_l_with_a_weekday_is_the_last_one_of_the_month(text: str):
    expected = ["2026-01-30T00:00Z", "2026-02-27T00:00Z", "2026-03-27T00:00Z"]
    assert fires(trigger(f"0 0 * * {text}"), "2026-01-01T00:00Z", 3) == expected


@pytest.mark.parametrize("text", ["fri#2", "5#2", "Fri#2"])
def test_a_hash_sign_counts_the_weekdays_of_the_month(text: str):
    assert fires(trigger(f"0 0 * * {text}"), "2026-01-01T00:00Z", 2) == [
        "2026-01-09T00:00Z",
        "2026-02-13T00:00Z",
    ]


def test_a_fifth_weekday_fires_only_in_months_that_have_one():
    assert fires(trigger("0 0 * * fri#5"), "2026-01-01T00:00Z", 2) == [
        "2026-01-30T00:00Z",
        "2026-05-29T00:00Z",
    ]


@pytest.mark.parametrize("text", ["mon-wed#1", "1-3#1"])
def test_a_range_may_be_counted_too(text: str):
    expected = ["2026-01-05T00:00Z", "2026-01-06T00:00Z", "2026-01-07T00:00Z", "2026-02-02T00:00Z"]
    assert fires(trigger(f"0 0 * * {text}"), "2026-01-01T00:00Z", 4) == expected


@pytest.mark.parametrize("text", ["15W", "W15"])
def test_w_is_the_weekday_nearest_a_day(text: str):
    expected = ["2026-08-14T00:00Z", "2026-09-15T00:00Z", "2026-10-15T00:00Z", "2026-11-16T00:00Z"]
    assert fires(trigger(f"0 0 {text} * *"), "2026-08-01T00:00Z", 4) == expected


def test_w_does_not_leave_the_month():
    # 1 August 2026 is a Saturday, 31 May 2026 a Sunday.
    assert fires(trigger("0 0 1W 8 *"), "2026-01-01T00:00Z", 1) == ["2026-08-03T00:00Z"]
    assert fires(trigger("0 0 31W 5 *"), "2026-01-01T00:00Z", 1) == ["2026-05-29T00:00Z"]


def test_a_question_mark_is_a_star():
    assert fires(trigger("0 0 13 * ?"), "2026-01-01T00:00Z", 2) == ["2026-01-13T00:00Z", "2026-02-13T00:00Z"]
    assert fires(trigger("0 0 ? * 5"), "2026-01-01T00:00Z", 2) == ["2026-01-02T00:00Z", "2026-01-09T00:00Z"]


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("@yearly", "2027-01-01T00:00Z"),
        ("@annually", "2027-01-01T00:00Z"),
        ("@monthly", "2026-07-01T00:00Z"),
        ("@weekly", "2026-06-14T00:00Z"),
        ("@daily", "2026-06-11T00:00Z"),
        ("@midnight", "2026-06-11T00:00Z"),
        ("@hourly", "2026-06-10T13:00Z"),
        ("@Hourly", "2026-06-10T13:00Z"),
    ],
)
def test_the_words_with_an_at_sign_are_plain_times_for_every_id(alias: str, expected: str):
    assert fires(trigger(alias, schedule_id="one"), "2026-06-10T12:34Z", 1) == [expected]
    assert fires(trigger(alias, schedule_id="other"), "2026-06-10T12:34Z", 1) == [expected]


def test_29_february_skips_the_years_that_do_not_have_it():
    assert fires(trigger("0 0 29 2 *"), "2096-01-01T00:00Z", 2) == ["2096-02-29T00:00Z", "2104-02-29T00:00Z"]


def test_a_year_that_is_past_fires_no_more():
    assert trigger("0 0 0 1 1 * 2020").next(1_800_000_000_000) is None
