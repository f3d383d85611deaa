import pytest

from cronsole.errors import TriggerError, UnknownTimezone
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, to_iso
from cronsole.model.trigger import CronSpec, IntervalSpec, ManualSpec, StartupSpec
from cronsole.triggers.parse import parse_at, parse_trigger


@pytest.mark.parametrize(
    ("text", "every_ms"),
    [
        ("30s", 30 * SECOND),
        ("5m", 5 * MINUTE),
        ("2h", 2 * HOUR),
        ("1d", DAY),
        ("1h30m", 90 * MINUTE),
        ("1h 30m", 90 * MINUTE),
        ("@every 5m", 5 * MINUTE),
        ("every 90s", 90 * SECOND),
        (" 5m ", 5 * MINUTE),
    ],
)
def test_a_duration_is_an_interval(text: str, every_ms: int):
    assert parse_trigger(text) == IntervalSpec(every_ms)


@pytest.mark.parametrize("text", ["@manual", " @Manual "])
def test_manual_is_no_time_at_all(text: str):
    assert parse_trigger(text) == ManualSpec()


def test_a_slip_in_manual_is_told_with_what_was_meant():
    with pytest.raises(TriggerError, match="@manual"):
        parse_trigger("@manuel")


@pytest.mark.parametrize("text", ["@startup", "@reboot", "@Startup"])
def test_startup_has_two_names(text: str):
    assert parse_trigger(text) == StartupSpec()


@pytest.mark.parametrize("text", ["0 0 * * *", "@daily", " 0  0 *\t* * ", "@midnight"])
def test_equal_schedules_have_equal_specs(text: str):
    assert parse_trigger(text) == CronSpec("0 0 * * *")


def test_h_needs_no_id_to_be_checked():
    assert parse_trigger("H H(0-5) * * *") == CronSpec("H H(0-5) * * *")


def test_a_number_and_a_letter_among_five_fields_are_no_duration():
    assert parse_trigger("5 H * * sun") == CronSpec("5 H * * sun")


@pytest.mark.parametrize("text", ["2H", "5x", "1h30", "30m1h", "@every", "@every soon"])
def test_a_wrong_duration_is_refused(text: str):
    with pytest.raises(TriggerError):
        parse_trigger(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T02:30:00+01:00", "2026-03-01T01:30Z"),
        ("2026-03-01T02:30:00Z", "2026-03-01T02:30Z"),
        ("2026-03-01t02:30:00.5z", "2026-03-01T02:30:00.500Z"),
        ("2026-03-01T02:30", "2026-03-01T01:30Z"),
        ("2026-03-01 02:30:15", "2026-03-01T01:30:15Z"),
        ("2026-07-01", "2026-06-30T22:00Z"),
    ],
)
def test_at_has_an_offset_or_is_local_time_in_the_zone(text: str, expected: str):
    assert to_iso(parse_at(text, "Europe/Berlin")) == expected


def test_at_in_the_gap_is_the_first_instant_after_it():
    assert to_iso(parse_at("2026-03-29T02:30", "Europe/Berlin")) == "2026-03-29T01:00Z"


def test_at_in_the_repeated_hour_is_the_first_of_the_two():
    assert to_iso(parse_at("2026-10-25T02:30", "Europe/Berlin")) == "2026-10-25T00:30Z"


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-01", "2026-02-30T00:00", "2026-01-01T25:00", "9" * 5000]
)
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(TriggerError, match="is not a time"):
        parse_at(text, "UTC")


def test_at_refuses_an_unknown_zone():
    with pytest.raises(UnknownTimezone, match="did you mean 'Europe/Berlin'"):
        parse_at("2026-01-01", "Europe/Belin")
