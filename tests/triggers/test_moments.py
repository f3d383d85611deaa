from pathlib import Path

import pytest

from cronsole.cli.viewer import viewer_zone
from cronsole.errors import TriggerError
from cronsole.model.instant import from_iso, to_iso
from cronsole.triggers.moments import Toward, parse_moment

NOON = "2026-11-20T12:00:00Z"


def read(text: str, now: str = NOON, timezone: str = "UTC", toward: Toward = Toward.FUTURE) -> str:
    return to_iso(parse_moment(text, now=from_iso(now), timezone=timezone, toward=toward))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2026-11-20T12:00Z"),
        ("13:30", "2026-11-20T13:30Z"),
        ("6:00", "2026-11-21T06:00Z"),
        ("12:00", "2026-11-21T12:00Z"),
        ("06:00:05", "2026-11-21T06:00:05Z"),
        ("13:30+02:00", "2026-11-21T11:30Z"),
        ("13:30 Z", "2026-11-20T13:30Z"),
        ("today 06:00", "2026-11-20T06:00Z"),
        ("Tomorrow 06:00", "2026-11-21T06:00Z"),
        ("tomorrow", "2026-11-21T00:00Z"),
        ("yesterday 22:15", "2026-11-19T22:15Z"),
        ("2h", "2026-11-20T14:00Z"),
        ("+1h30m", "2026-11-20T13:30Z"),
        ("-2h", "2026-11-20T10:00Z"),
        ("in 5m", "2026-11-20T12:05Z"),
        ("5m ago", "2026-11-20T11:55Z"),
        ("2026-12-24", "2026-12-24T00:00Z"),
        ("2026-12-24T18:00", "2026-12-24T18:00Z"),
        ("2026-12-24 18:00+01:00", "2026-12-24T17:00Z"),
        ("2026-12-24t18:00z", "2026-12-24T18:00Z"),
    ],
)
def test_each_way_of_writing_a_time_is_read(text: str, meant: str):
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("06:00", "2026-11-20T06:00Z"),
        ("13:30", "2026-11-19T13:30Z"),
        ("12:00", "2026-11-20T12:00Z"),
        ("2h", "2026-11-20T10:00Z"),
        ("+2h", "2026-11-20T14:00Z"),
    ],
)
def test_where_the_past_is_meant_the_nearest_time_behind_is_taken(text: str, meant: str):
    assert read(text, toward=Toward.PAST) == meant


def test_a_duration_ends_at_a_whole_second_unless_it_is_finer_itself():
    now = "2026-11-20T12:00:00.250Z"
    assert read("2h", now=now) == "2026-11-20T14:00Z"
    assert read("2500ms", now=now) == "2026-11-20T12:00:02.750Z"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("06:00", "2026-11-21T05:00Z"),
        ("tomorrow 00:30", "2026-11-20T23:30Z"),
        ("2026-12-24T18:00", "2026-12-24T17:00Z"),
    ],
)
def test_local_times_are_of_the_viewers_zone(text: str, meant: str):
    assert read(text, timezone="Europe/Berlin") == meant


def test_a_day_begins_where_the_viewer_is():
    assert read("today 01:00", now="2026-11-20T23:30:00Z", timezone="Asia/Tokyo") == "2026-11-20T16:00Z"


def test_a_time_that_clocks_skip_means_the_first_instant_after_it():
    assert read("02:30", now="2026-03-28T23:00:00Z", timezone="Europe/Berlin") == "2026-03-29T01:00Z"
    assert read("2026-03-29T02:30", timezone="Europe/Berlin") == "2026-03-29T01:00Z"


def test_a_time_that_clocks_repeat_means_the_next_of_the_two():
    before, between, after = "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"
    assert read("02:30", now=before, timezone="Europe/Berlin") == "2026-10-25T00:30Z"
    assert read("02:30", now=between, timezone="Europe/Berlin") == "2026-10-25T01:30Z"
    assert read("02:30", now=after, timezone="Europe/Berlin") == "2026-10-26T01:30Z"


def test_a_repeated_time_in_the_past_means_the_later_of_the_two():
    noon = "2026-10-25T11:00:00Z"
    assert read("02:30", now=noon, timezone="Europe/Berlin", toward=Toward.PAST) == "2026-10-25T01:30Z"


def test_a_repeated_time_of_a_named_day_means_the_first_of_the_two():
    assert read("today 02:30", now="2026-10-25T11:00:00Z", timezone="Europe/Berlin") == "2026-10-25T00:30Z"


def test_a_duration_counts_elapsed_time_across_a_change_of_clocks():
    assert read("24h", now="2026-03-28T12:00:00Z", timezone="Europe/Berlin") == "2026-03-29T12:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "25:00",
        "06:61",
        "6",
        "tomorrow at six",
        "2026-13-01",
        "+",
        "-",
        "2x",
        "1h2",
        "9" * 90,
        "99999d ago",
        "0001-01-01T00:00+23:00",
        "9999-12-31T23:59-23:00",
        "yesterday 2h",
        "1e3s",
    ],
)
def test_what_is_no_time_is_refused_with_what_would_be(text: str):
    with pytest.raises(TriggerError) as refused:
        read(text)
    assert str(refused.value)


def test_a_refusal_shows_how_to_write_it():
    with pytest.raises(TriggerError, match=r"'soon' is not a time: write it like 06:00, tomorrow 06:00"):
        read("soon")


def test_the_viewers_zone_is_that_of_tz_first(tmp_path: Path):
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    assert viewer_zone(environ={"TZ": ":Europe/Berlin"}, localtime=link) == "Europe/Berlin"
    assert viewer_zone(environ={}, localtime=link) == "Asia/Tokyo"
    assert viewer_zone(environ={"TZ": "NoWhere/Town"}, localtime=link) == "Asia/Tokyo"
    assert viewer_zone(environ={"TZ": "Europe/Berlin"}, localtime=link, is_utc=True) == "UTC"
    assert viewer_zone(environ={}, localtime=tmp_path / "none") == "UTC"
    assert viewer_zone(environ={"TZ": "Etc/UTC"}, localtime=link) == "UTC"
