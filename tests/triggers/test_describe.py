import pytest

from cronsole.model.instant import from_iso
from cronsole.model.trigger import CronSpec, IntervalSpec, ManualSpec, OnceSpec, StartupSpec, TriggerSpec
from cronsole.triggers.describe import describe
from cronsole.triggers.parse import parse_trigger


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/10 * * * *", "every 10 minutes"),
        ("7-59/15 * * * *", "every 15 minutes from minute 7"),
        ("*/7 * * * *", "every 7 minutes of each hour"),
        ("1,5,9 * * * *", "at minutes 1, 5 and 9 of every hour"),
        ("*/5 9-17 * * *", "every 5 minutes from 09:00 to 17:55"),
        ("*/30 */2 * * *", "every 30 minutes in every 2nd hour"),
        ("*/30 1,5 * * 6", "at 01:00, 01:30, 05:00 and 05:30 on Saturdays"),
        ("0 * * * *", "every hour"),
        ("15 * * * *", "every hour at minute 15"),
        ("0 */2 * * *", "every 2 hours"),
        ("0 9-17 * * mon-fri", "every hour from 09:00 to 17:00 on weekdays"),
        ("0 22-2 * * *", "daily at 00:00, 01:00, 02:00, 22:00 and 23:00"),
        ("* * * * * *", "every second"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("30 * * * * *", "every minute at second 30"),
        ("*/10 * 9 * * *", "every 10 seconds from 09:00 to 09:59"),
        ("@daily", "daily at 00:00"),
        ("0 9,17 * * *", "daily at 09:00 and 17:00"),
        ("15 30 2 * * *", "daily at 02:30:15"),
        ("30 2 * * 1-5", "at 02:30 on weekdays"),
        ("30 2 * * 6,0", "at 02:30 on weekends"),
        ("0 9 * * 1,5", "at 09:00 on Mondays and Fridays"),
        ("0 9 * jan mon", "at 09:00 on Mondays in January"),
        ("0 9 * * mon#1", "on the first Monday of the month at 09:00"),
        ("0 9 * * L5", "on the last Friday of the month at 09:00"),
        ("0 9 15W * *", "on the weekday nearest the 15th of the month at 09:00"),
        ("0 0 L * *", "on the last day of the month at 00:00"),
        ("0 0 1,15 * *", "on the 1st and the 15th of the month at 00:00"),
        ("0 0 1-7,22 * *", "on the 1st to the 7th and the 22nd of the month at 00:00"),
        ("0 0 1 1,7 *", "on the 1st of January and July at 00:00"),
        ("0 0 29 2 *", "yearly on 29 February at 00:00"),
        ("0 0 0 1 1 * 2027", "on 1 January 2027 at 00:00"),
        ("0 0 * 7 *", "daily at 00:00 in July"),
        ("0 0 13 * 5", "on the 13th of the month and on Fridays at 00:00"),
        ("0 0 13 * */5", "on the 13th of the month that fall on Fridays and Sundays at 00:00"),
        ("0 0 13 * 0-6", "daily at 00:00"),
        ("H H * * *", "cron H H * * *, with H hashed from the id"),
        ("1h", "every 1h"),
        ("@startup", "at each start of the engine"),
    ],
)
def test_a_trigger_is_told_in_plain_english(text: str, words: str):
    assert describe(parse_trigger(text)) == words


def test_jitter_is_told_at_the_end():
    assert describe(IntervalSpec(3_600_000), 300_000) == "every 1h ±5m"


def test_h_is_spelled_out_where_the_id_is_known():
    assert describe(CronSpec("H H * * *"), schedule_id="backup") == "daily at 08:09"


def test_what_would_take_too_long_to_tell_is_shown_as_it_is_written():
    expression = "1,3,4,9,11,13,17,19,26,28,31,39,41,46,49,52,57 1,2,5,9 1,3,5,9,11 2,4,9 *"
    assert describe(CronSpec(expression)) == f"cron {expression}"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (OnceSpec(at=from_iso("2026-05-01T12:00Z")), "once at 2026-05-01T12:00Z"),
        (OnceSpec(after_ms=300_000), "once, 5m after it is first seen"),
        (IntervalSpec(60_000, start_at=from_iso("2026-05-01T12:00Z")), "every 1m from 2026-05-01T12:00Z"),
        (IntervalSpec(60_000, run_at_start=True), "every 1m, and at its first start"),
        (StartupSpec(), "at each start of the engine"),
        (ManualSpec(), "when somebody asks"),
    ],
)
def test_what_is_no_expression_is_told_too(spec: TriggerSpec, words: str):
    assert describe(spec) == words
