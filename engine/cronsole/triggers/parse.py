"""Any accepted spelling of a trigger, read and checked."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from cronsole.errors import TriggerError
from cronsole.model.instant import Instant, Millis, from_datetime
from cronsole.model.trigger import CronSpec, IntervalSpec, ManualSpec, StartupSpec, TriggerSpec
from cronsole.triggers.cron_expression import LONGEST, expand_alias, rule_of
from cronsole.triggers.duration import is_duration, parse_duration
from cronsole.triggers.zone import zone

_EVERY = re.compile(r"@?every\s+", re.IGNORECASE | re.ASCII)
_STARTUP: Final = frozenset({"@startup", "@reboot"})
_MANUAL: Final = "@manual"


@lru_cache(maxsize=4096)
def parse_trigger(text: str) -> TriggerSpec:
    """Return the trigger that a text spells; TriggerError says what is wrong, in which field and column.

    Cron expressions, `@daily` and the like, `@startup`, `@manual`, and intervals such as `30s` or `@every 5m`. An
    expression with `H` is checked for all ids at once.
    """
    if len(text) > LONGEST:
        raise TriggerError(f"an expression of {len(text)} characters is too long; {LONGEST} are accepted")
    if not text.strip():
        raise TriggerError("an empty expression is no trigger; write one like '0 2 * * *', '5m' or '@daily'")
    word = text.strip()
    if word.lower() in _STARTUP:
        return StartupSpec()
    if word.lower() == _MANUAL:
        return ManualSpec()
    every = _EVERY.match(word)
    if every or is_duration(word):
        return _parse_interval(word[every.end() if every else 0 :])
    rule_of(text)
    # Equal schedules have equal specs, however their fields are set apart.
    return CronSpec(" ".join(expand_alias(text).split()))


def parse_at(text: str, timezone: str) -> Instant:
    """Return the instant of an ISO 8601 time: with an offset, or local in a zone.

    A local time in a gap means the first instant after it, a repeated one the first of the two.
    """
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError as error:
        hint = "write it like 2026-03-29T02:30 or 2026-03-29T02:30:00+01:00"
        raise TriggerError(f"{text[:40]!r} is not a time: {hint}") from error
    if moment.tzinfo is not None:
        return from_datetime(moment)
    return zone(timezone).resolve(_local(moment))


def _local(moment: datetime) -> Millis:
    """Return a local time in milliseconds of its own time line."""
    return from_datetime(moment.replace(tzinfo=UTC))


def _parse_interval(text: str) -> IntervalSpec:
    every = parse_duration(text)
    if every <= 0:
        raise TriggerError(f"an interval of {text[:40]!r} never moves; write one like 30s, 5m, 2h or 1d")
    return IntervalSpec(every)
