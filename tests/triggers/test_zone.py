from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cronsole.errors import UnknownTimezone
from cronsole.model.instant import FAR_FUTURE, HOUR, from_iso, to_iso
from cronsole.triggers.zone import FIRST_INSTANT, forget_zones, zone


@pytest.fixture
def _fresh() -> Iterator[None]:
    forget_zones()
    yield
    forget_zones()


def test_a_period_ends_at_the_exact_transition():
    assert to_iso(zone("Europe/Berlin").period_at(from_iso("2026-03-01T00:00Z")).end) == "2026-03-29T01:00Z"


def test_a_transition_is_exact_to_the_second():
    # Liberia left its local mean time, 44 minutes and 30 seconds behind, in 1972.
    assert (
        to_iso(zone("Africa/Monrovia").period_at(from_iso("1972-01-01T00:00Z")).end) == "1972-01-07T00:44:30Z"
    )


def test_a_gap_shows_as_local_time_not_reached_before():
    period = zone("Europe/Berlin").period_at(from_iso("2026-03-29T01:00Z"))
    assert period.start + period.offset - period.reached == HOUR


def test_a_repeated_hour_shows_as_local_time_reached_before():
    period = zone("Europe/Berlin").period_at(from_iso("2026-10-25T01:00Z"))
    assert period.reached - period.start - period.offset == HOUR


@pytest.mark.parametrize(
    "timezone", ["UTC", "Europe/Berlin", "Pacific/Apia", "America/Juneau", "Africa/Casablanca"]
)
def test_periods_follow_each_other_and_have_the_offsets_of_zoneinfo(timezone: str):
    info, at = ZoneInfo(timezone), from_iso("1850-01-01T00:00Z")
    while at < from_iso("2080-01-01T00:00Z"):
        period = zone(timezone).period_at(at)
        assert period.start <= at < period.end
        for moment in (at, (at + min(period.end, FAR_FUTURE)) // 2, min(period.end, FAR_FUTURE) - 1000):
            expected = datetime.fromtimestamp(moment // 1000, info).utcoffset()
            assert timedelta(milliseconds=period.offset) == expected
        at = period.end


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("at", [-(10**18), FIRST_INSTANT, FAR_FUTURE, 10**18])
def test_an_instant_that_no_calendar_has_is_in_the_nearest_period(timezone: str, at: int):
    assert abs(zone(timezone).period_at(at).offset) < 24 * HOUR


def test_an_unknown_zone_is_told_with_the_nearest_spelling():
    with pytest.raises(UnknownTimezone, match="'Europe/Belin'; did you mean 'Europe/Berlin'"):
        zone("Europe/Belin")


@pytest.mark.parametrize("name", ["", "Europe", "../etc/passwd", "/etc/passwd", "\0", "x" * 5000, "Ü"])
def test_what_cannot_be_a_zone_is_an_unknown_one(name: str):
    with pytest.raises(UnknownTimezone) as caught:
        zone(name)
    assert len(str(caught.value)) < 150


def test_a_zone_is_looked_up_once():
    assert zone("Europe/Paris") is zone("Europe/Paris")


@pytest.mark.usefixtures("_fresh")
def test_forgotten_zones_are_read_anew():
    before = zone("Europe/Paris")
    forget_zones()
    assert zone("Europe/Paris") is not before
