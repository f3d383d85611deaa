import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronsole.errors import TriggerError
from cronsole.triggers.duration import LONGEST, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90s", 90_000),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("2d", 172_800_000),
        ("500ms", 500),
        ("1w", 604_800_000),
        ("1.5h", 5_400_000),
        ("0s", 0),
        ("1d 2h 3m 4s 5ms", 93_784_005),
    ],
)
def test_a_duration_is_numbers_with_units(text: str, ms: int):
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a duration"),
        ("5", "without a unit"),
        ("m", "not a duration"),
        ("5x", "unknown unit 'x'"),
        ("5M", "unknown unit 'M'"),
        ("-5m", "not a duration"),
        ("30m1h", "units must fall"),
        ("1h1h", "units must fall"),
        ("0.0001ms", "finer than a millisecond"),
        ("999999w", "longer than"),
        ("9" * 5000 + "s", "not a duration|without a unit"),
        ("٣s", "not a duration"),
    ],
)
def test_what_is_no_duration_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(TriggerError, match=reason):
        parse_duration(text)


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0s"), (500, "500ms"), (5_400_000, "1h30m"), (864_000_000, "10d"), (-60_000, "-1m")],
)
def test_the_shortest_exact_form_is_written(ms: int, text: str):
    assert format_duration(ms) == text


@given(st.integers(0, LONGEST))
def test_what_is_written_is_read_back(ms: int):
    assert parse_duration(format_duration(ms)) == ms
