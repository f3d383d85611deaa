import pytest

from cronsole.errors import TriggerError
from cronsole.model.instant import from_iso
from cronsole.model.trigger import CronSpec
from cronsole.triggers.compile import compile_trigger
from cronsole.triggers.parse import parse_trigger


def refusal(text: str) -> TriggerError:
    with pytest.raises(TriggerError) as caught:
        parse_trigger(text)
    return caught.value


@pytest.mark.parametrize(
    ("expression", "field", "column", "accepted"),
    [
        ("60 * * * *", "minute", 1, "0–59"),
        ("0 25 * * *", "hour", 3, "0–23"),
        ("0  0,24 * * *", "hour", 6, "0–23"),
        ("0 0 0 * *", "day of month", 5, "1–31"),
        ("0 0 1,32 * *", "day of month", 7, "1–31"),
        ("0 0 1 13 *", "month", 7, "1–12"),
        ("0 0 1 0 *", "month", 7, "1–12"),
        ("0 0 * * 8", "day of week", 9, "0–7"),
        ("0 0 * * 5-9", "day of week", 11, "0–7"),
        ("61 0 0 * * *", "second", 1, "0–59"),
        ("0 0 0 1 1 * 1969", "year", 13, "1970–2099"),
        ("0 0 0 1 1 * 2100", "year", 13, "1970–2099"),
        ("0 0 * * fri#6", "day of week", 13, "1–5"),
        ("0 0 * * 5#0", "day of week", 11, "1–5"),
        ("0 0 32W * *", "day of month", 5, "1–31"),
        ("H(50-70) * * * *", "minute", 6, "0–59"),
    ],
)
def test_a_value_out_of_range_is_refused_with_field_column_and_what_is_accepted(
    expression: str, field: str, column: int, accepted: str
):
    error = refusal(expression)
    assert (error.field, error.position) == (field, column)
    assert field in str(error)
    assert f"column {column} " in str(error)
    assert accepted in str(error)


@pytest.mark.parametrize(
    ("expression", "column"),
    [("*/0 * * * *", 3), ("1-9/0 * * * *", 5), ("*/61 * * * *", 3), ("H/0 * * * *", 3)],
)
def test_a_step_that_never_moves_or_leaves_the_field_is_refused(expression: str, column: int):
    error = refusal(expression)
    assert (error.field, error.position) == ("minute", column)
    assert "1–60" in str(error)


@pytest.mark.parametrize(
    "expression",
    [
        "a * * * *",
        "+5 * * * *",
        "-5 * * * *",
        "*-5 * * * *",
        "5-* * * * *",
        "1,,2 * * * *",
        ", * * * *",
        "** * * * *",
        "*/5-10 * * * *",
        "1.5 * * * *",
        "? * * * *",
        "L * * * *",
        "5#2 * * * *",
        "٣ * * * *",
        "0_5 * * * *",
        "99999 * * * *",
        "1-2-3 * * * *",
        "5/ * * * *",
        "\x1b[31m * * * *",
        "H(5 * * * *",
        "H(9-5) * * * *",
    ],
)
def test_what_is_no_value_is_refused_in_its_field(expression: str):
    error = refusal(expression)
    assert error.field == "minute"
    assert str(error).isprintable()


@pytest.mark.parametrize("text", ["L-3", "LW", "w", "1W,15", "15,1W", "1-5W", "1?", "L/2"])
def test_what_cannot_be_a_day_of_month_is_refused(text: str):
    assert refusal(f"0 0 {text} * *").field == "day of month"


@pytest.mark.parametrize("text", ["L", "*#2", "mon#1,fri", "1-5L", "fri,?", "jan"])
def test_what_cannot_be_a_day_of_week_is_refused(text: str):
    assert refusal(f"0 0 * * {text}").field == "day of week"


def test_the_nearest_name_is_proposed():
    assert "did you mean 'fri'" in str(refusal("0 0 * * fry"))
    assert "did you mean '@daily'" in str(refusal("@dayly"))


@pytest.mark.parametrize("expression", ["R * * * *", "R/15 * * * *", "R(0-5) * * * *"])
def test_random_values_are_refused_for_they_differ_at_every_start(expression: str):
    assert "random" in str(refusal(expression))


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 31 2 *",
        "0 0 30 2 *",
        "0 0 31 4,6,9,11 *",
        "0 0 0 29 2 * 2027",
        "0 0 0 29 2 */7 2028",
        "0 0 H(30-31) 2 *",
    ],
)
def test_what_never_fires_is_refused_at_its_day(expression: str):
    error = refusal(expression)
    assert error.field == "day of month"
    assert error.position == expression.index(" ", 4 if len(expression.split()) > 5 else 2) + 2
    assert "never fires" in str(error)


def test_what_fires_only_in_some_years_is_accepted():
    assert parse_trigger("0 0 29 2 */7") == CronSpec("0 0 29 2 */7")


@pytest.mark.parametrize(
    ("expression", "missing"),
    [("*", "hour"), ("* *", "day of month"), ("* * *", "month"), ("* * * *", "day of week")],
)
def test_too_few_fields_are_refused_with_the_first_that_is_missing(expression: str, missing: str):
    error = refusal(expression)
    assert (error.field, error.position) == (missing, len(expression) + 1)


def test_too_many_fields_are_refused_at_the_first_that_is_too_many():
    assert refusal("* * * * * * * *").position == 15


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_expression_is_refused(text: str):
    assert "empty" in str(refusal(text))


@pytest.mark.parametrize("text", ["*" * 4096, "1," * 3000 + "1 * * * *", "(" * 300_000, "* " * 100_000])
def test_absurd_input_is_refused_in_a_short_sentence(text: str):
    assert len(str(refusal(text))) < 200


def test_a_no_break_space_divides_no_fields():
    assert refusal("0 0\u00a0* * *").field == "day of week"


def test_compiling_refuses_what_was_not_parsed_before():
    with pytest.raises(TriggerError):
        compile_trigger(CronSpec("0 0 31 2 *"), schedule_id="a", anchor_at=from_iso("2026-01-01T00:00Z"))
