"""What holds for every expression; croniter stands by where no local time jumps."""

import random
from datetime import UTC, datetime

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.triggers import oracle
from tests.triggers.asking import backwards, between, trigger

from cronsole.errors import TriggerError
from cronsole.model.instant import DAY, from_iso
from cronsole.model.trigger import CronSpec
from cronsole.triggers.compile import compile_trigger
from cronsole.triggers.parse import parse_trigger

EPOCH = from_iso("2020-01-01T00:00Z")


def field(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    span = st.tuples(value, value).filter(lambda pair: pair[0] != pair[1]).map(lambda p: f"{p[0]}-{p[1]}")
    forward = st.tuples(value, value).filter(lambda p: p[0] < p[1]).map(lambda p: f"{p[0]}-{p[1]}")
    step = st.integers(1, high - low)
    stepped = st.tuples(st.one_of(st.just("*"), forward), step).map(lambda p: f"{p[0]}/{p[1]}")
    item = st.one_of(value.map(str), span, stepped)
    return st.one_of(st.just("*"), st.lists(item, min_size=1, max_size=3).map(",".join))


DATES, WEEKDAYS = field(1, 31), field(0, 6)
# Where both day fields are set croniter takes `*/2` for no star (its implement_cron_bug does), so that only
# one of them is set here; that both follow Debian is shown by the oracle.
DAYS = st.one_of(
    st.tuples(DATES, field(1, 12), st.just("*")),
    st.tuples(st.just("*"), field(1, 12), WEEKDAYS),
    st.tuples(st.sampled_from(["L", "15W", "1W"]), field(1, 12), st.just("*")),
    st.tuples(st.just("*"), field(1, 12), st.sampled_from(["mon#1", "fri#5", "L5", "sun#2"])),
)
EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), DAYS).map(lambda p: " ".join((p[0], p[1], *p[2])))
TOKENS = (
    *"0123456789*/-,#?LWHR() \t@",
    *("mon", "jan", "59", "31", "2099", "\u00a0", "٣", "\0", "{", "l5", "w1"),
)
NUMBERS = "* 0 5 */2 1-7 3-1/2 H H/2 H(2-5) 1,9,10"
GOOD = (
    NUMBERS,
    NUMBERS,
    f"{NUMBERS} 1 ? L 15W 5",
    f"{NUMBERS} jan 3 L 29",
    f"{NUMBERS} ? fri#2 L5 mon feb",
    f"{NUMBERS} ? 3L sun-fri",
    "* 2026 1970-2099 2027/2",
    "* 1",
)
ANY_DAYS = st.tuples(DATES, field(1, 12), WEEKDAYS)
ALL_EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), ANY_DAYS).map(lambda p: " ".join((p[0], p[1], *p[2])))
INSTANTS = st.integers(EPOCH, EPOCH + 4000 * DAY)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
POLICIES = st.sampled_from(["cron", "physical", "skip"])


def compiled(expression: str, timezone: str = "UTC", policy: str = "cron"):
    try:
        return trigger(expression, timezone, policy)
    except TriggerError as error:
        if "never fires" not in str(error):
            raise
        return None


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, INSTANTS)
def test_croniter_agrees_where_no_local_time_jumps(expression: str, at: int):
    asked = compiled(expression)
    if asked is None:
        return
    peer = croniter(expression, datetime.fromtimestamp(at // 1000, UTC), max_years_between_matches=100)
    found = between(asked, at - at % 1000, asked.next(asked.next(at) or at) or at)
    assert found == [round(peer.get_next(float)) * 1000 for _ in found]


@settings(max_examples=200, deadline=None)
@given(ALL_EXPRESSIONS, ZONES, POLICIES, INSTANTS)
def test_next_is_strictly_later_and_the_same_from_every_instant_before_it(
    expression: str, timezone: str, policy: str, at: int
):
    asked = compiled(expression, timezone, policy)
    if asked is None:
        return
    fire = asked.next(at)
    assert fire is not None
    assert fire > at
    for moment in (at, (at + fire) // 2, fire - 1):
        assert trigger(expression, timezone, policy).next(moment) == asked.next(moment) == fire
        assert asked.count(moment, fire) == 1
    assert asked.previous(fire) == fire


@settings(max_examples=150, deadline=None)
@given(ALL_EXPRESSIONS, ZONES, INSTANTS)
def test_previous_and_count_agree_with_next_over_years(expression: str, timezone: str, at: int):
    asked = compiled(expression, timezone)
    if asked is None:
        return
    until = at
    for _ in range(40):
        until = asked.next(until) or until
    found = between(asked, at, until)
    assert backwards(asked, at, until) == found
    assert asked.count(at, until) == len(found)


@settings(max_examples=60, deadline=None)
@given(ALL_EXPRESSIONS, INSTANTS)
def test_the_oracle_agrees_when_both_day_fields_are_set(expression: str, at: int):
    asked = compiled(expression)
    if asked is None:
        return
    start = (asked.next(at) or at) - 60_000
    assert between(asked, start, start + DAY) == oracle.fires(expression, "UTC", "cron", start, start + DAY)


@pytest.mark.parametrize("expression", ["* * * * *", "0 0 29 2 *", "*/10 * * * * *", "0 9 L * 1-5"])
@pytest.mark.parametrize("at", [-(10**18), -62_135_596_800_000, 253_402_300_799_999, 10**18])
def test_instants_that_no_calendar_has_are_survived(expression: str, at: int):
    asked = trigger(expression, "Europe/Berlin")
    assert (asked.next(at) or at + 1) > at
    assert (asked.previous(at) or at) <= at
    assert asked.count(at, at + 1) in (0, 1)


def random_field(chance: random.Random, good: str) -> str:
    if chance.random() < 0.85:
        return chance.choice(good.split())
    return "".join(chance.choices(TOKENS, k=chance.randint(1, 5)))


def test_every_random_text_ends_in_a_trigger_that_fires_or_in_a_trigger_error():
    chance = random.Random(7)
    fired, refusals = 0, []
    for _ in range(10_000):
        fields = [random_field(chance, good) for good in GOOD[: chance.choice((5, 5, 5, 6, 7, 2, 8))]]
        try:
            spec = parse_trigger(" ".join(fields))
        except TriggerError as error:
            refusals.append(str(error))
            continue
        assert isinstance(spec, CronSpec)
        # From here on even a leap day on a Sunday comes, and years that were asked for are not over.
        fired += compile_trigger(spec, schedule_id="a").next(0) is not None
    assert fired + len(refusals) == 10_000
    assert min(fired, len(refusals)) > 1000
    assert all(message.isprintable() for message in refusals)
