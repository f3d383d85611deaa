"""All zones against the oracle: sampled in every run, all of 2015–2035 in the battery or with CRONSOLE_BATTERY=1."""

import os
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from tests.triggers import oracle
from tests.triggers.asking import backwards, between, trigger

HOUR = 3_600_000
POLICIES = ("cron", "physical", "skip")
ZONES = sorted(available_timezones())
GROUPS = [ZONES[start::16] for start in range(16)]
IS_BATTERY = os.environ.get("CRONSOLE_BATTERY") == "1"
SEED = os.environ.get("CRONSOLE_SEED", "1")


def expressions(at: int, timezone: str, chance: random.Random) -> list[str]:
    """Return expressions that have something to lose near an instant."""
    local = datetime.fromtimestamp(at // 1000, ZoneInfo(timezone))
    hour, minute = (local.hour + chance.choice((-2, -1, -1, 0, 0, 1))) % 24, chance.choice((0, 15, 30, 59))
    day = (local - timedelta(hours=chance.choice((0, 2, 24)))).date()
    return [
        f"{minute} {hour} * * *",
        f"*/15 {hour} * * *",
        f"{minute} */2 * * *",
        f"{minute},10-20 {hour},{(hour + 1) % 24} * * *",
        "0 * * * *",
        "*/7 * * * *",
        "0-59 0-23 * * *",
        f"{minute} {hour} {day.day} {day.month} *",
        f"5 {hour} * * {day.isoweekday()}",
        f"*/20,59 {minute} {hour} * * *",
        f"* * {hour} {day.day} * ? {day.year}",
        "0 0 * * *",
        "59 23 L * *",
        f"1 {hour} 1 * {day.isoweekday() % 7}",
    ]


def windows(timezone: str, years: Iterable[int], chance: random.Random) -> list[int]:
    """Return instants to look around: transitions, or any instant where a zone has none."""
    found = [at for year in years for at in oracle.transitions(timezone, year)]
    return found or [1_421_000_000_000 + 60_000 * chance.randrange(10_000_000)]


def compare_all(zones: list[str], is_whole: bool) -> None:
    for timezone in zones:
        chance = random.Random(f"{SEED}{timezone}")
        years = range(2015, 2036) if is_whole else [chance.randrange(2015, 2036)]
        for at in windows(timezone, years, chance):
            # A whole day is taken out only at the date line; else some hours show all there is.
            reach = 30 * HOUR if timezone.startswith("Pacific/") or chance.random() < 0.02 else 4 * HOUR
            after, until = at - reach - chance.randrange(60_000), at + reach + chance.randrange(60_000)
            every = expressions(at, timezone, chance)
            for expression in every if is_whole else chance.sample(every, 3):
                for policy in POLICIES:
                    compare(expression, timezone, policy, after, until, chance)


@pytest.mark.parametrize("zones", GROUPS, ids=lambda zones: zones[0])
def test_next_previous_and_count_agree_with_the_oracle_in_every_zone(zones: list[str]) -> None:
    compare_all(zones, is_whole=IS_BATTERY)


@pytest.mark.battery
@pytest.mark.parametrize("zones", GROUPS, ids=lambda zones: zones[0])
def test_they_agree_at_every_transition_of_twenty_years(zones: list[str]) -> None:
    compare_all(zones, is_whole=True)


def compare(
    expression: str, timezone: str, policy: str, after: int, until: int, chance: random.Random
) -> None:
    expected = oracle.fires(expression, timezone, policy, after, until)
    asked, case = trigger(expression, timezone, policy), (expression, timezone, policy, after, until)
    assert between(asked, after, until) == expected, case
    assert backwards(trigger(expression, timezone, policy), after, until) == expected, case
    assert asked.count(after, until) == len(expected), case
    middle = chance.randrange(after, until)
    assert asked.count(after, middle) == sum(fire <= middle for fire in expected), case
    assert asked.next(middle) == next((fire for fire in expected if fire > middle), asked.next(until)), case
