import os
import subprocess
import sys

import pytest
from tests.triggers.asking import between, fires, trigger

from cronsole.model.instant import from_iso, to_datetime
from cronsole.triggers.cron_expression import parse_fields

IDS = [f"job-{number}" for number in range(400)]


def test_h_is_the_same_for_the_same_id_at_every_node_and_every_start():
    code = (
        "from tests.triggers.asking import fires, trigger;"
        "print(fires(trigger('H H H * *', schedule_id='backup'), '2026-01-01T00:00Z', 3))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert told == {str(fires(trigger("H H H * *", schedule_id="backup"), "2026-01-01T00:00Z", 3))}


def test_h_keeps_the_value_that_it_has_had():
    assert fires(trigger("H H * * *", schedule_id="backup"), "2026-01-01T00:00Z", 1) == ["2026-01-01T08:09Z"]


def test_h_spreads_schedules_over_the_whole_field():
    minutes = {parse_fields("H * * * *", name).minute.values for name in IDS}
    assert len(minutes) > 55


def test_h_spreads_each_field_apart_from_the_others():
    times = {
        (parse_fields("H H * * *", name).minute.values, parse_fields("H H * * *", name).hour.values)
        for name in IDS
    }
    assert len(times) > 300


def test_h_with_a_step_hashes_where_the_step_begins():
    for name in IDS[:50]:
        minutes = parse_fields("H/15 * * * *", name).minute.values
        assert minutes == tuple(range(minutes[0], 60, 15))
        assert minutes[0] < 15


def test_h_with_a_range_stays_in_it():
    assert {parse_fields("H(10-12) * * * *", name).minute.values[0] for name in IDS} == {10, 11, 12}


def test_h_with_a_range_and_a_step_stays_in_both():
    for name in IDS[:50]:
        minutes = parse_fields("H(30-59)/10 * * * *", name).minute.values
        assert minutes == (minutes[0], minutes[0] + 10, minutes[0] + 20)
        assert 30 <= minutes[0] < 40


def test_h_may_stand_in_a_list():
    minutes = parse_fields("H(0-7),H(8-15) * * * *", "a").minute.values
    assert minutes[0] < 8 <= minutes[1] < 16


@pytest.mark.parametrize("name", IDS[:40])
def test_h_as_day_of_month_is_a_day_that_every_month_has(name: str):
    asked = trigger("0 0 H * *", schedule_id=name)
    found = between(asked, from_iso("2026-01-01T00:00Z") - 1, from_iso("2026-12-31T23:59Z"))
    assert [to_datetime(at).month for at in found] == list(range(1, 13))


@pytest.mark.parametrize("name", IDS[:40])
def test_h_passes_over_days_that_never_come(name: str):
    assert parse_fields("0 0 H(29-31) 2 *", name).day_of_month.values == (29,)
    assert parse_fields("0 0 31 H *", name).month.values[0] in (1, 3, 5, 7, 8, 10, 12)
    # Of these days of May 2026 only the 3rd is a Sunday.
    assert parse_fields("0 0 0 H(2-8) 5 */7 2026", name).day_of_month.values == (3,)
