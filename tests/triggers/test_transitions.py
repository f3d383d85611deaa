import pytest

from cronsole.model.instant import DAY, from_iso, to_iso
from cronsole.model.trigger import DstPolicy, OnceSpec
from cronsole.triggers.parse import parse_trigger
from cronsole.triggers.transitions import Effect, Transition, coming_transition, touched_by


def coming(timezone: str, now: str, days: int = 90) -> Transition:
    found = coming_transition(timezone, from_iso(now), days * DAY)
    assert found is not None
    return found


GAP = coming("Europe/Berlin", "2027-03-01T00:00Z")
FOLD = coming("Europe/Berlin", "2026-10-01T00:00Z")


def effect(text: str, transition: Transition, dst: DstPolicy = DstPolicy.CRON) -> Effect | None:
    touch = touched_by(parse_trigger(text), transition, dst=dst, anchor_at=from_iso("2026-01-01T01:30Z"))
    return None if touch is None else touch.effect


def test_the_coming_transition_is_found():
    assert (to_iso(GAP.at), GAP.is_gap) == ("2027-03-28T01:00Z", True)
    assert (to_iso(FOLD.at), FOLD.is_gap) == ("2026-10-25T01:00Z", False)


def test_a_transition_beyond_the_given_time_is_not_told():
    assert coming_transition("Europe/Berlin", from_iso("2027-03-01T00:00Z"), 10 * DAY) is None


def test_a_zone_without_transitions_has_none_coming():
    assert coming_transition("Asia/Tokyo", from_iso("2027-03-01T00:00Z"), 4000 * DAY) is None


def test_a_fixed_time_in_the_gap_is_told_with_when_it_fires():
    touch = touched_by(parse_trigger("30 2 * * *"), GAP)
    assert touch is not None
    expected = "`30 2 * * *` in Europe/Berlin falls into the gap of 2027-03-28 (02:00–03:00): fires at 03:00"
    assert touch.sentence == expected


def test_a_repeated_time_is_told_with_how_often_it_fires():
    touch = touched_by(parse_trigger("30 2 * * *"), FOLD, dst=DstPolicy.PHYSICAL)
    assert touch is not None
    assert touch.sentence.endswith(
        "falls into the repeated stretch of 2026-10-25 (02:00–03:00): fires both times"
    )


@pytest.mark.parametrize(
    ("text", "dst", "gap", "fold"),
    [
        ("30 2 * * *", DstPolicy.CRON, Effect.MOVED, Effect.ONCE),
        ("30 2 * * *", DstPolicy.PHYSICAL, Effect.DROPPED, Effect.TWICE),
        ("30 2 * * *", DstPolicy.SKIP, Effect.DROPPED, Effect.ONCE),
        ("0 */2 * * *", DstPolicy.CRON, Effect.DROPPED, Effect.TWICE),
        ("*/5 * * * *", DstPolicy.SKIP, None, Effect.ONCE),
        ("1d", DstPolicy.CRON, Effect.MOVED, Effect.ONCE),
    ],
)
def test_each_policy_has_its_effect(text: str, dst: DstPolicy, gap: Effect | None, fold: Effect | None):
    assert (effect(text, GAP, dst), effect(text, FOLD, dst)) == (gap, fold)


@pytest.mark.parametrize("text", ["*/5 * * * *", "30 * * * *", "0 4 * * *", "30 2 * * 3", "90m", "36h"])
def test_what_shows_no_difference_is_not_touched(text: str):
    assert effect(text, GAP) is None
    assert effect(text, FOLD) is None


def test_half_an_hour_touches_what_fires_on_the_hour():
    gap = coming("Australia/Lord_Howe", "2026-09-01T00:00Z")
    assert effect("0 * * * *", gap) is Effect.DROPPED
    assert effect("*/15 * * * *", gap) is None


def test_an_instant_is_touched_by_nothing():
    assert touched_by(OnceSpec(at=GAP.at), GAP) is None
